"""The runner's clocks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from labhand.trainer.clock import WALL_EXTRA, WALL_FACTOR, Clock


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


@pytest.mark.parametrize(("left", "cores", "look"), [(100, 1, 0.25), (0.2, 1, 0.2), (0.2, 4, 0.05), (0.001, 1, 0.01), (-1, 1, 0.01)])
def test_it_looks_often_only_when_the_end_is_near(left: float, cores: int, look: float) -> None:
    times = Times()
    clock = times.clock(100, cores)
    times.cpu += 100 - left
    assert clock.next_look() == pytest.approx(look)


BURN = "import time\nwhile time.process_time() < 0.3: pass"
MEASURE = f"""
import os, signal, subprocess, sys, time
adopt_orphans()
clock = TreeClock()
{{how}}
deadline = time.monotonic() + 30
while children(os.getpid()) and time.monotonic() < deadline:
    clock.seconds()
    while children(os.getpid()) and os.waitpid(-1, os.WNOHANG)[0]: pass
    time.sleep(0.005)
print(clock.seconds())
"""


@pytest.mark.parametrize(
    "how",
    [
        f"subprocess.Popen([sys.executable, '-c', {BURN!r}])",
        f"subprocess.Popen([sys.executable, '-c', 'import os, sys\\nif os.fork() == 0: exec({BURN!r})\\nelse: os.wait()'])",
        f"subprocess.Popen([sys.executable, '-c', 'import os, sys\\nif os.fork() == 0:\\n os.setsid()\\n exec({BURN!r})'])",
        "subprocess.Popen([sys.executable, '-c', 'import os, signal, time\\nsignal.signal(17, signal.SIG_IGN)\\n"
        f"if os.fork() == 0: exec({BURN!r})\\nelse: time.sleep(1)'])",
    ],
    ids=["child", "grandchild", "daemon", "unreaped"],
)
def test_all_time_of_a_tree_counts(how: str) -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE.format(how=how)], capture_output=True, text=True, check=True)
    assert 0.28 < float(done.stdout) < 0.6
