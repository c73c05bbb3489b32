"""Every command of docs/exports.md does what the page says, on a lab with a confirmed champion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..server.lab.export.stored_lab import put_stored_lab
from .markdown import console_blocks, section, table_rows

PAGE = Path(__file__).parents[2] / "docs" / "exports.md"
BRANCH, FILES, TRACKERS = console_blocks(PAGE)
IN_TRACKERS = ("mlflow", "wandb", "trackio")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository with the trainer and the lab."""
    put_stored_lab(tmp_path)
    who = [["config", "user.name", "Eve"], ["config", "user.email", "eve@example.org"]]
    for words in (["init", "-q"], *who, ["add", "trainer"], ["commit", "-qm", "Mine"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def labhand(place: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the page as it stands there."""
    program, *words = command.split()
    assert program == "labhand"
    return subprocess.run(
        [sys.executable, "-m", "labhand.server.main", *words],
        cwd=place,
        env={**os.environ, "HOME": str(place)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_the_branch_and_the_patch_are_made(place: Path) -> None:
    for command in BRANCH:
        done = labhand(place, command)
        assert done.returncode == 0, done.stderr
    branches = subprocess.run(["git", "branch", "--list"], cwd=place, check=True, capture_output=True, text=True).stdout
    assert "deeper-model" in branches
    assert "labhand/e0" in branches
    assert (place / "champion.patch").read_text("utf-8").startswith("diff --git")


@pytest.mark.slow
def test_the_files_are_written(place: Path) -> None:
    for command in FILES:
        done = labhand(place, command)
        assert done.returncode == 0, done.stderr
        assert (place / command.split()[-1]).stat().st_size > 1000
    assert json.loads((place / "results.jsonl").read_text("utf-8").splitlines()[0])["id"] == "e0001"


@pytest.mark.slow
@pytest.mark.parametrize("command", TRACKERS)
def test_the_command_of_a_tracker_says_what_to_install_where_it_is_missing(place: Path, command: str) -> None:
    # The environment of the tests has none of them. tests/packaging/test_extras.py runs each where it is installed.
    tracker = command.split()[2]
    done = labhand(place, command)
    said = " ".join(done.stderr.split())
    assert done.returncode == 2, said
    assert f"{tracker} can't be imported in labhand's environment" in said
    assert f"labhand[{tracker}]" in said
    assert f"-m pip install '{'mlflow-skinny' if tracker == 'mlflow' else tracker}<" in said


def test_the_page_has_a_command_for_each_tracker_and_names_each_extra() -> None:
    assert tuple(command.split()[2] for command in TRACKERS) == IN_TRACKERS
    named = [row[1].strip("`") for row in table_rows(section(PAGE, "What to install"))]
    assert named == ["labhand[parquet]", *(f"labhand[{tracker}]" for tracker in IN_TRACKERS)]
