"""Whatever the README shows is executed: here, by the tests with real clients, or by CI itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .markdown import console_blocks

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")


def shown(program: str) -> list[list[str]]:
    """The console blocks whose first command is of a program."""
    found = [block for page in PAGES for block in console_blocks(ROOT / page)]
    return [block for block in found if block[0].split()[0] == program]


def recipe(*targets: str) -> list[str]:
    """What make would do for these targets, in an environment of its own."""
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", *targets]
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.splitlines()


def targets_of_ci() -> list[str]:
    lines = re.findall(r"^make ((?:-*[a-z-]+ ?)+)", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    return [word for line in lines for word in str(line).split() if not word.startswith("-")]


@pytest.mark.parametrize("block", shown("make"), ids=lambda block: block[0])
def test_ci_runs_what_the_pages_tell_people_to_make(block: list[str]) -> None:
    everything = recipe(*targets_of_ci())

    for command in block:
        assert set(recipe(*command.split()[1:])) <= set(everything)


def test_the_tests_with_real_clients_run_what_the_readme_shows_of_claude() -> None:
    (block,) = shown("claude")

    assert [command.split()[:4] for command in block] == [["claude", "mcp", "add", "labhand"]]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("block", shown("."), ids=lambda block: block[1])
def test_the_commands_do_what_the_readme_shows(block: list[str], tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    script = "set -e\n" + "\n".join(block)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_block_of_the_pages_is_left_out() -> None:
    tested = [*shown("make"), *shown("claude"), *shown(".")]

    assert len(tested) == sum(len(console_blocks(ROOT / page)) for page in PAGES)
