"""What the server does by the client's name: how long `wait` takes, and whether answers name the command that waits."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from labhand.server.lab.monitor import waiting
from labhand.server.lab.monitor.waiting import WaitLimit
from labhand.server.schemas.monitor import WaitQuery
from labhand.tools import clients
from labhand.tools.app import build
from labhand.tools.background_wait import command
from labhand.tools.clients import KNOWN, known_client, wait_limit
from labhand.tools.lab_context import LabHandle
from mcp import Client
from mcp.types import CallToolResult, Implementation

from ..server.dispatcher.scripted import ME, by_x, script
from ..server.lab import builders, writing
from .calls import data
from .serving.servers import client_of, serving

SECONDS = 120
LINE = re.compile(r"`(.+)`")


@asynccontextmanager
async def named(root: Path, name: str, *, mode: str = "auto") -> AsyncGenerator[Client]:
    """A client that gives itself this name."""
    info = Implementation(name=name, version="1")
    async with Client(build(LabHandle(root, ME)), client_info=info, mode=mode, raise_exceptions=True) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "wants_progress", "default", "most"),
    [
        ("codex-mcp-client 0.171.0", True, 110, 290),
        ("codex-mcp-client 0.98.0-alpha.3", True, 50, 50),
        ("codex-mcp-client 1", False, 110, 290),
        ("claude-code", True, 110, 3600),
        ("claude-code", False, 50, 50),
        ("codex-mcp-client", True, 50, 50),
        ("codex-mcp-client (via mcp-remote 0.1.37) 0.98.0", False, 50, 50),
        ("gemini-cli-mcp-client-labhand", False, 110, 590),
        ("opencode", True, 110, 3600),
        ("Visual Studio Code 1.120.0", False, 110, 3600),
        ("@librechat/api-client", False, 25, 25),
        ("labhand-call", False, 110, 3600),
        ("nobody-knows-it", False, 25, 25),
        ("nobody-knows-it", True, 50, 3600),
        ("", False, 25, 25),
    ],
)
def test_a_wait_is_no_longer_than_the_client_bears(name: str, default: float, most: float, *, wants_progress: bool) -> None:
    limit = wait_limit(known_client(*name.rsplit(" ", 1)), wants_progress=wants_progress)

    assert limit == WaitLimit(default, most)
    assert limit.seconds(WaitQuery()) == default
    assert limit.seconds(WaitQuery(timeout_seconds=3000)) == min(3000, most)
    assert limit.seconds(WaitQuery(timeout_seconds=1)) == 1


def test_no_known_client_is_made_to_wait_for_longer_than_it_does_without_progress() -> None:
    assert all(wait_limit(client, wants_progress=False).max_seconds < client.call_seconds for client in KNOWN)
    assert all(client.name == client.name.casefold() for client in KNOWN)


@pytest.mark.anyio
async def test_a_call_without_a_progress_token_ends_in_time_and_one_with_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "UNKNOWN_SECONDS", 0.2)
    monkeypatch.setattr(waiting, "PROGRESS_SECONDS", 0.2)
    messages: list[str] = []
    is_regular = anyio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert progress <= (total or 0)
        messages.append(message or "")
        if len(messages) == 4:
            is_regular.set()

    async with script(tmp_path, by_x) as lab:
        await writing.launch(lab.lab, overrides={"X": 2.0})
        with builders.dispatcher(lab.lab):
            # In the newer era, a client in the server's own process sends no token.
            async with named(lab.lab.root, "nobody-knows-it", mode="legacy") as client:
                short = await data(client, "wait", ids="e0001", timeout_seconds=3000)
                long: CallToolResult | None = None
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(end, is_regular, client)
                    asked = {"ids": "e0001", "timeout_seconds": SECONDS}
                    long = await client.call_tool("wait", asked, progress_callback=on_progress)

    assert short["timed_out"] is True
    assert "next" in short
    assert long is not None
    assert long.structured_content is not None
    assert long.structured_content["finished_total"] == 1
    assert set(messages[:4]) == {"0 of 1 finished, 1 queued"}, "progress comes although nothing happens"


async def end(event: anyio.Event, client: Client) -> None:
    """Cancel the experiment after an event."""
    with anyio.fail_after(SECONDS):
        await event.wait()
    await data(client, "cancel", ids="e0001", force=True)


@pytest.mark.anyio
async def test_launches_name_the_command_that_waits_where_the_client_has_a_shell(tmp_path: Path, mode: str) -> None:
    async with script(tmp_path, by_x) as lab:
        with builders.dispatcher(lab.lab):
            async with named(lab.lab.root, "claude-code", mode=mode) as client:
                one = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0})
                grid = await data(client, "launch_grid", hypothesis="h", factors={"X": [2.5, 2.75]})
                again = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0})
                dry = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 7.0}, dry_run=True)
                waited = await data(client, "wait", ids=["g001"], timeout_seconds=0)
                await lab.play()
                test = await data(client, "validate", ids=["e0001"], replicates=2)
            async with named(lab.lab.root, "some-desktop-program", mode=mode) as client:
                elsewhere = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 6.0})

    root = ["--root", str(lab.lab.root)]
    assert words(one["next"])[1:] == ["wait", "e0001", *root]
    assert words(grid["next"])[1:] == ["wait", "g001", *root]
    assert "next" not in again or "`" not in again["next"]
    assert "next" not in dry
    assert words(waited["next"])[1:] == ["wait", "g001", "--after", waited["cursor"], *root]
    assert test["next"].startswith('wait(ids=["v001"]); or run `')
    assert words(test["next"])[1:] == ["wait", "v001", *root]
    assert "`" not in elsewhere.get("next", "")


def words(text: str) -> list[str]:
    """The words of the command in a text."""
    found = LINE.search(text)
    assert found is not None, text
    return found[1].split()


def test_the_command_names_the_lab_only_where_the_folder_doesn_t(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(root, ["e0001"]).endswith(f"wait e0001 --root {root}")
    monkeypatch.chdir(root / "parabola")
    assert command(root, ["e0001"]).endswith("wait e0001")


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS)
async def test_the_command_that_a_launch_names_ends_with_the_results(root: Path) -> None:
    async with named(root, "codex-mcp-client") as client:
        launched = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0})
    found = LINE.search(launched["next"])
    assert found is not None, launched
    with anyio.fail_after(SECONDS):
        ended = await anyio.run_process(found[1], check=False, cwd=root)  # a text is run by the shell
    assert ended.returncode == 0, ended
    assert b"e0001: verdict" in ended.stdout


@pytest.mark.anyio
@pytest.mark.slow
async def test_over_http_no_command_is_named_because_the_shell_may_be_elsewhere(root: Path) -> None:
    with serving(root) as server:
        async with client_of(server.url, info=Implementation(name="claude-code", version="1")) as client:
            launched = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0})
            await data(client, "cancel", ids="e0001-e0004", force=True)
    assert "next" not in launched
