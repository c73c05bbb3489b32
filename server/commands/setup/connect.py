"""`labhand connect`: tells an MCP client of the lab, after showing what changes in its configuration."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ...client_config.config_file import plan, snippet
from ...client_config.known_clients import CLIENTS, find_client
from ...errors import BadInputError
from ..console import err, exit_on_error, out


def connect(name: str, root: Path, *, yes: bool, only_print: bool) -> None:
    """Connect a client to the lab at `root`.

    Args:
        name: The client's.
        root: The lab's folder.
        yes: Write without asking.
        only_print: Print the entry, and write nothing.
    """
    with exit_on_error():
        client = find_client(name)
        entry = client.entry(_command(root))
        if only_print:
            out.print(snippet(client, entry), markup=False, highlight=False, end="", soft_wrap=True)
            return
        change = plan(client, client.file(root, Path.home()), entry)
        if change.is_made:
            err.print(f"{client.title} is connected to {root} already: {change.path}", markup=False, soft_wrap=True)
            return
        out.print(change.as_diff(), markup=False, highlight=False, end="", soft_wrap=True)
        if not yes and not _agrees(change.path, replaces=change.replaced is not None):
            raise BadInputError("Nothing was written", f"`labhand connect {client.name} --print` prints what to write by hand")
        change.write()
        err.print(f"Wrote {change.path}. {client.afterwards}", markup=False, soft_wrap=True)


def list_clients() -> None:
    """Print the clients, and the file of each."""
    for client in CLIENTS.values():
        place = client.file(Path("LAB"), Path("~"))
        out.print(f"{client.name:16}{client.title:16}{place}", markup=False, highlight=False)


def _command(root: Path) -> list[str]:
    """Return the command that serves the lab, by absolute paths: many clients have another PATH, and start elsewhere."""
    beside = Path(sys.executable).with_name("labhand")
    program = [str(beside)] if beside.exists() else [sys.executable, "-m", "labhand.server.main"]
    return [*program, "serve", "--root", str(root.resolve())]


def _agrees(path: Path, *, replaces: bool) -> bool:
    if not sys.stdin.isatty():
        raise BadInputError("There is no terminal to ask on, so nothing was written", "Add --yes to write what is shown")
    question = "This replaces the entry that stands there" if replaces else "This is added"
    return typer.confirm(f"{question}. Write {path}?", default=True, err=True)
