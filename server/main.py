"""The command line. Each command imports only what it runs, so that `labhand serve` starts fast."""

# ruff: noqa: PLC0415 - see above
from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import BaseModel

from .command_line.approval import app as approval_commands
from .command_line.calling import app as calling_commands
from .command_line.exporting import app as exporting_commands
from .command_line.hooks import app as hook_commands
from .command_line.options import AsJson, Root
from .command_line.options import lab_root as _root
from .command_line.reading import app as reading_commands
from .command_line.steering import app as steering_commands
from .errors import SettingsError
from .settings_in_force import settings_in_force

app = typer.Typer(
    name="labhand",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(reading_commands)
app.add_typer(calling_commands)
app.add_typer(steering_commands)
app.add_typer(approval_commands)
app.add_typer(exporting_commands)
app.add_typer(hook_commands)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if asked:
        from importlib.metadata import version

        typer.echo(f"labhand {version('labhand')}")
        raise typer.Exit


@app.callback()
def labhand(
    *,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version", callback=_print_version)
    ] = False,
) -> None:
    """GPUs for a research agent, and a laboratory that can't fool itself.

    Exit code 2: an argument or a setting can't be used.
    """


@app.command()
def serve(
    *,
    root: Root = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve over streamable HTTP instead of standard input and output")
    ] = False,
    address: Annotated[
        str | None, typer.Option(help="Host and port to serve at, with --http; by default those of labhand.toml")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Offer only the tools that change nothing")] = False,
    caller: Annotated[
        str | None,
        typer.Option("--as", help="The name to store as the launcher of experiments; by default the client's own name"),
    ] = None,
) -> None:
    """Serve the lab to an MCP client."""
    gc.disable()  # what imports make is no garbage: looking for it takes a tenth of the start
    BaseModel.model_config["defer_build"] = True  # most of the protocol's models are never needed: another tenth
    from ..tools.serving.logs import log_to_stderr

    gc.freeze()
    gc.enable()
    log_to_stderr()
    place = _root(root)
    if http:
        _serve_http(place, address, caller, read_only=read_only)
        return
    from ..tools.lab_context import LabHandle
    from ..tools.serving.stdio import serve_stdio

    handle = LabHandle(place, caller, read_only=read_only)
    try:
        hides_writing_tools = handle.is_read_only()
    except SettingsError:  # every call reports it, and refuses what changes the lab if the corrected file says read_only
        hides_writing_tools = read_only
    serve_stdio(handle, read_only=hides_writing_tools)


def _serve_http(place: Path, address: str | None, caller: str | None, *, read_only: bool) -> None:
    from ..tools.lab_context import LabHandle
    from ..tools.serving.http import serve_http
    from .commands.console import err, exit_on_error
    from .commands.dashboard import lab_page, page_line, page_tokens

    with exit_on_error():
        settings = settings_in_force(place, read_only=read_only).settings
        where = address or settings.http.address
        handle = LabHandle(place, caller, read_only=read_only)
        hashes, token = page_tokens(settings.http)
        err.print(f"Serving the lab at {place} on http://{where}/mcp; Ctrl-C ends it, experiments go on.")
        err.print(page_line(where, token), markup=False, highlight=False, soft_wrap=True)
        page = lab_page(handle.lab, handle.is_read_only, hashes)
        serve_http(handle, where, settings.http, read_only=read_only or settings.read_only, page=page)


@app.command()
def dashboard(
    *,
    root: Root = None,
    address: Annotated[
        str | None, typer.Option(help="Host and port to serve at; by default 127.0.0.1:8788", show_default=False)
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Show the lab without buttons that change it")] = False,
) -> None:
    """Serve a web page on which to watch the research and step in. `labhand serve --http` serves it, too, at its address."""
    from ..tools.lab_context import LabHandle
    from ..tools.serving.http import serve_page
    from .commands.console import err, exit_on_error
    from .commands.dashboard import ADDRESS, lab_page, page_line, page_tokens

    with exit_on_error():
        place = _root(root)
        settings = settings_in_force(place, read_only=read_only).settings
        handle = LabHandle(place, read_only=read_only)
        hashes, token = page_tokens(settings.http)
        where = address or ADDRESS
        page = lab_page(handle.lab, handle.is_read_only, hashes)
        err.print(page_line(where, token), markup=False, highlight=False, soft_wrap=True)
        err.print("Ctrl-C ends it, experiments go on.")
        serve_page(page, where, settings.http)


@app.command()
def token(name: Annotated[str, typer.Argument(help="The caller's name, as it stands beside their experiments")]) -> None:
    """Make a token for a caller over HTTP: print it once, with the line for labhand.toml that knows it."""
    from .commands.console import exit_on_error
    from .commands.token import make_token

    with exit_on_error():
        make_token(name)


@app.command()
def dispatch(*, root: Root = None) -> None:
    """Run queued experiments until nothing is left to do. Launches start this process by themselves."""
    from .commands.dispatch import run_dispatcher

    run_dispatcher(_root(root))


@app.command()
def demo(
    *,
    budget_seconds: Annotated[float, typer.Option(help="Seconds of training of each experiment")] = 5.0,
    keep: Annotated[Path | None, typer.Option(help="Folder for the lab; by default a temporary folder that is deleted")] = None,
) -> None:
    """Run real experiments through a real MCP client on this machine, in a few minutes."""
    from .commands.console import exit_on_error
    from .commands.demo import run_demo

    with exit_on_error():
        run_demo(budget_seconds, keep)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the new lab")] = Path(),
    *,
    trainer: Annotated[
        str,
        typer.Option(
            help="A built-in trainer, or the path of a folder of training code, relative to the current folder. If that has no"
            " trainer.toml, one is proposed, shown, written and tried"
        ),
    ] = "gpt",
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the trainer to the lab and train the copy, which can be read and edited")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take the likeliest command and metric, and write trainer.toml")
    ] = False,
    command: Annotated[
        str,
        typer.Option(
            "--command", help='The command that trains, for a folder without trainer.toml: "python fit.py --epochs 3"'
        ),
    ] = "",
    try_seconds: Annotated[
        float, typer.Option("--try-seconds", min=1, help="Seconds that each try of a folder without trainer.toml may take")
    ] = 30.0,
) -> None:
    """Create a lab: write a labhand.toml with comments.

    With --trainer PATH, training code that knows nothing of labhand becomes a trainer. The folder is looked through for the
    command, the files that experiments may change, the metric and the data. The command is tried in the sandbox, the
    trainer.toml is shown before it is written, and the first result is printed. Nothing else in that folder changes. Exit code
    1: the try failed, and one sentence says what is missing.
    """
    from rich.markup import escape

    from .commands.console import err, exit_on_error
    from .commands.setup.init import make_lab, refuse_another_lab
    from .commands.setup.init_trainer import foreign_folder, onboard

    with exit_on_error():
        refuse_another_lab(folder)  # before the tries, which take a minute
        foreign = foreign_folder(trainer)
        if foreign is not None:
            from .onboarding.conversation import TrialFailedError

            try:
                onboard(foreign, yes=yes, max_seconds=try_seconds, command=command)
            except TrialFailedError as error:
                err.print(f"[red]labhand:[/red] {escape(str(error))}", soft_wrap=True)
                raise typer.Exit(1) from error
            trainer = str(foreign)
        make_lab(folder, trainer, copy=copy, is_tried=foreign is not None)


