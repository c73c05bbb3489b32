"""How long a client waits for the first answer of `labhand serve`, beside the imports that nobody can do without.

Run: python benchmarks/serve.py
Prints the seconds from the start of the process to the answer to a first tool call, and the ratio to a bare import of the MCP
SDK's server in the same run: the part that labhand adds. Target: under 1 s on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROUNDS = 7
LABHAND = [sys.executable, "-m", "labhand.server.main", "serve", "--root"]
BARE = [sys.executable, "-c", "import mcp.server, aiosqlite, pydantic_settings, typer"]
CALLS: tuple[dict[str, Any], ...] = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "get_briefing", "arguments": {}}},
)


def first_answer(root: str) -> float:
    """Seconds until the lab at `root` has answered a tool call over a new server's standard output."""
    began = time.perf_counter()
    with subprocess.Popen(
        [*LABHAND, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.writelines(json.dumps(call) + "\n" for call in CALLS)
        server.stdin.flush()
        while (message := json.loads(server.stdout.readline())).get("id") != 2:
            pass
        took = time.perf_counter() - began
        assert not message["result"].get("isError"), message
        server.stdin.close()
    return took


def bare_import() -> float:
    """Seconds for the interpreter and the libraries alone."""
    began = time.perf_counter()
    subprocess.run(BARE, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Measure both in turn, the first round only to warm up."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "labhand.toml").write_text('trainer = "gpt"\n', "utf-8")
        pairs = [(first_answer(folder), bare_import()) for _ in range(ROUNDS + 1)][1:]
    answers, bares = [answer for answer, _ in pairs], [bare for _, bare in pairs]
    ratio = statistics.median(answer / bare for answer, bare in pairs)
    print(f"first answer {statistics.median(answers):.2f} s (of {ROUNDS}: {min(answers):.2f} to {max(answers):.2f})")
    print(f"bare imports {statistics.median(bares):.2f} s; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
