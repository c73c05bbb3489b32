"""The command that an agent's client runs by itself, and its arguments. `server/entry.py` runs it without this module."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from typing import Annotated, Literal

import typer

from .options import Root

app = typer.Typer()


@app.command(hidden=True)  # clients run it, not people: docs/plugins.md describes it
def hook(
    event: Annotated[
        Literal["session-start", "stop", "monitor"],
        typer.Argument(
            help="`session-start` prints the briefing, `stop` says whether the agent goes on, `monitor` prints what wakes it"
        ),
    ],
    *,
    root: Root = None,
    caller: Annotated[
        str, typer.Option("--as", help="Whose experiments `stop` and `monitor` are about, as `labhand serve --as` names them")
    ] = "claude-code",
) -> None:
    """Answer a hook of Claude Code: JSON on standard input and output. Where there is no lab, it prints nothing.

    `session-start` gives the agent a briefing: the goal, the champion, what runs, what is new, what the person says. `stop`
    keeps the agent going, with the next call to make, while experiments of its own run and nothing waits for them; it doesn't
    say so twice in a row of the same experiments. `monitor` goes on until the client ends, and prints a line when what the
    agent launched has ended or the person says something. The exit code is 0.
    """
    if event == "monitor":
        from ..lab.hooks.session_monitor import run_monitor

        run_monitor(root, caller)
        return
    from ..lab.hooks.client_hook import run_hook

    run_hook(event, root, caller)
