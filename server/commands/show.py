"""`labhand status`, `results`, `logs`, `diff` and `cancel`: a person's view of the lab without an agent."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import anyio
from rich.text import Text

from ..errors import NotFoundError
from ..lab.fleet import gpus
from ..lab.inspect import log_follow, logs, source_diff
from ..lab.lab import Lab
from ..lab.manage import cancel as cancelling
from ..lab.monitor import briefing
from ..lab.results import table, text_tables
from ..lab.sanitize import QUOTE
from ..lab_place import is_root
from ..schemas.fleet import GpuList
from ..schemas.monitor import Briefing
from ..schemas.results import ResultsQuery
from .console import err, exit_on_error, in_words, out, print_json, results_table, working

T = TypeVar("T")
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan", "d": "bold", "i": "bold"}
"""Of lines of a diff by their first character; `diff` and `index` begin a file."""


def status(root: Path, *, as_json: bool = False) -> None:
    """Print the pools and the briefing."""

    async def read(lab: Lab) -> tuple[GpuList, Briefing]:
        return await gpus.list_gpus(lab), await briefing.get_briefing(lab)

    with working("Reading the lab"):
        pools, summary = with_lab(root, read)
    if as_json:
        print_json({"gpus": pools.model_dump(mode="json"), "briefing": summary.model_dump(mode="json")})
        return
    for pool in pools.pools:
        hired = f", {pool.clusters_up} of {pool.clusters_most} clusters up" if pool.clusters_most else ""
        load = f"{pool.running} running, {pool.free} free of {pool.total}, {pool.queued} queued"
        note = f": {pool.note}" if pool.note else ""
        out.print(f"{pool.pool}: {pool.gpu}, {load}{hired}{note}", markup=False)
    _print_briefing(summary)


def _print_briefing(summary: Briefing) -> None:
    for name, value in summary.model_dump(exclude={"promising"}).items():
        out.print(f"[bold]{name.replace('_', ' ')}[/bold]:", end=" ")
        out.print(in_words(value), markup=False)
    if summary.promising:
        out.print(results_table("promising", summary.promising, {}))


def show_results(root: Path, query: ResultsQuery, *, tsv: bool, as_json: bool = False) -> None:
    """Print the table of results, or all results as tab-separated values."""
    if tsv:
        with working("Reading all experiments"):
            text = with_lab(root, text_tables.results_tsv)
        out.print(text, end="", markup=False)
        return
    results = with_lab(root, lambda lab: table.get_results(lab, query))
    if as_json:
        print_json(results)
        return
    out.print(results_table(f"{len(results.rows)} of {results.total} experiments", results.rows, results.common.model_dump()))


def show_logs(root: Path, experiment: str, tail_lines: int, search: str | None, *, as_json: bool = False) -> None:
    """Print the end of an experiment's log."""
    if as_json:
        print_json(with_lab(root, lambda lab: logs.read_log(lab, experiment, tail_lines, search)))
        return
    out.print(with_lab(root, lambda lab: logs.get_logs(lab, experiment, tail_lines, search)), markup=False)


def follow_logs(root: Path, experiment: str, tail_lines: int, search: str | None) -> None:
    """Print an experiment's log as it is written, until the experiment has ended. What labhand says goes to standard error."""

    async def follow(lab: Lab) -> None:
        async for text in log_follow.follow_log(lab, experiment, tail_lines, search):
            if text.is_note:
                err.print(text.text, markup=False, style="dim", soft_wrap=True)
            else:
                out.print(f"{QUOTE}{text.text}", markup=False)

    with_lab(root, follow)


def show_diff(root: Path, first: str, second: str | None, files: Sequence[str], *, as_json: bool = False) -> None:
    """Print the difference between two sources, in colours on a terminal."""
    answer = with_lab(root, lambda lab: source_diff.diff_sources(lab, first, second, files))
    if as_json:
        print_json(answer)
        return
    if not answer.diff:
        err.print(f"{answer.before} and {answer.after} don't differ{' in these files' if files else ''}.", markup=False)
    for line in answer.diff.splitlines():
        out.print(Text(line, _DIFF_STYLES.get(line[:1], "")))


def cancel(root: Path, ids: Sequence[str], reason: str) -> None:
    """Cancel experiments, whoever launched them."""
    answer = with_lab(root, lambda lab: cancelling.cancel(lab, list(ids), reason, getpass.getuser(), force=True))
    err.print(f"cancelled: {', '.join(answer.cancelled) or 'nothing'}")
    if answer.already_finished:
        err.print(f"already finished: {', '.join(answer.already_finished)}")


def with_lab(root: Path, verb: Callable[[Lab], Awaitable[T]]) -> T:
    """Open the lab at `root` and return what `verb` returns. An error that the caller can act on ends the command."""

    async def opened() -> T:
        refuse_no_lab(root)
        lab = await Lab.open(root)
        try:
            return await verb(lab)
        finally:
            await lab.close()

    with exit_on_error():
        return anyio.run(opened)


def refuse_no_lab(root: Path) -> None:
    """Refuse to go on where there is no lab, because opening one makes it.

    Raises:
        NotFoundError: There is none.
    """
    if not is_root(root):
        raise NotFoundError(
            f"There is no lab in {root} or above it",
            "Go to its folder, name it with --root, or create a lab with: labhand init",
        )
