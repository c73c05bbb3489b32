"""Everything that the README shows is executed: here, by the tests with real clients, or by CI."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from labhand.tools.app import build
from labhand.tools.lab_context import LabHandle
from mcp import Client

from ..tools.calls import data, finished
from .markdown import blocks, console_blocks

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")


def shown(program: str) -> list[list[str]]:
    """The console blocks whose first command runs a program."""
    all_blocks = [block for page in PAGES for block in console_blocks(ROOT / page)]
    return [block for block in all_blocks if block[0].split()[0] == program]


def recipe(*targets: str) -> list[str]:
    """The commands that make would run for these targets, with an environment that has PATH only."""
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


def call_in(code: str) -> tuple[str, dict[str, Any]]:
    """A tool call that is written in Python: the tool's name and its arguments."""
    call = ast.parse(code.strip(), mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    return call.func.id, {argument.arg: ast.literal_eval(argument.value) for argument in call.keywords if argument.arg}


def all_keys(answer: object) -> Iterator[str]:
    """Every key of an answer at any depth: what all rows share moves from the rows to `common`."""
    if isinstance(answer, dict):
        for key, value in cast("dict[str, object]", answer).items():
            yield key
            yield from all_keys(value)
    elif isinstance(answer, list):
        for value in cast("list[object]", answer):
            yield from all_keys(value)


@pytest.mark.anyio
@pytest.mark.timeout(120)
async def test_a_lab_on_simulated_gpus_answers_as_the_readme_shows(tmp_path: Path) -> None:
    readme = ROOT / "README.md"
    (launch,), (shown_answer,) = blocks(readme, "python"), blocks(readme, "json")
    (results,) = re.findall(r"`(get_results\(.+\))`", readme.read_text("utf-8"))
    (tmp_path / "labhand.toml").write_text(
        'trainer = "gpt"\n[pools.h200]\nbackend = "simulated"\ngpu = "H200"\ncount = 3\n', "utf-8"
    )

    async with Client(build(LabHandle(tmp_path, "reader"))) as client:
        tool, arguments = call_in(launch)
        launched = await data(client, tool, **arguments)
        await finished(client, launched["grid"], *launched["baseline"])
        tool, arguments = call_in(results)
        answer = await data(client, tool, **arguments)

    assert set(all_keys(answer)) == set(all_keys(json.loads(shown_answer)))


def test_no_block_of_the_pages_is_left_out() -> None:
    tested = [*shown("make"), *shown("claude"), *shown(".")]

    assert len(tested) == sum(len(console_blocks(ROOT / page)) for page in PAGES)
