"""The commands that only read the lab, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Root, lab_root

app = typer.Typer()


@app.command()
def status(*, root: Root = None, as_json: AsJson = False) -> None:
    """Print the state of the research.

    With --json, the answers of the tools `list_gpus` and `get_briefing`.
    """
    from ..commands import show

    show.status(lab_root(root), as_json=as_json)


@app.command()
def results(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Experiments, ranges, grids: e0042, e0001-e0008, g002; by default all")
    ] = None,
    *,
    root: Root = None,
    limit: Annotated[int, typer.Option(help="Number of rows", min=1, max=500)] = 20,
    search: Annotated[str | None, typer.Option(help="Words in hypotheses, changes and notes")] = None,
    tsv: Annotated[bool, typer.Option("--tsv", help="Print all experiments as tab-separated values")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the table of results, best first.

    With --json, the answer of the tool `get_results`.
    """
    from ..commands import show
    from ..schemas.results import ResultsQuery

    if tsv and as_json:
        raise typer.BadParameter("--tsv and --json are two forms of the same table: give one of them")
    show.show_results(lab_root(root), ResultsQuery(ids=ids or None, limit=limit, search=search), tsv=tsv, as_json=as_json)


@app.command()
def logs(
    experiment: Annotated[str, typer.Argument(help="An experiment's id, e0042, for its last run; or a run's, e0042-1")],
    *,
    root: Root = None,
    tail: Annotated[int, typer.Option(help="Number of lines from the end", min=1)] = 20,
    search: Annotated[str | None, typer.Option(help="Only lines that contain this text")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print further lines as they are written, until the experiment has ended")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the end of an experiment's log.

    With --follow, the log of an experiment that is queued begins when it starts, and after a run that was lost comes the log of
    the next one. Ctrl-C ends the command, and the experiment goes on.
    """
    from ..commands import show

    if follow and as_json:
        raise typer.BadParameter("--json prints what is there now, and --follow what comes: give one of them")
    if follow:
        show.follow_logs(lab_root(root), experiment, tail, search)
    else:
        show.show_logs(lab_root(root), experiment, tail, search, as_json=as_json)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="An experiment's id, champion, baseline, or workdir: the trainer folder")],
    second: Annotated[
        str | None,
        typer.Argument(help="The same; by default the diff shows what the first one changed against its own base"),
    ] = None,
    *,
    root: Root = None,
    file: Annotated[list[str] | None, typer.Option("--file", help="Only this file; may be given several times")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what an experiment changed, or the difference from one source to another, as a unified diff.

    `labhand diff workdir` shows what the trainer folder has that the champion hasn't.
    """
    from ..commands import show

    show.show_diff(lab_root(root), first, second, file or [], as_json=as_json)


@app.command()
def audit(*, root: Root = None, as_json: AsJson = False) -> None:
    """Compare the database with the run folders and the history of sources. Exit code 1: they differ."""
    from ..commands.audit import run_audit

    run_audit(lab_root(root), as_json=as_json)
