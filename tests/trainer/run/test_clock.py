"""The runner's clocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from labhand.trainer.run.clock import WALL_EXTRA, WALL_FACTOR, Clock


class Times:
    """CPU and wall clock as a test sets them."""

    def __init__(self) -> None:
        self.cpu = 5.0
        self.wall = 100.0

    def clock(self, limit: float, cores: int = 1) -> Clock:
        return Clock(limit, lambda: self.cpu, cores, lambda: self.wall)


def test_cpu_time_is_what_counts_where_it_governs() -> None:
    times = Times()
    clock = times.clock(10)
    times.cpu, times.wall = 9.0, 130.0
    assert (clock.used(), clock.wall(), clock.left()) == (4, 30, 6)


def test_a_sleeper_meets_the_cap_on_wall_clock() -> None:
    times = Times()
    clock = times.clock(10)
    times.wall += WALL_FACTOR * 10 + WALL_EXTRA + 1
    assert clock.used() == 0
    assert clock.left() == -1


def test_wall_clock_has_no_cap_but_its_limit() -> None:
    times = Times()
    clock = Clock(300, now=lambda: times.wall)
    times.wall += 299
    assert (clock.used(), clock.left()) == (299, 1)


@pytest.mark.parametrize(("left", "cores", "look"), [(100, 1, 0.25), (0.2, 1, 0.2), (0.2, 4, 0.05), (-1, 1, 0.01)])
def test_it_looks_often_only_when_the_end_is_near(left: float, cores: int, look: float) -> None:
    times = Times()
    clock = times.clock(100, cores)
    times.cpu += 100 - left
    assert clock.next_look() == pytest.approx(look)


MEASURE = """
import os, subprocess, sys, time
from labhand.trainer.sandbox.kernel import adopt_orphans
from labhand.trainer.sandbox.processes import TreeClock, children
adopt_orphans()
clock = TreeClock()
tree = subprocess.Popen([sys.executable, "tree.py"])
while children(os.getpid()):
    clock.seconds()
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError:
        break
    time.sleep(0.005)
print(clock.seconds())
tree.returncode = 0
"""
BURN = """
import os, signal, time
def burn():
    before = time.process_time()
    while time.process_time() - before < 0.3: pass
"""


@pytest.mark.parametrize(
    "tree",
    [
        "burn()",
        "if os.fork() == 0: burn()\nelse: os.wait()",
        "if os.fork() == 0:\n    os.setsid()\n    burn()",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nif os.fork() == 0: burn()\nelse: time.sleep(1)",
    ],
    ids=["child", "grandchild", "daemon", "unreaped"],
)
def test_all_time_of_a_tree_counts(tmp_path: Path, tree: str) -> None:
    (tmp_path / "tree.py").write_text(BURN + tree)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    assert 0.28 < float(done.stdout) < 0.6
