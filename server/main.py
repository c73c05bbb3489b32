"""The command line, and the only place where the parts are put together.

Each command imports only what it runs, so that `labhand serve` starts fast.
"""

# ruff: noqa: PLC0415 - see above
from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from .settings import FILE, find_root, load_settings

app = typer.Typer(
    name="labhand",
    help="GPUs for a research agent, and a laboratory that can't fool itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Root = Annotated[Path | None, typer.Option("--root", help=f"The lab's folder; by default the first above that has {FILE}")]


def _root(given: Path | None) -> Path:
    return given.resolve() if given is not None else find_root(Path.cwd())


@app.command()
def serve(
    *,
    root: Root = None,
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP instead of standard input and output")] = False,
    address: Annotated[str | None, typer.Option(help="Host and port, with --http")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only the tools that change nothing")] = False,
    caller: Annotated[str | None, typer.Option("--as", help="By whom experiments are launched; the client's name")] = None,
) -> None:
    """Serve the lab to an MCP client."""
    gc.disable()  # what imports make is no garbage: looking for it takes a tenth of the start
    BaseModel.model_config["defer_build"] = True  # most of the protocol's models are never needed: another tenth
    from ..tools.lab_context import LabHandle
    from ..tools.transports import serve_http, serve_stdio

    gc.freeze()
    gc.enable()
    place = _root(root)
    handle = LabHandle(place, caller)
    if not http:
        serve_stdio(handle, read_only=read_only)
        return
    from .commands.console import err, errors_told

    with errors_told():
        settings = load_settings(place)
        where = address or settings.http.address
        err.print(f"Serving the lab at {place} on http://{where}/mcp; Ctrl-C ends it, experiments go on.")
        serve_http(handle, where, settings.http.token, read_only=read_only or settings.read_only)


@app.command()
def dispatch(*, root: Root = None) -> None:
    """Run what is queued, until nothing is left to do. Launches start it by themselves."""
    import anyio

    from .commands.console import errors_told
    from .dispatcher import dispatch as run_dispatcher

    with errors_told():
        anyio.run(run_dispatcher, _root(root))


@app.command()
def demo(
    *,
    budget_seconds: Annotated[float, typer.Option(help="Of training, for each experiment")] = 8.0,
    keep: Annotated[Path | None, typer.Option(help="Make the lab here, instead of in a temporary folder")] = None,
) -> None:
    """Watch real experiments run through a real MCP client, on this machine, in a few minutes."""
    from .commands.console import errors_told
    from .commands.demo import run_demo

    with errors_told():
        run_demo(budget_seconds, keep)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where you will work")] = Path(),
    *,
    trainer: Annotated[str, typer.Option(help="Built in, or the path of a folder")] = "gpt",
    copy: Annotated[bool, typer.Option("--copy", help="Copy a built-in trainer here, to read and edit it")] = False,
) -> None:
    """Write a labhand.toml to begin with."""
    from .commands.console import errors_told
    from .commands.init import make_lab

    with errors_told():
        make_lab(folder, trainer, copy=copy)


@app.command()
def prepare(*, root: Root = None) -> None:
    """Prepare the trainer's data on this machine, which the first experiment would do otherwise."""
    from .commands.console import errors_told
    from .commands.init import prepare_data

    with errors_told():
        prepare_data(_root(root))


@app.command()
def doctor(*, root: Root = None) -> None:
    """Say what is here, what is missing, and how to mend it."""
    from .commands.doctor import examine

    examine(_root(root))


@app.command()
def audit(*, root: Root = None) -> None:
    """Hold the ledger against the run folders and the history of sources, and say what differs."""
    from .commands.audit import run_audit

    run_audit(_root(root))


@app.command()
def status(*, root: Root = None) -> None:
    """Say where the research stands."""
    from .commands import show

    show.status(_root(root))


@app.command()
def results(
    ids: Annotated[list[str] | None, typer.Argument(help="Experiments, ranges, grids; all by default")] = None,
    *,
    root: Root = None,
    limit: Annotated[int, typer.Option(help="Rows", min=1, max=500)] = 20,
    search: Annotated[str | None, typer.Option(help="Words in hypotheses, changes and notes")] = None,
    tsv: Annotated[bool, typer.Option("--tsv", help="Everything, as tab-separated values")] = False,
) -> None:
    """Print the table of results, best first."""
    from .commands import show
    from .schemas.results import ResultsQuery

    show.show_results(_root(root), ResultsQuery(ids=ids or None, limit=limit, search=search), tsv=tsv)


@app.command()
def logs(
    experiment: Annotated[str, typer.Argument(help="e0042")],
    *,
    root: Root = None,
    tail: Annotated[int, typer.Option(help="Lines from the end", min=1)] = 20,
    search: Annotated[str | None, typer.Option(help="Only lines that hold this text")] = None,
) -> None:
    """Print the end of an experiment's log."""
    from .commands import show

    show.show_logs(_root(root), experiment, tail, search)


@app.command()
def cancel(
    ids: Annotated[list[str], typer.Argument(help="Experiments, ranges, grids")],
    *,
    root: Root = None,
    reason: Annotated[str, typer.Option(help="Kept with the experiment")] = "cancelled on the command line",
) -> None:
    """Cancel experiments that are queued or running."""
    from .commands import show

    show.cancel(_root(root), ids, reason)


@app.command()
def down(*, root: Root = None) -> None:
    """Give up all clusters of the lab at once, whatever runs on them, and show that none is left."""
    from .commands import down as clusters

    clusters.down(_root(root))


@app.command()
def up(*, root: Root = None) -> None:
    """Let clusters come up again after `labhand down`, as the queue needs."""
    from .commands import down as clusters

    clusters.up(_root(root))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Where to write it")] = Path("report"),
    *,
    root: Root = None,
) -> None:
    """Write what the lab found: a page to read with coffee, and the same as Markdown."""
    from .commands.report import write_report

    write_report(_root(root), folder)


@app.command()
def study(
    factors: Annotated[list[str], typer.Argument(help="DEPTH=2,12 for a range, ACTIVATION=relu,gelu,silu for a list")],
    *,
    root: Root = None,
    experiments: Annotated[int, typer.Option(help="How many to run", min=1)] = 20,
    base: Annotated[str, typer.Option(help="champion, baseline, or an experiment")] = "champion",
) -> None:
    """Let the optimiser search without an agent: the yardstick of one."""
    from .commands.console import errors_told
    from .commands.study import run_study

    with errors_told():
        run_study(_root(root), factors, experiments, base)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
