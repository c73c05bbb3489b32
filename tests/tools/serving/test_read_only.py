"""A lab that is read-only is so over every transport, and a read-only server makes no lab."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from ..calls import data, refusal
from .servers import SERVE, client_of, serving


def server_of(root: Path, *more: str) -> StdioServerParameters:
    """Return how a client starts a server over stdio."""
    return StdioServerParameters(command=sys.executable, args=[*SERVE, str(root), *more], env=dict(os.environ))


def set_read_only(root: Path) -> None:
    """Write `read_only = true` into a lab's file."""
    file = root / "labhand.toml"
    file.write_text(f"read_only = true\n{file.read_text('utf-8')}", "utf-8")


async def make_lab(root: Path) -> None:
    """Create the lab."""
    async with Client(server_of(root)) as client:
        await data(client, "get_briefing")


@pytest.mark.anyio
async def test_read_only_in_the_file_holds_over_stdio(root: Path) -> None:
    await make_lab(root)
    set_read_only(root)
    async with Client(server_of(root)) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        await data(client, "get_briefing")
    assert "get_results" in tools
    assert not tools & {"launch_experiment", "launch_grid", "cancel", "note", "validate", "scale_pool", "checkout"}


@pytest.mark.anyio
async def test_read_only_that_is_set_while_a_server_runs_holds_from_the_next_call(root: Path) -> None:
    async with Client(server_of(root)) as client:
        await data(client, "note", text="Before")
        set_read_only(root)
        for tool, arguments in (("note", {"text": "After"}), ("cancel", {"ids": ["e0001"], "reason": "x"})):
            assert "read_only in labhand.toml" in await refusal(client, tool, **arguments)
        assert "After" not in str(await data(client, "get_briefing"))


@pytest.mark.anyio
@pytest.mark.parametrize("in_file", [True, False])
async def test_a_read_only_server_makes_no_lab(root: Path, *, in_file: bool) -> None:
    if in_file:
        set_read_only(root)
    async with Client(server_of(root, *([] if in_file else ["--read-only"]))) as client:
        refused = await refusal(client, "get_briefing")
    assert "There is no lab in" in refused
    assert not (root / ".labhand").exists()


@pytest.mark.anyio
async def test_a_read_only_server_over_http_makes_no_lab(root: Path) -> None:
    set_read_only(root)
    with serving(root) as server:
        async with client_of(server.url) as client:
            assert "There is no lab in" in await refusal(client, "get_briefing")
    assert not (root / ".labhand").exists()
