"""A host on this machine: what it says, and what it takes over."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .wheels import write_wheel

PARABOLA = Path(__file__).parents[1] / "trainers" / "parabola"
MARK = "@labhand "
PATIENCE_SECONDS = 120.0


class AHost:
    """A host that runs, and what it has said."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def events(self) -> list[dict[str, Any]]:
        lines = self._log.read_text("utf-8").splitlines()
        return [json.loads(line.removeprefix(MARK)) for line in lines if line.startswith(MARK)]

    def until(self, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first event that holds, as soon as there is one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if found := next((happened for happened in self.events() if holds(happened)), None):
                return found
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError(self._log.read_text("utf-8"))

    def until_result(self, run: str) -> dict[str, Any]:
        """A run's result."""
        found: dict[str, Any] = self.until(lambda happened: happened.get("run") == run and "result" in happened)["result"]
        return found

    def until_phase(self, run: str, phase: str) -> dict[str, Any]:
        """The line that says so."""
        return self.until(lambda happened: (happened.get("run"), happened.get("phase")) == (run, phase))


@contextmanager
def host(spool: Path, *options: str, gpus: int = 2) -> Generator[AHost]:
    """Be a spool's host."""
    log = spool.parent / f"host-{len(list(spool.parent.glob('host-*')))}.log"
    command = [sys.executable, "-P", "-m", "labhand.trainer.host", str(spool), "--gpus", str(gpus), "--linger", "1", *options]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        yield AHost(process, log)
    finally:
        process.kill()
        process.wait()


def put(spool: Path, run: str, order: float = 0.0, **knobs: object) -> Path:
    """Deliver a run."""
    arriving = spool.parent / "arriving" / run
    shutil.copytree(PARABOLA, arriving / "source")
    script = arriving / "source" / "train.py"
    text = script.read_text("utf-8")
    for knob, value in knobs.items():
        text = text.replace(f"{knob} = {'False' if knob == 'FAIL' else '0.02'}", f"{knob} = {value}")
    script.write_text(text, "utf-8")
    spec = {"run": run, "experiment": run[:5], "seed": 7, "budget_seconds": 100.0, "clock": "wall", "device": "cuda"}
    (arriving / "spec.json").write_text(json.dumps(spec), "utf-8")
    (arriving / "order").write_text(str(order), "ascii")
    (spool / "runs").mkdir(parents=True, exist_ok=True)
    return arriving.rename(spool / "runs" / run)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """An empty spool."""
    return tmp_path / "spool"


def test_runs_go_to_gpus_in_their_order_and_the_host_ends_when_nothing_comes(spool: Path) -> None:
    for number, order in ((1, 3.0), (2, 1.0), (3, 2.0)):
        put(spool, f"e000{number}-1", order)
    with host(spool, gpus=1) as one:
        for number in (1, 2, 3):
            assert one.until_result(f"e000{number}-1")["status"] == "succeeded"
        assert one.process.wait(PATIENCE_SECONDS) == 0
        told = [happened["run"] for happened in one.events() if "result" in happened]
        assert told == ["e0002-1", "e0003-1", "e0001-1"]
        assert one.events()[-1]["host"] == "idle"
    assert not (spool / "runs" / "e0001-1" / "work").exists()


def test_there_is_one_host(spool: Path) -> None:
    put(spool, "e0001-1", DURATION=60)
    with host(spool) as first:
        first.until_phase("e0001-1", "running")
        with host(spool) as second:
            assert second.process.wait(PATIENCE_SECONDS) == 0
            assert [happened["host"] for happened in second.events()] == ["another one is at work here"]
        _end(spool, "e0001-1")


def test_runs_have_gpus_of_their_own(spool: Path) -> None:
    for run in ("e0001-1", "e0002-1"):
        put(spool, run, DURATION=0.5)
    with host(spool) as one:
        gpus = {one.until_phase(run, "running")["gpu"] for run in ("e0001-1", "e0002-1")}
        assert gpus == {"0", "1"}
        for run in ("e0001-1", "e0002-1"):
            one.until_result(run)


def test_runs_have_groups_of_gpus_of_their_own(spool: Path) -> None:
    for number, run in enumerate(("e0001-1", "e0002-1", "e0003-1")):
        put(spool, run, number, DURATION=0.5)
    with host(spool, "--gpus-per-run", "2", gpus=5) as one:
        gpus = {one.until_phase(run, "running")["gpu"] for run in ("e0001-1", "e0002-1")}
        assert gpus == {"0,1", "2,3"}
        assert next(happened["slots"] for happened in one.events() if "slots" in happened) == ["0,1", "2,3"]
        for run in ("e0001-1", "e0002-1", "e0003-1"):
            one.until_result(run)


def test_what_is_queued_or_runs_can_be_cancelled(spool: Path) -> None:
    for number in (1, 2):
        put(spool, f"e000{number}-1", number, DURATION=60)
    with host(spool, gpus=1) as one:
        one.until_phase("e0001-1", "running")
        for run in ("e0002-1", "e0001-1"):
            (spool / "cancels" / run).touch()
            assert one.until_result(run)["status"] == "cancelled"
        assert list((spool / "cancels").iterdir()) == []


def test_a_host_takes_over_what_another_one_left(spool: Path) -> None:
    put(spool, "e0001-1", DURATION=1.0)
    put(spool, "e0002-1", DURATION=60)
    put(spool, "e0003-1", 1.0)
    with host(spool) as first:
        for run in ("e0001-1", "e0002-1"):
            first.until_phase(run, "running")
    os.kill(int((spool / "runs" / "e0002-1" / "claim").read_text("ascii")), signal.SIGKILL)
    with host(spool) as second:
        assert second.until_result("e0001-1")["status"] == "succeeded"
        assert second.until_result("e0003-1")["status"] == "succeeded"
        assert second.until(lambda happened: happened.get("run") == "e0002-1" and "lost" in happened)
        assert set(second.events()[0]["here"]) == {"e0001-1", "e0002-1", "e0003-1"}


def test_results_are_kept_before_they_are_told(spool: Path, tmp_path: Path) -> None:
    put(spool, "e0001-1")
    put(spool, "e0002-1", FAIL="True")
    with host(spool, "--storage", str(tmp_path / "kept")) as one:
        for run, status in (("e0001-1", "succeeded"), ("e0002-1", "failed")):
            result = one.until_result(run)
            assert result["status"] == status
            assert json.loads((tmp_path / "kept" / run / "result.json").read_text("utf-8")) == result
            assert (tmp_path / "kept" / run / "log.txt").exists()


RESUMABLE = """
import json
import os
import time
from pathlib import Path

place = Path("checkpoints")
resumed = os.environ.get("LABHAND_RESUME_FROM")
step = int((place / "step").read_text()) if resumed else 0
place.mkdir(exist_ok=True)
if not resumed:
    (place / "leak").symlink_to("/etc/passwd")
    (place / "half").write_text("3")
    (place / "half").rename(place / "step")
    print("saved", flush=True)
    time.sleep(600)
assert not (place / "leak").exists(), "a link was followed"
print("val_loss:", step)
"""


@pytest.mark.slow
@pytest.mark.parametrize("has_storage", [False, True])
def test_a_run_goes_on_from_the_checkpoint_of_one_that_was_lost(spool: Path, tmp_path: Path, has_storage: bool) -> None:  # noqa: FBT001
    storage = ["--storage", str(tmp_path / "kept")] if has_storage else []
    first = _put_resumable(spool, "e0001-1")
    with host(spool, *storage, gpus=1) as one:
        saved = (tmp_path / "kept" if has_storage else spool) / "checkpoints" / "e0001" / "whose.json"
        one.until(lambda _: saved.exists())
        pid = int((first / "claim").read_text("ascii"))
        if has_storage:  # the machine is gone, with all that was there
            one.process.kill()
            os.kill(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
            one.until(lambda happened: happened.get("run") == "e0001-1" and "lost" in happened)
    other = tmp_path / "other" / "spool" if has_storage else spool
    other.parent.mkdir(exist_ok=True)
    _put_resumable(other, "e0001-2")
    with host(other, *storage, gpus=1) as two:
        result = two.until_result("e0001-2")
    assert (result["status"], result["score"], result["resumed_from"]) == ("succeeded", 3, "e0001-1"), result
    assert result["seconds"]["resumed"] > 0
    assert not saved.exists()


def _put_resumable(spool: Path, run: str) -> Path:
    folder = put(spool.parent / "building" / "spool", run)
    trainer = folder / "source" / "trainer.toml"
    trainer.write_text(f'{trainer.read_text("utf-8")}\n[checkpoint]\npath = "checkpoints"\n', "utf-8")
    (folder / "source" / "train.py").write_text(RESUMABLE, "utf-8")
    (spool / "runs").mkdir(parents=True, exist_ok=True)
    return folder.rename(spool / "runs" / run)


def _end(spool: Path, run: str) -> None:
    os.kill(int((spool / "runs" / run / "claim").read_text("ascii")), signal.SIGTERM)


def test_a_cluster_makes_the_environment_of_a_trainer_for_itself(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    run = put(spool, "e0001-1")
    write_wheel(run / "source" / "wheels", "tinylab", "1.0", "")
    (run / "source" / "requirements.txt").write_text("--no-index\n--find-links wheels\ntinylab\n")
    (run / "source" / "train.py").write_text("import sys, tinylab\nprint('val_loss: 1')\nprint(sys.executable)\n")
    with (run / "source" / "trainer.toml").open("a") as file:
        file.write('[environment]\nrequirements = "requirements.txt"\n')
    with host(spool) as ours:
        result = ours.until_result("e0001-1")
    assert result["status"] == "succeeded", result
    assert str(tmp_path / "cache" / "environments") in (run / "log.txt").read_text()
    assert result["device"]["environment"].startswith("python-3.")
