"""What waiting for one experiment costs each client: `python benchmarks/waiting.py --seconds 300`.

For each client that `labhand.tools.clients` knows, a client of the MCP SDK with that client's name starts a server over stdio
and calls `wait` until the experiment has ended. It asks for progress if the real client does, and gives a call
up after the real client's default time, which progress prolongs if it does so there. Printed are the calls, the longest of
them, the calls that were given up, and the tokens of all calls and answers at four characters each. In one row, `labhand wait`
waits instead: what it prints is all that is read.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import anyio
from labhand.tools.clients import KNOWN, KnownClient
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, Implementation, TextContent

CHARACTERS_PER_TOKEN = 4
ASKS_FOR_PROGRESS = frozenset({"claude-code", "opencode"})
"""Other clients may ask, but give up after the same time all the same."""
UNKNOWN = KnownClient("some-other-client", "any other", 30)
TRAINER = """
name = "sleeper"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_loss"
direction = "minimize"
source = "output"
[budget]
seconds = {seconds}
cpu_seconds = {seconds}
"""
TRAIN = """
import time
SECONDS = 1.0
WIDTH = 1
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    print("step", flush=True)
    time.sleep(1)
print("val_loss:", 1.0 / WIDTH)
"""
SETTINGS = """
trainer = "./sleeper"
[pools.local]
backend = "local"
slots = 8
"""


@dataclass
class Waiting:
    """What one client's waiting cost."""

    calls: int = 0
    characters: int = 0
    longest: float = 0.0
    given_up: int = 0


async def measure(root: Path, seconds: float) -> None:
    """Launch an experiment of so many seconds in a new lab, let every client wait for it, and print what each read."""
    (root / "sleeper").mkdir()
    (root / "sleeper" / "trainer.toml").write_text(TRAINER.format(seconds=seconds + 60), "utf-8")
    (root / "sleeper" / "train.py").write_text(TRAIN, "utf-8")
    (root / "labhand.toml").write_text(SETTINGS, "utf-8")
    async with Client(stdio_client(_server(root))) as client:
        change = {"SECONDS": seconds, "WIDTH": 2}
        launched = await client.call_tool("launch_experiment", {"hypothesis": "A wider one", "overrides": change})
    assert not launched.is_error, launched
    rows: list[tuple[str, Waiting]] = []

    async def wait_as(client: KnownClient) -> None:
        rows.append((f"{client.title} ({client.name})", await _wait_as(client, root)))

    async with anyio.create_task_group() as tasks:
        for client in (*KNOWN, UNKNOWN):
            tasks.start_soon(wait_as, client)
        tasks.start_soon(_wait_by_command, root, rows)
    print(f"{'client':42} {'calls':>6} {'longest':>8} {'given up':>9} {'tokens':>7}")
    for name, cost in sorted(rows, key=lambda row: row[1].characters):
        tokens = cost.characters / CHARACTERS_PER_TOKEN
        print(f"{name:42} {cost.calls:6} {cost.longest:7.0f}s {cost.given_up:9} {tokens:7.0f}")


async def _wait_as(client: KnownClient, root: Path) -> Waiting:
    cost = Waiting()
    info = Implementation(name=client.name, version=".".join(map(str, client.since)) or "0.1")
    async with Client(stdio_client(_server(root)), client_info=info) as session:
        while True:
            result = await _call(session, client, cost)
            if result is not None and "pending" not in (result.structured_content or {}):
                return cost


async def _call(session: Client, client: KnownClient, cost: Waiting) -> CallToolResult | None:
    """Call `wait` as a client does; returns None if it gave the call up."""
    arguments = {"ids": ["e0001"]}
    began = time.monotonic()
    result: CallToolResult | None = None
    with anyio.move_on_after(client.call_seconds) as patience:

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 - the SDK passes them
            if client.progress_extends and not math.isinf(client.call_seconds):
                patience.deadline = anyio.current_time() + client.call_seconds

        wanted = on_progress if client.name in ASKS_FOR_PROGRESS else None
        result = await session.call_tool("wait", dict(arguments), progress_callback=wanted)
        text = "".join(block.text for block in result.content if isinstance(block, TextContent))
        cost.characters += len(json.dumps({"name": "wait", "input": arguments})) + len(text)
    cost.calls += 1
    cost.longest = max(cost.longest, time.monotonic() - began)
    cost.given_up += patience.cancelled_caught
    return result


async def _wait_by_command(root: Path, rows: list[tuple[str, Waiting]]) -> None:
    command = [sys.executable, "-m", "labhand.server.main", "wait", "e0001", "--root", str(root)]
    began = time.monotonic()
    done = await anyio.run_process(command, check=False)
    characters = len(shlex.join(["labhand", "wait", "e0001"])) + len(done.stdout) + len(done.stderr)
    rows.append(("labhand wait, in the background", Waiting(1, characters, time.monotonic() - began)))


def _server(root: Path) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=["-m", "labhand.server.main", "serve", "--root", str(root)])


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="how long the experiment takes")
    seconds: float = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(measure, Path(folder), seconds)


if __name__ == "__main__":
    main()
