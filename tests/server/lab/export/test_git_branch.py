"""A confirmed source becomes a branch of the person's repository, whose working tree, index and HEAD stay as they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from labhand.server.errors import BadInputError, ConflictError
from labhand.server.lab import references
from labhand.server.lab.export.git_branch import export_branch, patch_of
from labhand.server.lab.export.person_repository import PersonRepository
from labhand.server.lab.lab import Lab
from labhand.server.source.trainer_folder import built_in

from ..writing import lay_out
from .stored_lab import put_stored_lab

pytestmark = pytest.mark.anyio


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Eve", "-c", "user.email=eve@example.org"]
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
async def repository(tmp_path: Path) -> Path:
    """A person's repository with the trainer in a folder of it, one uncommitted file, and one that is staged."""
    place = tmp_path / "project"
    place.mkdir()
    lay_out(place, toml="budget_seconds = 0.2")
    git(place, "init", "--quiet", "--initial-branch=trunk")
    git(place, "config", "user.name", "Eve")
    git(place, "config", "user.email", "eve@example.org")
    git(place, "add", "trainer")
    git(place, "commit", "--quiet", "-m", "Mine")
    (place / "notes.txt").write_text("not committed")
    (place / "staged.txt").write_text("staged")
    git(place, "add", "staged.txt")
    return place


@pytest.fixture
async def lab(repository: Path) -> AsyncGenerator[Lab]:
    """A lab with a confirmed champion."""
    put_stored_lab(repository)
    opened = await Lab.open(repository, wake=lambda _: None)
    yield opened
    await opened.close()


async def test_the_champion_becomes_a_branch_and_nothing_else_changes(lab: Lab, repository: Path) -> None:
    before = (git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain"))
    made = await export_branch(lab, "champion")
    assert (git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain")) == before

    assert made.branch.startswith("labhand/e0")
    assert made.files == ["trainer/train.py"]
    assert git(repository, "rev-parse", f"{made.branch}^") == before[0]
    assert git(repository, "diff", "--name-only", "HEAD", made.branch).split() == ["trainer/train.py"]
    source = git(repository, "show", f"{made.branch}:trainer/train.py")
    assert source != (repository / "trainer" / "train.py").read_text()
    message = git(repository, "log", "-1", "--format=%B", made.branch)
    assert "Gain over the baseline: +" in message
    assert "v001: confirmed against baseline, p = " in message
    assert f"labhand-experiment: {made.branch.removeprefix('labhand/')}" in message
    assert git(repository, "log", "-1", "--format=%an", made.branch).strip() == "Eve"


async def test_the_message_says_how_to_reproduce_it(lab: Lab, repository: Path) -> None:
    made = await export_branch(lab, "champion")
    experiment = await references.find_experiment(lab, made.branch.removeprefix("labhand/"))
    lines = git(repository, "log", "-1", "--format=%B", made.branch).splitlines()
    place = lines.index("How to reproduce, in the trainer's folder of this commit:")
    variables = f"LABHAND_SEED={experiment.seed} LABHAND_BUDGET_SECONDS={experiment.budget_seconds:g}"
    assert lines[place + 2].startswith(f"    {variables} ")
    assert lines[place + 2].split()[2:] == list(lab.trainer.file.command)
    [pairs] = [line for line in lines if line.startswith("Seeds of the pairs of v001: ")]
    row = await lab.db.row("SELECT seed FROM experiments JOIN pairs ON candidate = number LIMIT 1")
    assert row is not None
    assert str(row["seed"]) in pairs


async def test_the_command_of_the_message_gives_the_same_score(lab: Lab, repository: Path, tmp_path: Path) -> None:
    made = await export_branch(lab, "champion")
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "again"), made.branch)
    [line] = [line for line in made.message.splitlines() if line.startswith("    LABHAND_SEED=")]
    command = line.replace(" python ", f" {sys.executable} ", 1)
    done = await anyio.run_process(["bash", "-c", command], cwd=tmp_path / "again" / "trainer")
    experiment = await references.find_experiment(lab, made.branch.removeprefix("labhand/"))
    assert f"val_loss: {experiment.score:.6f}" in done.stdout.decode()


