"""Which files of a trainer folder git ignores. They never become part of a source: data, weights and secrets lie there.

git is asked as the person's own git would answer, with their global list of ignored files, in each repository on its own:
git answers nothing at all about a list of paths of which one lies in a submodule.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ...trainer.contract.trainer_toml.globs import folders_of
from ..errors import BadInputError
from . import git

_NO_REPOSITORY = "not a git repository"
_SEPARATOR = "\0"
_GITIGNORE = ".gitignore"


def ignored_files(folder: Path, paths: Sequence[str], anchor: str) -> frozenset[str]:
    """Return those of the paths that git ignores; none where the folder is in no repository.

    If git ignores the folder as a whole, as where a trainer is installed, only the rules inside the folder count.

    Args:
        folder: The trainer folder.
        paths: Relative paths of the files below it, and of symlinks to folders.
        anchor: A path that must be part of the source; if it is ignored, the folder is ignored as a whole.

    Raises:
        BadInputError: git can't tell.
    """
    ignored = _ask_each_repository(folder, paths)
    if anchor in ignored:
        with TemporaryDirectory(prefix="labhand-") as empty:
            git.run("init", "--quiet", "--bare", "--template=", empty)
            ignored = _ask(folder, paths, f"--git-dir={empty}", f"--work-tree={folder}")
    links = [path for path in paths if path not in ignored and (folder / path).is_symlink() and (folder / path).is_dir()]
    return ignored | {link for link in links if _is_ignored_as_folder(folder, link)}


def _ask_each_repository(folder: Path, paths: Sequence[str]) -> frozenset[str]:
    nested = _nested_repositories(folder, paths)
    ignored_roots = _ask(folder, sorted(nested)) if nested else frozenset[str]()
    by_root: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_root[_innermost(path, nested)].append(path)
    ignored: set[str] = set()
    for root, inside in by_root.items():
        if any(_is_below(root, outer) for outer in ignored_roots):
            ignored.update(inside)
        elif not root:
            ignored |= _ask(folder, inside)
        else:
            relative = {path.removeprefix(f"{root}/"): path for path in inside}
            ignored |= {relative[path] for path in _ask(folder / root, list(relative))}
    return frozenset(ignored)


def _nested_repositories(folder: Path, paths: Sequence[str]) -> frozenset[str]:
    """Return the folders below a folder that are repositories of their own: submodules, or clones."""
    parents = {parent for path in paths for parent in folders_of(path)}
    return frozenset(parent for parent in parents if (folder / parent / ".git").exists())


def _innermost(path: str, repositories: Collection[str]) -> str:
    return next((parent for parent in folders_of(path) if parent in repositories), "") if repositories else ""


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _ask(folder: Path, paths: Sequence[str], *options: str) -> frozenset[str]:
    if not options and not git.may_be_in_repository(folder):
        return frozenset()
    listed = os.fsencode(_SEPARATOR.join(paths))
    answer = git.attempt(*options, "check-ignore", "-z", "--stdin", cwd=folder, data=listed, isolated=False)
    if answer.status in {0, 1}:  # 1 says that none is ignored
        return frozenset(os.fsdecode(answer.output).split(_SEPARATOR)) - {""}
    if _NO_REPOSITORY in answer.complaint:
        return frozenset()
    raise BadInputError(
        f"git can't tell which files it ignores in {folder}: {answer.complaint:.300}",
        "Correct that, since files that git ignores must not become part of a source",
    )


def _is_ignored_as_folder(folder: Path, link: str) -> bool:
    """Return whether git would ignore a symlink if it were the folder that it leads to, as the rule `data/` means it.

    git applies such a rule to folders only, and can't be asked about a folder that isn't there. So it is asked about a copy of
    the rules.
    """
    top = git.attempt("rev-parse", "--show-toplevel", cwd=(folder / link).parent, isolated=False)
    if top.status:
        return False
    root = Path(os.fsdecode(top.output.rstrip(b"\n")))
    try:
        inside = (folder.resolve() / link).relative_to(root)
    except ValueError:
        return False
    with TemporaryDirectory(prefix="labhand-") as name:
        skeleton = Path(name)
        (skeleton / inside).mkdir(parents=True)
        for parent in inside.parents:
            if (root / parent / _GITIGNORE).is_file():
                shutil.copyfile(root / parent / _GITIGNORE, skeleton / parent / _GITIGNORE)
        git.run("init", "--quiet", "--template=", cwd=skeleton)
        return bool(_ask(skeleton, [inside.as_posix()]))
