"""Runs that start while another is evaluated on their device, and what a run sees of who else is there.

There is no GPU in these tests: a program called nvidia-smi answers for one, and the experiments train on the processor.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..running import BIGRAM, EVALUATED_TRAINER, OUTPUT_TRAINER, RunFolder, eventually, lay_out

BREATHE = 'print("started", flush=True)\n    tokens = session.ready()\n    print("let in", flush=True)'
TOO_BIG = 'print("started", flush=True); raise MemoryError("CUDA out of memory")'


@pytest.fixture
def cache(small_corpus: Path) -> Path:
    """A cache that holds the corpus `texts` beside it."""
    return small_corpus / "cache"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def run_at(place: Path, cache: Path, instead_of_ready: str = BREATHE, **spec: object) -> RunFolder:
    """A run of the bigram trainer."""
    assert "tokens = session.ready()" in BIGRAM
    train = BIGRAM.replace("tokens = session.ready()", instead_of_ready)
    run = lay_out(place / "e0001-1", EVALUATED_TRAINER.format(corpus=cache.parent / "texts", startup=60), train, **spec)
    run.environment["LABHAND_CACHE"] = str(cache)
    return run


@contextmanager
def another_run(gate: Path) -> Generator[int]:
    """Someone else has the device; gives the descriptor by which they hold it."""
    descriptor = os.open(gate, os.O_CREAT | os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.slow
def test_a_run_starts_beside_another_and_trains_when_that_has_ended(tmp_path: Path, cache: Path, gate: Path) -> None:
    run = run_at(tmp_path, cache, gate=str(gate))
    with another_run(gate) as theirs, run.start() as runner:
        eventually(lambda: (run.path / "log.txt").exists() and "started" in run.log())
        assert "let in" not in run.log()
        assert (run.path / "phase").read_text() == "starting"
        fcntl.flock(theirs, fcntl.LOCK_UN)
        assert runner.wait(60) == 0
    result = run.result()
    assert result["status"] == "succeeded"
    assert "let in" in run.log()
    assert result["seconds"]["held"] < result["seconds"]["startup"] + result["seconds"]["training_wall"] + 30


@pytest.mark.slow
def test_only_the_time_that_a_run_has_the_device_to_itself_is_held(tmp_path: Path, cache: Path, gate: Path) -> None:
    run = run_at(tmp_path, cache, gate=str(gate))
    with another_run(gate), run.start() as runner:
        eventually(lambda: (run.path / "log.txt").exists() and "started" in run.log())
        runner.terminate()
        assert runner.wait(60) == 0
    result = run.result()
    assert result["status"] == "cancelled"
    assert result["seconds"]["held"] == 0
    assert "training" not in result["seconds"]


@pytest.mark.slow
def test_a_run_that_finds_the_device_free_holds_it_from_its_claim_on(tmp_path: Path, cache: Path, gate: Path) -> None:
    result = run_at(tmp_path, cache, gate=str(gate)).run()
    assert result["status"] == "succeeded"
    parts = ("startup", "training_wall", "evaluation")
    assert result["seconds"]["held"] > sum(result["seconds"][part] for part in parts)


@pytest.mark.slow
def test_a_run_for_which_there_is_no_memory_beside_another_starts_again_when_it_is_alone(
    tmp_path: Path, cache: Path, gate: Path
) -> None:
    run = run_at(tmp_path, cache, TOO_BIG, gate=str(gate))
    with another_run(gate) as theirs, run.start() as runner:
        eventually(lambda: (run.path / "log.txt").exists() and "out of memory" in run.log())
        fcntl.flock(theirs, fcntl.LOCK_UN)
        assert runner.wait(60) == 0
    assert run.log().splitlines().count("started") == 2
    assert run.result()["failure"]["kind"] == "out_of_memory"
    assert run.result()["seconds"]["held"] > 0


@pytest.mark.slow
def test_a_run_for_which_there_is_no_memory_at_all_fails_at_once(tmp_path: Path, cache: Path, gate: Path) -> None:
    run = run_at(tmp_path, cache, TOO_BIG, gate=str(gate))
    assert run.run()["failure"]["kind"] == "out_of_memory"
    assert run.log().splitlines().count("started") == 1


def test_a_command_that_knows_nothing_of_labhand_waits_before_it_starts(tmp_path: Path, gate: Path) -> None:
    run = lay_out(tmp_path / "e0001-1", OUTPUT_TRAINER, "print('loss: 1.5')", gate=str(gate))
    with another_run(gate) as theirs, run.start() as runner:
        eventually(lambda: (run.path / "phase").exists())
        assert not (run.path / "log.txt").exists() or not run.log()
        fcntl.flock(theirs, fcntl.LOCK_UN)
        assert runner.wait(60) == 0
    assert run.result()["score"] == 1.5


def pretend_gpu(place: Path, run: RunFolder, answers: dict[str, str]) -> str:
    """A PATH on which nvidia-smi gives these answers, PID being the number of a process of the run's experiment."""
    place.mkdir()
    program = place / "nvidia-smi"
    program.write_text(
        f"""#!{sys.executable}
import json, os, sys
def works_there(pid):
    try:
        return os.readlink(f"/proc/{{pid}}/cwd").startswith({str(run.work)!r})
    except OSError:
        return False
pid = next((name for name in os.listdir("/proc") if name.isdecimal() and works_there(name)), "")
for query, answer in json.loads({json.dumps(json.dumps(answers))}).items():
    if f"--query-{{query}}" in sys.argv:
        print(answer.replace("PID", pid))
"""
    )
    program.chmod(0o755)
    return f"{place}:{os.environ['PATH']}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("apps", "flags", "memory"),
    [("PID, 500", [], 500), ("PID, 500\n1, 70", ["shared_gpu"], 500), ("999999999, 80", [], 620), ("", [], 620)],
    ids=["alone", "with someone else", "within a container", "the driver doesn't say"],
)
def test_the_driver_tells_memory_and_who_else_is_there(
    tmp_path: Path, cache: Path, apps: str, flags: list[str], memory: int
) -> None:
    run = run_at(tmp_path, cache, device="cuda", clock="wall", gpu="0", budget_seconds=1.0)
    source = run.source / "train.py"
    source.write_text(source.read_text().replace("4096", "256"))
    answers = {
        "gpu=index,name,memory.total,driver_version": "0, NVIDIA H100 80GB HBM3, 81559, 580.1",
        "compute-apps=pid,used_memory": apps,
    }
    run.environment["PATH"] = pretend_gpu(tmp_path / "bin", run, answers | {"gpu=memory.used": "620"})
    result = run.run()
    assert result["device"] == {"kind": "H100-SXM", "torch": result["device"]["torch"], "driver": "580.1"}
    assert result["flags"] == flags
    assert result["measures"]["peak_memory_bytes"] == memory * 2**20
