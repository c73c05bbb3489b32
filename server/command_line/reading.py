"""The commands that only read the lab, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..domain import Picture
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


@app.command()
def watch(
    *,
    root: Root = None,
    interval: Annotated[float, typer.Option(help="Seconds between two looks at the lab", min=0.2, max=60)] = 1.0,
    window: Annotated[float, typer.Option(help="Minutes that the bars of the slots show", min=1, max=1440)] = 30.0,
    once: Annotated[bool, typer.Option("--once", help="Print the state once and exit")] = False,
    as_json: AsJson = False,
) -> None:
    """Show live what runs, what each slot does and how long it is idle, what ended last, the queue and the cost.

    Ctrl-C ends the command and restores the earlier content of the terminal. If the output isn't a terminal, the state is
    printed once.
    """
    from ..commands.watch import watch as watch_lab

    watch_lab(lab_root(root), interval, window * 60, once=once, as_json=as_json)


@app.command()
def plot(
    what: Annotated[Picture, typer.Argument(help="Which plot", case_sensitive=False)] = "progress",
    ids: Annotated[list[str] | None, typer.Argument(help="Experiments, ranges, grids; by default all")] = None,
    *,
    root: Root = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The PNG file, or - for standard output; by default WHAT.png", show_default=False),
    ] = None,
    gpu: Annotated[str | None, typer.Option(help="Only experiments that asked for this kind of GPU")] = None,
    metric: Annotated[str | None, typer.Option(help="For pareto: the metric or measure against which scores are shown")] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the plot in characters, and its caption; write no file")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw what the tool `plot` draws, write it to a PNG file or print it as text, and print its caption.

    A file of that name is replaced.
    """
    from ..commands.plot import plot as plot_lab

    plot_lab(lab_root(root), what, ids or [], gpu, metric, output, text_only=text, as_json=as_json)


@app.command()
def notify(
    *,
    root: Root = None,
    test: Annotated[
        bool, typer.Option("--test", help="Send a message to every target now, and say what each answered")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a person is told of, where messages go, and what became of the last ones.

    Exit code 1, with --test: a target didn't take the message.
    """
    from ..commands import notify as notifications

    if test:
        notifications.send_test(lab_root(root), as_json=as_json)
    else:
        notifications.show_notifications(lab_root(root), as_json=as_json)


@app.command()
def wait(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Experiments, ranges, grids, validations: e0042, e0001-e0008, g002, v001; by default all"),
    ] = None,
    *,
    root: Root = None,
    until: Annotated[Literal["all", "any"], typer.Option(help="End when all, or as soon as any has ended")] = "all",
    after: Annotated[
        str | None, typer.Option(help="`cursor` of an earlier answer: only what ended since then is news", show_default=False)
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0, help="Seconds; by default there is no limit", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer of the tool `wait`, in one line of JSON")] = False,
) -> None:
    """Wait until experiments have ended or something needs attention, and print what is new.

    A validation has ended when it has a verdict. To wait for its gain too, run the command again with `--after` and the
    `cursor` that the first wait printed. An agent that can run commands in the background waits with it at no cost. Exit
    codes: 0 they have ended, 3 something needs attention, 4 the time is over, 5 there is nothing to wait for.
    """
    from ..commands.wait import wait_for
    from ..schemas.monitor import WaitQuery

    query = WaitQuery(ids=ids or None, until=until, after=after)
    raise typer.Exit(wait_for(lab_root(root), query, timeout, as_json=as_json))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder for the report")] = Path("report"),
    *,
    root: Root = None,
) -> None:
    """Write a report of the results: a web page, and the same as Markdown."""
    from ..commands.report import write_report

    write_report(lab_root(root), folder)
