"""`labhand call`: a tool of the lab, called from the command line."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from .options import Root, lab_root

app = typer.Typer()


def _tools_beginning_with(incomplete: str) -> list[str]:
    from ...tools.call import tool_names

    return [name for name in tool_names() if name.startswith(incomplete)]


@app.command()
def call(
    tool: Annotated[
        str | None,
        typer.Argument(
            help="The tool, such as get_results; without it, the tools are listed", autocompletion=_tools_beginning_with
        ),
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Its arguments, such as ids=g001 limit=5 factors='{\"WIDTH\": [32, 128]}'"
        ),
    ] = None,
    *,
    root: Root = None,
    caller: Annotated[
        str | None, typer.Option("--as", help="The name to store as the launcher of experiments; by default your user name")
    ] = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="Print what the tool does and the JSON schema of its arguments; call nothing")
    ] = False,
) -> None:
    """Call a tool of the lab as an agent does, and print its answer as JSON.

    A value is JSON if it can be read as such, and text otherwise. `key=@FILE` takes it from a file, `key=@-` from standard
    input, and `key.name=value` sets one member of an object: `overrides.WIDTH=128`. All arguments can also be one JSON object,
    `'{"key": value}'`. Exit code 2: the tool refused the call, or there is no such tool or argument.
    """
    from ..commands.console import exit_on_error

    with exit_on_error():
        if tool is None:
            _list_tools()
        elif describe:
            _describe(tool)
        else:
            _call(lab_root(root), tool, arguments or [], caller)


def _list_tools() -> None:
    from rich.table import Table

    from ...tools.call import summaries
    from ..commands.console import out

    table = Table("tool", "what it does", "arguments", caption="labhand call TOOL --describe says more", caption_justify="left")
    for row in summaries():
        table.add_row(*row)
    out.print(table, markup=False)


def _describe(tool: str) -> None:
    from ...tools.call import describe, find_tool
    from ..commands.console import out, print_json

    print_json(describe(find_tool(tool)), indents=out.is_terminal)


def _call(root: Path, tool: str, words: Sequence[str], caller: str | None) -> None:
    import getpass

    import anyio

    from ...tools.call import call_tool
    from ...tools.lab_context import LabHandle
    from ..commands.console import err, out, print_json, working
    from ..commands.show import refuse_no_lab

    refuse_no_lab(root)

    async def show_progress(_done: float, _total: float | None, message: str | None) -> None:
        if err.is_terminal and message:
            err.print(message, markup=False)

    async def calling() -> dict[str, object]:
        return await call_tool(LabHandle(root, caller or getpass.getuser()), tool, words, show_progress)

    with working(f"Calling {tool}"):
        answer = anyio.run(calling)
    print_json(answer, indents=out.is_terminal)
