"""A lab's data folder: hidden from git, and one for all worktrees of a repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..errors import ConflictError
from ..settings import DATABASE, FOLDER, Settings, data_folder
from ..source import git

GITIGNORE = ".gitignore"
_WORKTREE = b"worktree "


def hide_from_git(root: Path, folder: Path) -> None:
    """Have git ignore the lab's data, whatever the person's own `.gitignore` says.

    Args:
        root: The folder of `labhand.toml`. Its `.labhand` may hold the last good settings although the data lies elsewhere.
        folder: The lab's data folder.
    """
    for place in {folder, root / FOLDER}:
        if place.is_dir():
            with suppress(FileExistsError), (place / GITIGNORE).open("x", encoding="utf-8") as file:
                file.write("*\n")


def refuse_second_lab(root: Path, settings: Settings) -> None:
    """Refuse to make a lab in a git worktree where another worktree of the repository has the lab already.

    A second lab would begin with the whole allowance, and know nothing of what was tried.

    Args:
        root: The folder of `labhand.toml`.
        settings: The settings.

    Raises:
        ConflictError: Another worktree has the lab.
    """
    ours = data_folder(root, settings)
    if (ours / DATABASE).exists():
        return
    for other in _same_folder_in_other_worktrees(root):
        theirs = data_folder(other, settings)
        if theirs.resolve() != ours.resolve() and (theirs / DATABASE).exists():
            raise ConflictError(
                f"{root} is in a git worktree, and the lab of this repository is in {other}. A second one would have a whole"
                " allowance of its own",
                f"Use that lab: --root {other}. For a separate lab, clone the repository instead",
            )


def _same_folder_in_other_worktrees(root: Path) -> Iterator[Path]:
    if not git.may_be_in_repository(root):
        return
    top = git.attempt("rev-parse", "--show-toplevel", cwd=root, isolated=False)
    if top.status:  # a bare repository, or a folder that git doesn't trust
        return
    listed = git.attempt("worktree", "list", "--porcelain", cwd=root, isolated=False)
    here = Path(os.fsdecode(top.output.rstrip(b"\n")))
    inside = root.resolve().relative_to(here.resolve())
    for line in listed.output.splitlines():
        if line.startswith(_WORKTREE) and (other := Path(os.fsdecode(line.removeprefix(_WORKTREE)))) != here:
            yield other / inside