@app.command()
def connect(
    client: Annotated[str | None, typer.Argument(help="The client; without it, those that are known are listed")] = None,
    *,
    root: Root = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking")] = False,
    only_print: Annotated[bool, typer.Option("--print", help="Print the entry, and write nothing")] = False,
) -> None:
    """Tell an MCP client of the lab: show what changes in its configuration, ask, and write it.

    What else stands in the file stays. A file that can't be read is left as it is, and what to write by hand is shown.
    """
    from .commands.setup import connect as connecting

    if client is None:
        connecting.list_clients()
    else:
        connecting.connect(client, _root(root), yes=yes, only_print=only_print)


@app.command()
def prepare(*, root: Root = None) -> None:
    """Make the trainer's environment and its data on this machine. Otherwise the first experiment does it."""
    from .commands.console import exit_on_error
    from .commands.setup.init import prepare_data

    with exit_on_error():
        prepare_data(_root(root))


@app.command()
def doctor(
    *,
    root: Root = None,
    use_all_slots: Annotated[
        bool, typer.Option("--use-all-slots", help="Use slots again that the lab has set aside as faulty")
    ] = False,
    try_run: Annotated[
        bool, typer.Option("--try", help="Then run the trainer once, in its sandbox, as an experiment would run")
    ] = False,
    try_seconds: Annotated[float, typer.Option("--try-seconds", min=1, help="Seconds that this run may take")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Check this machine and the lab: report what works, what is missing, and the remedy. Exit code 1: something is missing."""
    from .commands.setup.doctor import examine

    examine(_root(root), use_all_slots=use_all_slots, try_seconds=try_seconds if try_run else None, as_json=as_json)


@app.command()
def cancel(
    ids: Annotated[list[str], typer.Argument(help="Experiments, ranges, grids: e0042, e0001-e0008, g002")],
    *,
    root: Root = None,
    reason: Annotated[str, typer.Option(help="The reason; it is stored with the experiment")] = "cancelled on the command line",
) -> None:
    """Cancel experiments that are queued or running."""
    from .commands import show

    show.cancel(_root(root), ids, reason)


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

    A validation has ended when it has a verdict. With its cursor as `--after`, the next wait ends when its gain is known.
    An agent that can run commands in the background waits with it at no cost. Exit codes: 0 they have ended, 3 something needs
    attention, 4 the time is over, 5 there is nothing to wait for.
    """
    from .commands.wait import wait_for
    from .schemas.monitor import WaitQuery

    query = WaitQuery(ids=ids or None, until=until, after=after)
    raise typer.Exit(wait_for(_root(root), query, timeout, as_json=as_json))


@app.command()
def down(*, root: Root = None) -> None:
    """End all clusters of the lab, whatever runs on them, and check that none is left. Exit code 1: one may still be up."""
    from .commands import down as clusters

    clusters.down(_root(root))


@app.command()
def up(*, root: Root = None) -> None:
    """Allow clusters again after `labhand down`: they are launched as the queue needs them."""
    from .commands import down as clusters

    clusters.up(_root(root))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder for the report")] = Path("report"),
    *,
    root: Root = None,
) -> None:
    """Write a report of the results: a web page, and the same as Markdown."""
    from .commands.report import write_report

    write_report(_root(root), folder)


@app.command()
def study(
    factors: Annotated[
        list[str], typer.Argument(help="Knobs to search: DEPTH=2,12 is a range, ACTIVATION=relu,gelu,silu a list")
    ],
    *,
    root: Root = None,
    experiments: Annotated[int, typer.Option(help="Number of experiments to run", min=1)] = 20,
    base: Annotated[str, typer.Option(help="The source to change: champion, baseline, or an experiment's id")] = "champion",
) -> None:
    """Search with the optimiser, without an agent, to compare an agent's search with it."""
    from .commands.console import exit_on_error
    from .commands.study import run_study

    with exit_on_error():
        run_study(_root(root), factors, experiments, base)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
