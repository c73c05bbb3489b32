"""The commands that serve a lab and run its experiments, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from ..errors import SettingsError
from ..settings_in_force import settings_in_force
from .options import Root, lab_root

app = typer.Typer()


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
    from ...tools.serving.logs import log_to_stderr

    gc.freeze()
    gc.enable()
    log_to_stderr()
    place = lab_root(root)
    if http:
        _serve_http(place, address, caller, read_only=read_only)
        return
    from ...tools.lab_context import LabHandle
    from ...tools.serving.stdio import serve_stdio

    handle = LabHandle(place, caller, read_only=read_only)
    try:
        hides_writing_tools = handle.is_read_only()
    except SettingsError:  # every call reports it, and refuses what changes the lab if the corrected file says read_only
        hides_writing_tools = read_only
    serve_stdio(handle, read_only=hides_writing_tools)


def _serve_http(place: Path, address: str | None, caller: str | None, *, read_only: bool) -> None:
    from ...tools.lab_context import LabHandle
    from ...tools.serving.http import serve_http
    from ..commands.console import err, exit_on_error
    from ..commands.dashboard import lab_page, page_line, page_tokens

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
    from ...tools.lab_context import LabHandle
    from ...tools.serving.http import serve_page
    from ..commands.console import err, exit_on_error
    from ..commands.dashboard import ADDRESS, lab_page, page_line, page_tokens

    with exit_on_error():
        place = lab_root(root)
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
    """Create a token for one HTTP caller.

    It is printed once, together with the line (the token's hash) to add to labhand.toml.
    """
    from ..commands.console import exit_on_error
    from ..commands.token import make_token

    with exit_on_error():
        make_token(name)


@app.command()
def dispatch(*, root: Root = None) -> None:
    """Run queued experiments until nothing is left to do. Launches start this process by themselves."""
    from ..commands.dispatch import run_dispatcher

    run_dispatcher(lab_root(root))
