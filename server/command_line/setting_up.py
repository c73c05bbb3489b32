"""The commands that make a lab and check it, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Root, lab_root

app = typer.Typer()


@app.command()
def demo(
    *,
    budget_seconds: Annotated[float, typer.Option(help="Seconds of training of each experiment")] = 5.0,
    keep: Annotated[Path | None, typer.Option(help="Folder for the lab; by default a temporary folder that is deleted")] = None,
) -> None:
    """Run real experiments through a real MCP client on this machine, in a few minutes."""
    from ..commands.console import exit_on_error
    from ..commands.demo import run_demo

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

    from ..commands.console import err, exit_on_error
    from ..commands.setup.init import make_lab, refuse_another_lab
    from ..commands.setup.init_trainer import foreign_folder, onboard

    with exit_on_error():
        refuse_another_lab(folder)  # before the tries, which take a minute
        foreign = foreign_folder(trainer)
        if foreign is not None:
            from ..onboarding.conversation import TrialFailedError

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

    All other content of the file is kept. A file that can't be parsed isn't changed; the command then shows the entry for you
    to add by hand.
    """
    from ..commands.setup import connect as connecting

    if client is None:
        connecting.list_clients()
    else:
        connecting.connect(client, lab_root(root), yes=yes, only_print=only_print)


@app.command()
def prepare(*, root: Root = None) -> None:
    """Make the trainer's environment and its data on this machine. Otherwise the first experiment does it."""
    from ..commands.console import exit_on_error
    from ..commands.setup.init import prepare_data

    with exit_on_error():
        prepare_data(lab_root(root))


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
    from ..commands.setup.doctor import examine

    examine(lab_root(root), use_all_slots=use_all_slots, try_seconds=try_seconds if try_run else None, as_json=as_json)
