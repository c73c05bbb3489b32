"""A run that is lost leaves its checkpoint to the next run of the same experiment, and to no other."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.lab.lab import Lab

from ....waiting import until
from .. import support

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TRAINER = """
name = "resumable"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_loss"
source = "output"
[budget]
cpu_seconds = 30
[checkpoint]
path = "out/checkpoints"
"""
TRAIN = """
import json
import os
import time
from pathlib import Path

PAUSE_AT = 3
place = Path("out/checkpoints")
step = 0
if resumed := os.environ.get("LABHAND_RESUME_FROM"):
    assert Path(resumed) == place.absolute()
    step = json.loads((place / "last.json").read_text())["step"]
    print("resumed at", step, "used", os.environ["LABHAND_USED_SECONDS"])
place.mkdir(parents=True, exist_ok=True)
while step < 6:
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    step += 1
    Path("half").write_text(json.dumps({"step": step}))
    os.replace("half", place / "last.json")
    if step == PAUSE_AT and not resumed:
        time.sleep(600)
print("val_loss: 1.5")
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with support.lab_of_code(tmp_path, TRAINER, TRAIN, slots=1) as opened:
        yield opened


async def _tick_until_step(lab: Lab, loop: Dispatcher, run: str, step: int) -> None:
    """Tick until a run has left the checkpoint of a step, and its runner has written down what was used by then."""
    folder = support.folder_of(lab, run)

    async def is_there() -> bool:
        await loop.tick()
        file = folder / "work" / "out" / "checkpoints" / "last.json"
        # A record that was written after the file: the file's last change is in it.
        record = folder / "checkpoint.json"
        if not (file.exists() and record.exists()) or record.stat().st_mtime_ns <= file.stat().st_mtime_ns:
            return False
        return bool(json.loads(file.read_text("utf-8"))["step"] == step)

    await until(is_there)


async def test_a_run_whose_runner_was_killed_is_gone_on_with(lab: Lab) -> None:
    [first, second] = await support.queue_source(lab, TRAIN + "\n", 2)
    async with support.loop(lab) as loop:
        await _tick_until_step(lab, loop, "e0001-1", 3)
        recorded = json.loads((support.folder_of(lab, "e0001-1") / "checkpoint.json").read_text("utf-8"))["seconds"]
        os.kill(support.runner_of(lab, "e0001-1"), signal.SIGKILL)
        await until(lambda: _tick(loop, lambda: (support.folder_of(lab, "e0001-2") / "result.json").exists()))
        # The other experiment, of the same source, begins anew.
        await _tick_until_step(lab, loop, "e0002-1", 3)
        await support.ask_to_end(lab, [second])
        await support.tick_until_idle(loop)
    result = support.result_of(lab, "e0001-2")
    assert result["status"] == "succeeded", result["failure"]
    assert result["resumed_from"] == "e0001-1"
    log = (support.folder_of(lab, "e0001-2") / "log.txt").read_text("utf-8")
    assert "resumed at 3" in log
    assert 0.9 <= recorded < 3.0  # three steps of 0.3 s of CPU time, and the start of Python
    assert result["seconds"]["resumed"] == pytest.approx(recorded, abs=0.01)
    assert result["seconds"]["training"] >= recorded + 0.9
    assert (await support.experiment(lab, first)).result["resumed_from"] == "e0001-1"
    assert "resumed" not in (support.folder_of(lab, "e0002-1") / "log.txt").read_text("utf-8")


async def _tick(loop: Dispatcher, holds: Any) -> bool:  # noqa: ANN401
    await loop.tick()
    return bool(holds())