async def test_a_branch_of_a_built_in_trainer_is_not_made_in_labhands_own_checkout(lab: Lab) -> None:
    own = replace(lab.trainer, folder=built_in() / "gpt", file=replace(lab.trainer.file, name="gpt"))
    lab.in_force.trainer = own
    with pytest.raises(BadInputError, match=r"is labhand's own.*labhand init --copy.*--patch champion\.patch"):
        await export_branch(lab, "champion")


async def test_a_patch_applies_to_the_trainers_folder(lab: Lab, repository: Path) -> None:
    patch = repository / "champion.patch"
    patch.write_text(await patch_of(lab, "champion"))
    git(repository / "trainer", "apply", "--directory=trainer", str(patch))
    made = await export_branch(lab, "champion")
    assert (repository / "trainer" / "train.py").read_text() == git(repository, "show", f"{made.branch}:trainer/train.py")


async def test_a_branch_that_exists_is_not_overwritten(lab: Lab, repository: Path) -> None:
    git(repository, "branch", "mine")
    with pytest.raises(ConflictError, match="has a branch mine already"):
        await export_branch(lab, "champion", "mine")
    assert (await export_branch(lab, "champion", "deeper/model")).branch == "deeper/model"


@pytest.mark.parametrize("name", ["-x", "a b", "a..b/", "/x", "a.lock"])
async def test_a_name_that_git_refuses_makes_nothing(lab: Lab, repository: Path, name: str) -> None:
    with pytest.raises(BadInputError):
        await export_branch(lab, "champion", name)
    assert git(repository, "branch", "--list").split() == ["*", "trunk"]


async def test_what_the_person_has_changed_meanwhile_is_not_undone(lab: Lab, repository: Path) -> None:
    train = repository / "trainer" / "train.py"
    train.write_text(train.read_text() + "# mine\n")
    git(repository, "commit", "--quiet", "-am", "A change of mine")
    with pytest.raises(ConflictError, match=r"HEAD of .* and the lab's baseline differ in train\.py"):
        await export_branch(lab, "champion")


async def test_what_is_not_confirmed_or_in_no_repository_is_refused(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="baseline is not confirmed"):
        await export_branch(lab, "baseline")
    with pytest.raises(BadInputError, match=r"e0001 is not confirmed.*validate\("):
        await export_branch(lab, "e0001")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(BadInputError, match="is in no git repository"):
        await export_branch(lab, "champion", repository=elsewhere)
    with pytest.raises(BadInputError, match="is no folder"):
        await export_branch(lab, "champion", repository=elsewhere / "file")


async def test_line_ends_that_git_converts_are_no_difference(repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.py text\n")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "--quiet", "-m", "Line ends")
    before = {"train.py": (repository / "trainer" / "train.py").read_bytes().replace(b"\n", b"\r\n")}
    commit = PersonRepository.around(repository / "trainer").add_branch("ends", before, {"train.py": b"x\r\n"}, "m\n")
    assert git(repository, "show", f"{commit}:trainer/train.py") == "x\n"


@pytest.mark.parametrize("path", ["sub/new.py", "sub", "train.py/new.py", "."])
async def test_a_submodule_a_folder_or_a_file_in_the_way_is_not_removed(repository: Path, path: str) -> None:
    head = git(repository, "rev-parse", "HEAD").strip()
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},trainer/sub")
    git(repository, "commit", "--quiet", "-m", "A submodule")
    target = PersonRepository.around(repository / "trainer")
    with pytest.raises(ConflictError, match="where the branch would have to put"):
        target.add_branch("new", {path: None}, {path: b"new"}, "m\n")
    assert git(repository, "branch", "--list").split() == ["*", "trunk"]
