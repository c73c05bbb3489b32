"""The five steps at the beginning of docs/trainers.md lead from foreign code to a validated result, as they are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest
from labhand.tools.app import build
from labhand.tools.lab_context import LabHandle
from mcp import Client

from ..tools.calls import data, prose
from .markdown import blocks, console_blocks
from .test_readme import call_in

PAGE = Path(__file__).parents[2] / "docs" / "trainers.md"
MAX_WAITS = 30


async def wait_for_all(client: Client) -> None:
    """Wait until nothing is pending, replicates that the lab adds included."""
    for _ in range(MAX_WAITS):
        answer = await data(client, "wait", after="0", timeout_seconds=10)
        if any("state" in row for row in answer.get("validations", ())):
            await data(client, "wait", after=answer["cursor"], timeout_seconds=10)  # for the gain
        elif "pending" not in answer:
            return
    raise AssertionError("not finished")


def init_as_the_page_shows(folder: Path) -> None:
    """Step 1 and step 2: write the script, run the command, and compare the file that it wrote."""
    (folder / "curve").mkdir()
    (folder / "curve" / "train.py").write_text(blocks(PAGE, "py")[0], "utf-8")
    ((command, *_), *_) = console_blocks(PAGE)
    program, *words = command.split()
    assert program == "labhand"
    run = [sys.executable, "-m", "labhand.server.main", *words]
    done = subprocess.run(run, cwd=folder, capture_output=True, encoding="utf-8", timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "First result: val_loss = " in done.stderr
    toml = (folder / "curve" / "trainer.toml").read_text("utf-8")
    for line in next(text for text in blocks(PAGE, "text") if "{seed}" in text).splitlines():
        assert line in toml.splitlines()
    assert sorted(path.name for path in (folder / "curve").iterdir()) == ["train.py", "trainer.toml"]


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_five_steps_lead_to_a_validated_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    await anyio.to_thread.run_sync(init_as_the_page_shows, tmp_path)
    _, *calls = blocks(PAGE, "py")
    baseline, grid, validation = map(call_in, calls)
    async with Client(build(LabHandle(tmp_path / "lab", "reader"))) as client:
        assert "lr = 0.02" in await prose(client, "read_source")
        await data(client, baseline[0], **baseline[1])
        await data(client, grid[0], **grid[1])
        await wait_for_all(client)
        rows = (await data(client, "get_results", limit=50))["rows"]
        best = rows[0]["id"]
        assert rows[0]["changes"] == "lr 0.02→0.1"
        assert (validation[0], list(validation[1])) == ("validate", ["ids"])
        await data(client, validation[0], ids=[best])
        await wait_for_all(client)
        verdicts = {row["id"]: row.get("verdict") for row in (await data(client, "get_results", ids=[best]))["rows"]}
    assert verdicts[best] == "confirmed"
