"""The commands by which the person steers research that goes on, and their arguments."""

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
    from ..commands import steering

    if text is None:
        steering.list_messages(lab_root(root))
    else:
        steering.say(lab_root(root), text)


@app.command()
def pause(
    reason: Annotated[str, typer.Argument(help="The reason, which the agent sees")] = "",
    *,
    root: Root = None,
) -> None:
    """Let nothing start any more; what runs goes on. No tool of the agent can end the pause."""
    from ..commands import steering

    steering.pause(lab_root(root), reason)


@app.command()
def resume(*, root: Root = None) -> None:
    """Let experiments start again after `labhand pause`."""
    from ..commands import steering

    steering.resume(lab_root(root))
