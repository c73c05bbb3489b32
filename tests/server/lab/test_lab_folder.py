"""A lab in a git repository: its data is never committed, and all worktrees have one lab."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from labhand.server.errors import ConflictError
from labhand.server.lab.lab import Lab

from . import writing

pytestmark = pytest.mark.anyio


def _git(at: Path, *arguments: object) -> str:
    identity = ["-c", "user.name=me", "-c", "user.email=me@localhost"]
    command = ["git", *identity, *map(str, arguments)]
    return subprocess.run(command, check=True, timeout=120, cwd=at, capture_output=True, text=True).stdout


def _repository(root: Path) -> Path:
    """A repository that tracks a lab's settings and trainer."""
    root.mkdir()
    writing.lay_out(root)
    _git(root, "init", "-q")
    _git(root, "add", ".")
    _git(root, "commit", "-q", "-m", "a lab")
    return root


async def _open(root: Path) -> Lab:
    return await Lab.open(root, wake=lambda _: None)


async def test_git_never_sees_what_a_lab_stores(tmp_path: Path) -> None:
    root = _repository(tmp_path / "repo")
    lab = await _open(root)
    await lab.close()
    assert (root / ".labhand" / "lab.db").exists()
    assert _git(root, "status", "--porcelain") == ""
    _git(root, "add", "-A")
    assert ".labhand" not in _git(root, "ls-files")


async def test_a_linked_worktree_is_not_a_second_lab_with_a_fresh_allowance(tmp_path: Path) -> None:
    root = _repository(tmp_path / "repo")
    lab = await _open(root)
    await lab.close()
    _git(root, "worktree", "add", "-q", tmp_path / "linked")
    with pytest.raises(ConflictError, match=f"the lab of this repository is in {root}.*--root {root}"):
        await _open(tmp_path / "linked")
    assert not (tmp_path / "linked" / ".labhand" / "lab.db").exists()


async def test_nor_is_the_main_worktree_where_a_linked_one_has_the_lab(tmp_path: Path) -> None:
    root = _repository(tmp_path / "repo")
    _git(root, "worktree", "add", "-q", tmp_path / "linked")
    lab = await _open(tmp_path / "linked")
    await lab.close()
    with pytest.raises(ConflictError, match="the lab of this repository is in"):
        await _open(root)


async def test_a_lab_below_the_top_of_a_worktree_is_found_in_the_other_one(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    _git(repo, "init", "-q")
    below = repo / "research"
    below.mkdir()
    writing.lay_out(below)
    _git(repo, "add", ".")
    _git(repo, "commit", "-q", "-m", "a lab")
    lab = await _open(below)
    await lab.close()
    _git(repo, "worktree", "add", "-q", tmp_path / "linked")
    with pytest.raises(ConflictError, match=f"--root {below}"):
        await _open(tmp_path / "linked" / "research")


async def test_worktrees_that_name_one_data_folder_share_the_lab(tmp_path: Path) -> None:
    root = _repository(tmp_path / "repo")
    settings = (root / "labhand.toml").read_text("utf-8")
    (root / "labhand.toml").write_text(f'data_dir = "{tmp_path / "data"}"\n{settings}', "utf-8")
    lab = await _open(root)
    await lab.close()
    _git(root, "worktree", "add", "-q", tmp_path / "linked")
    shutil.copyfile(root / "labhand.toml", tmp_path / "linked" / "labhand.toml")
    linked = await _open(tmp_path / "linked")
    assert linked.identity == lab.identity
    await linked.close()
