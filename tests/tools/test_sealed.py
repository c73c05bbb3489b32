"""No tool and no resource gives anything of the test split away, whatever it is asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from labhand.server.lab.report.sealed_split import FILE
from labhand.tools.app import build
from labhand.tools.lab_context import LabHandle
from mcp import Client
from mcp.types import TextContent, TextResourceContents

from ..server.dispatcher.scripted import by_x, script
from ..server.lab import writing

pytestmark = pytest.mark.anyio
SECRET, SEARCHED = "1.462507391", "7391"
"""A score that stands in every sealed file and nowhere else; and a part of it to search for, which answers may repeat."""

ASKED: dict[str, Sequence[dict[str, Any]]] = {
    "get_briefing": [{}],
    "list_gpus": [{}],
    "read_source": [
        {},
        {"id": "e0002", "path": FILE},
        {"id": "e0002", "path": f"../{FILE}"},
        {"id": "e0002", "search": SEARCHED},
    ],
    "launch_experiment": [
        {"hypothesis": "h", "base": "workdir", "folder": "{run}"},
        {"hypothesis": "h", "base": "workdir", "folder": "{runs}"},
        {"hypothesis": "h", "files": {f"../{FILE}": "x"}},
        {"hypothesis": "h", "overrides": {"X": 1.5}, "dry_run": True},
    ],
    "launch_grid": [{"hypothesis": "h", "factors": {"X": [0.1, 0.2]}, "dry_run": True}],
    "wait": [{"ids": ["v001"], "timeout_seconds": 0}, {"ids": ["e0002"], "timeout_seconds": 0}],
    "get_results": [{}, {"ids": ["v001"]}, {"search": SEARCHED}, {"sort": "score"}],
    "get_experiment": [{"id": "{reported}"}, {"id": "e0002"}],
    "get_logs": [{"id": "{reported}"}, {"id": "{reported}-1"}, {"id": "{reported}", "search": SEARCHED}, {"id": f"../{FILE}"}],
    "cancel": [{"ids": ["{reported}"], "reason": "r", "dry_run": True}],
    "validate": [{"ids": ["e0002"], "dry_run": True}],
    "analyze": [
        {"what": what}
        for what in ("effects", "noise", "importance", "pareto", "horizons", "efficiency", "yardstick", "ablation", "drift")
    ],
    "plot": [{"what": what} for what in ("progress", "effects", "curves", "timeline", "horizons")],
    "checkout": [{"id": "e0002", "dry_run": True}],
    "note": [{"text": "n"}],
    "scale_pool": [{"pool": "local", "clusters": 0}],
    "search_papers": [{"query": SEARCHED}],
    "read_paper": [{"id": f"../{FILE}"}, {"id": "{run}"}],
}
"""What each tool is asked, so that a new tool has to be added here."""


@pytest.mark.slow
async def test_no_tool_and_no_resource_tells_what_is_sealed(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        name = (await writing.launch(lab.lab, overrides={"X": 1.1})).experiments[0]
        await lab.play()
        await lab.validate(name)
        await lab.play()
        runs = lab.lab.folder / "runs"
        for row in await lab.lab.db.rows("SELECT id FROM runs"):
            (runs / row["id"]).mkdir(parents=True, exist_ok=True)
            (runs / row["id"] / "log.txt").write_text("trained\n")
            (runs / row["id"] / FILE).write_text(json.dumps({"score": float(SECRET), "failure": SECRET}))
        reported = [experiment.id for experiment in await writing.experiments(lab.lab) if experiment.purpose == "report"]
        names = {"{reported}": reported[0], "{run}": str(runs / f"{reported[0]}-1"), "{runs}": str(runs)}

        with (tmp_path / "labhand.toml").open("a", encoding="utf-8") as settings:
            settings.write("\n[literature]\nsources = []\n")
        async with Client(build(LabHandle(tmp_path, "tester")), raise_exceptions=True) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} <= set(ASKED)
            told = [str(await client.call_tool(tool, _filled(asked, names))) for tool in ASKED for asked in ASKED[tool]]
            told += [await _read(client, uri) for uri in await _uris(client, reported[0])]

    assert len(told) > 30
    assert not [answer for answer in told if SECRET[:6] in answer]
    assert sum("trained" in answer for answer in told) >= 2  # the folders were read


def _filled(asked: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(asked)
    for name, meaning in names.items():
        text = text.replace(name, meaning)
    filled: dict[str, Any] = json.loads(text)
    return filled


async def _uris(client: Client, experiment: str) -> list[str]:
    listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
    templates = [template.uri_template for template in (await client.list_resource_templates()).resource_templates]
    return listed + [template.replace("{id}", experiment).replace("{after}", "e0001") for template in templates]


async def _read(client: Client, uri: str) -> str:
    contents = (await client.read_resource(uri)).contents
    return "\n".join(part.text for part in contents if isinstance(part, TextResourceContents | TextContent))
