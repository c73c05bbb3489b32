"""Every benchmark can be started, and the benchmark that reaches into the runner still finds what it replaces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]
BENCHMARKS = REPOSITORY / "benchmarks"
COMMANDS = [
    *(
        [f"benchmarks/{path.name}"]
        for path in sorted(BENCHMARKS.glob("*.py"))
        if path.name not in {"__init__.py", "undefended.py"}
    ),
    *(["-m", f"benchmarks.{path.parent.name}"] for path in sorted(BENCHMARKS.glob("*/__main__.py"))),
]


def run(*arguments: str, timeout: float) -> str:
    """Returns what a program prints; fails if the program fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_benchmark_says_how_it_is_used(command: list[str]) -> None:
    assert "usage:" in run(*command, "--help", timeout=120)


def test_the_overhead_of_the_defences_is_measured_against_a_runner_without_them() -> None:
    lines = run("benchmarks/integrity.py", "overhead", "--count", "2", "--budget", "1", timeout=300).splitlines()
    ratios = {line[:18].strip(): float(line[18:].split()[0]) for line in lines[1:]}
    assert ratios["evaluation, s"] > 1
    assert ratios["score"] == pytest.approx(1, abs=0.1)
