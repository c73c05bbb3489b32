"""`labhand status`, `results`, `logs` and `cancel`: a person's view of the lab without an agent."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import anyio

from ..errors import NotFoundError
from ..lab.fleet import gpus
from ..lab.inspect import logs
from ..lab.lab import Lab
from ..lab.manage import cancel as cancelling
from ..lab.monitor import briefing
from ..lab.results import export, table
from ..schemas.monitor import Briefing
from ..schemas.results import ResultsQuery
from ..settings import is_root
from .console import err, exit_on_error, in_words, out, results_table

T = TypeVar("T")


def status(root: Path) -> None:
    """Print the pools and the briefing."""
    summary = with_lab(root, briefing.get_briefing)
    for pool in with_lab(root, gpus.list_gpus).pools:
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


def show_results(root: Path, query: ResultsQuery, *, tsv: bool) -> None:
    """Print the table of results, or all results as tab-separated values."""
    if tsv:
        out.print(with_lab(root, export.results_tsv), end="", markup=False)
        return
    results = with_lab(root, lambda lab: table.get_results(lab, query))
    out.print(results_table(f"{len(results.rows)} of {results.total} experiments", results.rows, dict(results.common)))


def show_logs(root: Path, experiment: str, tail_lines: int, search: str | None) -> None:
    """Print the end of an experiment's log."""
    out.print(with_lab(root, lambda lab: logs.get_logs(lab, experiment, tail_lines, search)), markup=False)


def cancel(root: Path, ids: Sequence[str], reason: str) -> None:
    """Cancel experiments, whoever launched them."""
    answer = with_lab(root, lambda lab: cancelling.cancel(lab, list(ids), reason, getpass.getuser(), force=True))
    err.print(f"cancelled: {', '.join(answer.cancelled) or 'nothing'}")
    if answer.already_finished:
        err.print(f"already finished: {', '.join(answer.already_finished)}")


def with_lab(root: Path, verb: Callable[[Lab], Awaitable[T]]) -> T:
    """Open the lab at `root` and return what `verb` returns. An error that the caller can act on ends the command."""

    async def opened() -> T:
        if not is_root(root):
            raise NotFoundError(
                f"There is no lab in {root} or above it",
                "Go to its folder, name it with --root, or create a lab with: labhand init",
            )
        lab = await Lab.open(root)
        try:
            return await verb(lab)
        finally:
            await lab.close()

    with exit_on_error():
        return anyio.run(opened)
