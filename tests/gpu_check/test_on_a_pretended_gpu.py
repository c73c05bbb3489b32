"""What the check does on a GPU and not on a CPU, with a program called nvidia-smi that answers for one. No GPU is used.

The program lists the processes that work in the check's folder, and counts 600 MiB for each of those that hold memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhand.server.backends.local.slots import Slots
from labhand.server.machine import Devices

from benchmarks.gpu_check import orphan, two_experiments
from benchmarks.gpu_check.bench import Bench
from benchmarks.gpu_check.report import PartFailedError

pytestmark = pytest.mark.slow
DRIVER = """#!PYTHON
import os, sys

def link(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd"), open(f"/proc/{pid}/cmdline").read()
    except OSError:
        return "", ""

found = {pid: link(pid) for pid in os.listdir("/proc") if pid.isdecimal()}
here = {pid: words for pid, (place, words) in found.items() if place.startswith("PLACE")}
holding = [pid for pid, words in here.items() if "bytearray" in words and "subprocess" not in words]
if "--query-gpu=index,name,memory.total,driver_version" in sys.argv:
    print("0, NVIDIA H100 80GB HBM3, 81559, 580.1")
elif "--query-gpu=memory.used" in sys.argv:
    print(10 + 600 * len(holding))
elif IS_TOLD and "--query-compute-apps=pid,used_memory" in sys.argv:
    print("\\n".join(f"{pid}, 600" for pid in here))
"""
BESIDE = "import time\ntime.sleep(1.8)\nprint('score: 1')\n"


@pytest.fixture(params=[True, False], ids=["the driver lists processes", "within a container"])
def is_told(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool) -> Iterator[Bench]:  # noqa: FBT001
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    script = DRIVER.replace("PYTHON", sys.executable).replace("PLACE", f"{tmp_path}/check/").replace("IS_TOLD", str(is_told))
    program.write_text(script, "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    devices = Devices("H100-SXM", (0,), "wall")
    slot = Slots(devices.kind, devices.indices).take(tmp_path / "check")
    yield Bench(devices, slot, tmp_path / "check", seconds=1.0, characters=1)
    slot.release()


@pytest.fixture
def without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that hold memory hold the processor's."""
    for name in ("HOLD", "LEAVE"):
        monkeypatch.setattr(orphan, name, getattr(orphan, name).replace('"cuda"', '"none"').replace("mib << 20", "8 << 20"))
    monkeypatch.setattr(orphan, "BESIDE", BESIDE)
    monkeypatch.setattr(orphan, "BESIDE_SECONDS", 2.0)
    monkeypatch.setattr(two_experiments, "SECONDS", {"cuda": 2.0})
    monkeypatch.setattr(two_experiments, "SPY", two_experiments.SPY.replace('"cuda" in', '"none" in'))


@pytest.mark.usefixtures("without_cuda")
def test_an_orphan_is_seen_in_the_memory_flagged_in_a_run_beside_it_and_ended(bench: Bench, *, is_told: bool) -> None:
    found = orphan.orphan(bench)
    assert found.figures["memory_in_use_rose_by_mib"] == 600
    assert found.figures["flags_of_a_run_beside_it"] == (["shared_gpu"] if is_told else [])
    assert ("can't be flagged" in found.why) is not is_told
    assert orphan.used_mib(bench) == 10


@pytest.mark.usefixtures("without_cuda")
def test_an_orphan_that_a_run_beside_it_says_nothing_of_fails_the_part(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, is_told: bool
) -> None:
    if not is_told:
        monkeypatch.setattr(orphan, "HELD_MIB", {"cuda": 4096})  # the driver counts 600
    monkeypatch.setattr(orphan, "BESIDE", "print('score: 1')")  # it is over before the driver is queried
    with pytest.raises(PartFailedError, match="isn't flagged shared_gpu" if is_told else "doesn't count the memory"):
        orphan.orphan(bench)


@pytest.mark.usefixtures("without_cuda")
def test_two_experiments_on_one_gpu_are_flagged_as_far_as_the_driver_tells_them_apart(bench: Bench, *, is_told: bool) -> None:
    found = two_experiments.two_experiments(bench)
    assert found.figures["slots"] == 1
    assert found.figures["flags"] == (["shared_gpu"] if is_told else [])
    assert "labhand itself refuses a second experiment" in found.why
    assert ("didn't tell the two apart" in found.why) is not is_told
