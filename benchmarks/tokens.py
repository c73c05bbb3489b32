"""What a client reads of labhand, in characters and tokens: `python benchmarks/tokens.py`.

The answers are those of a rehearsal: a lab on simulated GPUs, with its own dispatcher, in a temporary folder. Printed are what
`tools/list` and the server's instructions cost each session, and what typical answers cost, as data (`structured`, which Claude
Code shows to its model) and as text (`text`, which most other clients show). Tokens are estimated at four characters each.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import anyio
from labhand.tools.app import build
from labhand.tools.lab_context import LabHandle
from mcp import Client
from mcp.types import CallToolResult, TextContent, TextResourceContents

CHARACTERS_PER_TOKEN = 4
MAX_CALLS = 60
"""Calls of `wait` until the rehearsal must have ended."""
SETTINGS = """
trainer = "gpt"
[pools.h200]
backend = "simulated"
gpu = "H200"
count = 8
"""
GRID: dict[str, Any] = {
    "hypothesis": "The width and the learning rates depend on each other",
    "factors": {
        "MATRIX_LR": [0.005, 0.01, 0.02, 0.03, 0.04],
        "EMBEDDING_LR": [0.05, 0.1, 0.2, 0.3, 0.4],
        "WIDTH": [32, 48, 96, 128],
        "WEIGHT_DECAY": [0.0, 0.05],
    },
}


async def measure(root: Path) -> None:
    """Print the sizes for a new lab in a folder."""
    (root / "labhand.toml").write_text(SETTINGS, "utf-8")
    async with Client(build(LabHandle(root, "benchmark")), raise_exceptions=True) as client:
        tools = (await client.list_tools()).tools
        wire = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
        _print("tools/list", len(_compact(wire)))
        for part in ("inputSchema", "outputSchema", "description"):
            _print(f"  of it {part}", sum(len(_compact(tool[part])) for tool in wire if part in tool))
        _print("instructions", len(client.instructions or ""))
        await _call(client, "get_briefing (new lab)", "get_briefing")
        await _call(client, "read_source", "read_source")
        await _call(client, "list_gpus", "list_gpus")
        one = {"hypothesis": "A wider model", "overrides": {"WIDTH": 128}, "replicates": 4}
        await _call(client, "launch_experiment (4 seeds)", "launch_experiment", one)
        await _call(client, "launch_experiment (again)", "launch_experiment", one)
        await _call(client, "launch_grid (200 cells, dry run)", "launch_grid", GRID | {"dry_run": True})
        await _call(client, "launch_grid (200 cells)", "launch_grid", GRID)
        await _until_finished(client)
        await _call(client, "wait (all ended)", "wait", {"timeout_seconds": 0})
        await _call(client, "wait (the same again)", "wait", {"timeout_seconds": 0})
        await _call(client, "get_results (20 rows)", "get_results", {"ids": ["g001"]})
        await _call(client, "get_results (20 rows, detailed)", "get_results", {"ids": ["g001"], "detail": "detailed"})
        await _call(client, "get_experiment", "get_experiment", {"id": "e0001"})
        await _call(client, "analyze (summary)", "analyze")
        await _call(client, "analyze (effects)", "analyze", {"what": "effects"})
        await _call(client, "get_briefing (208 experiments)", "get_briefing")
        await _call(client, "validate (dry run)", "validate", {"ids": ["e0001"], "dry_run": True})
        table = (await client.read_resource("labhand://results.tsv")).contents[0]
        assert isinstance(table, TextResourceContents)
        _print("labhand://results.tsv", len(table.text))


async def _until_finished(client: Client) -> None:
    for _ in range(MAX_CALLS):
        answer = await client.call_tool("wait", {"ids": ["g001"], "timeout_seconds": 10})
        if "pending" not in (answer.structured_content or ()):
            return
    raise SystemExit("the rehearsal didn't end")


async def _call(client: Client, title: str, tool: str, arguments: dict[str, Any] | None = None) -> None:
    result: CallToolResult = await client.call_tool(tool, arguments or {})
    text = "".join(block.text for block in result.content if isinstance(block, TextContent))
    if result.is_error:
        raise SystemExit(f"{title}: {text}")
    data = result.structured_content
    _print(title, len(text if data is None else _compact(data)), len(text))


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _print(title: str, structured: int, text: int | None = None) -> None:
    as_text = "" if text is None else f"{text:>10,}"
    print(f"{title:<36}{structured:>10,}{structured // CHARACTERS_PER_TOKEN:>10,}{as_text}")


def main() -> None:
    """Print one line for each."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"{'':<36}{'characters':>10}{'tokens':>10}{'as text':>10}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # its dispatcher may still write its log
        anyio.run(measure, Path(folder))


if __name__ == "__main__":
    main()
