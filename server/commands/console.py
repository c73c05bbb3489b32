"""Output of the commands: tables on standard output, everything else on standard error."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import cast

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ...trainer.contract.errors import ContractError
from ..errors import LabhandError
from ..schemas.results import Row

SHOWN_AFTER_SECONDS = 0.5
"""What takes less time shows no progress."""
NUMBERS = frozenset({"score", "gain", "cost"})

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


@contextmanager
def exit_on_error() -> Generator[None]:
    """End a command with the error's text and exit code 2, instead of a traceback."""
    try:
        yield
    except (LabhandError, ContractError) as error:
        sentence = LabhandError(error.problem, error.remedy)  # a file of the contract says the same two things
        err.print(f"[red]labhand:[/red] {escape(str(sentence))}")
        raise typer.Exit(2) from error


@contextmanager
def working(what: str) -> Generator[None]:
    """Show on a terminal that a command is at work; otherwise nothing, because agents and scripts pay for what they read.

    Args:
        what: What is being done: `Writing the report`.
    """
    if not err.is_terminal:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    # Not redirected: what the command answers goes to standard output, wherever that leads.
    progress = Progress(*columns, console=err, transient=True, redirect_stdout=False, redirect_stderr=False)
    progress.add_task(what, total=None)
    timer = Timer(SHOWN_AFTER_SECONDS, progress.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        progress.stop()


def print_json(answer: BaseModel | Mapping[str, object], *, indents: bool = False) -> None:
    """Print an answer as JSON: in one line, or indented for a person."""
    data = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2 if indents else None))


def registration_command(root: Path | None = None) -> str:
    """Return the command that registers labhand in Claude Code: for the lab at `root`, or for the current folder."""
    beside = Path(sys.executable).with_name("labhand")
    command = [str(beside) if beside.exists() else "labhand", "serve", *(["--root", str(root)] if root else [])]
    return f"claude mcp add labhand -- {shlex.join(command)}"


def results_table(title: str, rows: Sequence[Row], common: dict[str, object]) -> Table:
    """Return the rows of `get_results` as a table, with the values that all rows share below it."""
    table = Table(title=title, caption=escape(_shared(common)), caption_justify="left")
    columns = ("id", "status", "verdict", "score", "gain", "changes", "gpu", "cost", "error")
    shown = [name for name in columns if any(getattr(row, name) is not None for row in rows)] or ["id"]
    for name in shown:
        table.add_column(
            name, justify="right" if name in {"score", "gain", "cost"} else "left", no_wrap=name in {"id", "verdict"}
        )
    for row in rows:
        table.add_row(*(escape(_cell(name, getattr(row, name))) for name in shown))
    return table


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    return f"{value:+g}" if name == "gain" and isinstance(value, float) else str(value)


def _shared(common: dict[str, object]) -> str:
    return "\n".join(f"{key}: {in_words(value)}" for key, value in common.items())


def in_words(value: object) -> str:
    """Return a value of an answer as text for a person, without braces and quotes."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {in_words(item)}" for key, item in cast(dict[str, object], value).items())
    if isinstance(value, list):
        return "; ".join(in_words(item) for item in cast(list[object], value))
    return str(value)
