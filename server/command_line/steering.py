"""The commands by which the person steers the research, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from typing import Annotated

import typer

from .options import Root, lab_root

app = typer.Typer()


@app.command()
def say(
    text: Annotated[str | None, typer.Argument(help="The message; without it, messages are listed with their answers")] = None,
    *,
    root: Root = None,
) -> None:
    """Say something to the agent: it stands first in the lab's answers until the agent answers it with a note."""
    from ..commands import say as messages

    if text is None:
        messages.list_messages(lab_root(root))
    else:
        messages.say(lab_root(root), text)


@app.command()
def pause(
    reason: Annotated[str, typer.Argument(help="The reason, which the agent sees")] = "",
    *,
    root: Root = None,
) -> None:
    """Let nothing start any more; what runs goes on. No tool of the agent can end the pause."""
    from ..commands import pause as pausing

    pausing.pause(lab_root(root), reason)


@app.command()
def resume(*, root: Root = None) -> None:
    """Let experiments start again after `labhand pause`."""
    from ..commands import pause as pausing

    pausing.resume(lab_root(root))


@app.command()
def cancel(
    ids: Annotated[list[str], typer.Argument(help="Experiments, ranges, grids: e0042, e0001-e0008, g002")],
    *,
    root: Root = None,
    reason: Annotated[str, typer.Option(help="The reason; it is stored with the experiment")] = "cancelled on the command line",
) -> None:
    """Cancel experiments that are queued or running."""
    from ..commands import show

    show.cancel(lab_root(root), ids, reason)


@app.command()
def down(*, root: Root = None) -> None:
    """End all clusters of the lab, whatever runs on them, and check that none is left. Exit code 1: one may still be up."""
    from ..commands import down as clusters

    clusters.down(lab_root(root))


@app.command()
def up(*, root: Root = None) -> None:
    """Allow clusters again after `labhand down`: they are launched as the queue needs them."""
    from ..commands import down as clusters

    clusters.up(lab_root(root))


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
    from ..commands.console import exit_on_error
    from ..commands.study import run_study

    with exit_on_error():
        run_study(lab_root(root), factors, experiments, base)
