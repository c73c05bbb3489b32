"""Which files of a trainer folder are part of its source, and which are left out, with the reason for each."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from ...trainer.contract.trainer_folder.data_links import is_below_trainer
from ...trainer.contract.trainer_folder.left_out import (
    MAX_FILE_BYTES,
    LeftOutPath,
    line_to_exclude,
    line_to_include,
    line_to_link,
)
from ...trainer.contract.trainer_toml.globs import covers, folders_of, may_hold, names_hidden
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, TrainerFile
from ..errors import BadInputError
from .ignored_files import ignored_files

MAX_SEEN_FILES: Final = 300_000
"""Files that are looked at below one folder."""
MAX_SOURCE_FILES: Final = 10_000
"""Files that a source may have: each run gets a copy of all of them."""
_CACHES: Final = frozenset({"__pycache__", "node_modules", "venv", "labhand.toml"})
_UNMENTIONED: Final = frozenset(
    {
        *(".git", ".gitignore", ".gitattributes", ".gitmodules", ".github", ".labhand", ".DS_Store", ".vscode", ".idea"),
        *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints", ".pre-commit-config.yaml"),
        *("__pycache__", "labhand.toml"),
    }
)
"""Names that are left out without a word: no training code reads them."""
_HIDDEN, _CACHE, _IGNORED, _EXCLUDED = "hidden", "a cache or an environment", "git ignores it", "exclude names it"
_NOT_CHECKED_OUT: Final = "a submodule that isn't checked out: git submodule update --init"
_SPECIAL: Final[Mapping[int, str]] = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class FolderListing:
    """The files of a trainer folder.

    Attributes:
        paths: Of the files of the source, and of symlinks, sorted.
        left_out: Everything else that training code might read; what git ignores comes first.
    """

    paths: tuple[str, ...]
    left_out: tuple[LeftOutPath, ...]


@dataclass
class _Walk:
    """What a walk over a folder has found so far."""

    folder: Path
    trainer: TrainerFile | None
    data: frozenset[str] = frozenset()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    paths: list[str] = field(default_factory=list[str])
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    seen: Counter[str] = field(default_factory=Counter[str])

    def enter(self, path: str) -> bool:
        """Return whether the walk goes into a folder; note why it doesn't."""
        reason = self._why_not_folder(path)
        if not reason:
            return path not in self.data
        if reason in {_HIDDEN, _CACHE} and self._may_include(path):
            return True
        self._note(f"{path}/", reason)
        return False

    def take(self, path: str, mode: int) -> None:
        """Note a file that isn't a folder, with the reason if it isn't part of the source."""
        top = path.partition("/")[0]
        self.seen[top] += 1
        if self.seen.total() > MAX_SEEN_FILES:
            raise _too_many(self.folder, self.trainer, self.seen, MAX_SEEN_FILES)
        if path in self.data:
            return
        reason = self._why_not(path, mode)
        if reason:
            self._note(path, reason)
        else:
            self.paths.append(path)

    def includes(self, path: str) -> bool:
        """Return whether `include`, or `editable` by its name, brings in a file that would be left out."""
        if path in self.editable and PurePosixPath(path).name.startswith("."):
            return True
        return bool(self.include) and covers(path, (glob for glob in self.include if names_hidden(path, glob)))

    def _why_not_folder(self, path: str) -> str:
        if covers(path, self.exclude):
            return _EXCLUDED
        if problem := _what_is_wrong_with(path):
            return problem
        name = PurePosixPath(path).name
        if name.startswith("."):
            return _HIDDEN
        return _CACHE if name in _CACHES or (self.folder / path / "pyvenv.cfg").exists() else ""

    def _why_not(self, path: str, mode: int) -> str:
        parts = path.split("/")
        if covers(path, self.exclude):
            return _EXCLUDED
        if problem := _SPECIAL.get(stat.S_IFMT(mode), "") or _what_is_wrong_with(path):
            return problem
        if self.includes(path):
            return ""
        if any(part in _CACHES for part in parts) or path.endswith(".pyc"):
            return _CACHE
        return _HIDDEN if any(part.startswith(".") for part in parts) else ""

    def _may_include(self, folder: str) -> bool:
        named = [glob for glob in (*self.include, *self.editable) if names_hidden(folder, glob)]
        return PurePosixPath(folder).name != ".git" and any(may_hold(folder, glob) for glob in named)

    def _note(self, path: str, reason: str) -> None:
        if not (path.rstrip("/").rpartition("/")[2] in _UNMENTIONED or path.endswith(".pyc")):
            self.reasons[path] = reason


def list_folder(folder: Path, trainer: TrainerFile | None) -> FolderListing:
    """Return what a trainer folder holds. No file is opened.

    Args:
        folder: The trainer folder.
        trainer: Its file; None if that can't be used, and has no say.

    Raises:
        BadInputError: There are more files than can be looked at, or git can't tell which files it ignores.
    """
    walk = _Walk(folder, None)
    if trainer is not None:
        data = frozenset(os.path.normpath(path) for path in trainer.data_paths if is_below_trainer(path))
        walk = _Walk(folder, trainer, data, trainer.include, trainer.exclude, trainer.editable)
    for path, mode in _entries(walk):
        walk.take(path, mode)
    candidates = sorted(walk.paths)
    ignored = {path for path in ignored_files(folder, candidates, TRAINER_FILE) if not walk.includes(path)}
    paths = tuple(path for path in candidates if path not in ignored)
    reasons = {
        **dict.fromkeys(sorted(ignored), _IGNORED),
        **dict(sorted(walk.reasons.items())),
        **_empty_submodules(folder, paths),
    }
    return FolderListing(paths, tuple(_collapsed(folder, trainer, paths, reasons)))


def refuse_too_many(folder: Path, trainer: TrainerFile | None, paths: Sequence[str]) -> None:
    """Refuse a source of more files than each run can get a copy of."""
    if len(paths) > MAX_SOURCE_FILES:
        counts = Counter(path.rpartition("/")[0] or path for path in paths)
        raise _too_many(folder, trainer, counts, MAX_SOURCE_FILES)


def _too_many(folder: Path, trainer: TrainerFile | None, counts: Counter[str], most: int) -> BadInputError:
    place, number = counts.most_common(1)[0]
    return BadInputError(
        f"{folder} holds more than {most:,} files, {number:,} of them in {place}/",
        f"Each run gets a copy of the source. If {place} is data, link it: {line_to_link(trainer, place)}."
        f" If training doesn't need it: {line_to_exclude(trainer, place)}",
    )


def _entries(walk: _Walk) -> Iterator[tuple[str, int]]:
    """Yield the path and the mode of everything below the folder that is no folder; symlinks aren't followed."""

    def note_closed(error: OSError) -> None:
        walk.reasons[f"{Path(error.filename).relative_to(walk.folder).as_posix()}/"] = f"can't be read: {error.strerror}"

    for place, folders, files in os.walk(walk.folder, onerror=note_closed):
        here = Path(place)
        prefix = "" if here == walk.folder else f"{here.relative_to(walk.folder).as_posix()}/"
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if name not in links and walk.enter(f"{prefix}{name}")]
        for name in [*files, *links]:
            yield f"{prefix}{name}", os.lstat(f"{place}/{name}").st_mode


def _what_is_wrong_with(path: str) -> str:
    """What keeps a name from being stored and shown; empty for a usual name, spaces included."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its name isn't UTF-8"
    return "" if path.isprintable() else "its name has a control character"


def _empty_submodules(folder: Path, paths: tuple[str, ...]) -> Mapping[str, str]:
    """Return the submodules that aren't checked out."""
    try:
        text = (folder / ".gitmodules").read_text("utf-8", "replace")
    except OSError:
        return {}
    named = [line.partition("=")[2].strip() for line in text.splitlines() if line.strip().startswith("path")]
    present = {parent for path in paths for parent in folders_of(path)}
    return {f"{name}/": _NOT_CHECKED_OUT for name in named if name and name not in present}


def _collapsed(
    folder: Path, trainer: TrainerFile | None, paths: tuple[str, ...], reasons: Mapping[str, str]
) -> Iterator[LeftOutPath]:
    """Yield one entry for each folder of which nothing is part of the source, and one for each other file."""
    present = {parent for path in paths for parent in folders_of(path)}
    entries: dict[str, str] = {}
    for path, reason in reasons.items():
        around = [parent for parent in folders_of(path.rstrip("/")) if parent not in present]
        entries.setdefault(f"{around[-1]}/" if around and reason != _NOT_CHECKED_OUT else path, reason)
    for path, reason in entries.items():
        shown = path.encode("utf-8", "backslashreplace").decode()
        yield LeftOutPath(shown, reason, _remedy(folder, trainer, path, reason))


def _remedy(folder: Path, trainer: TrainerFile | None, path: str, reason: str) -> str:
    if reason not in {_HIDDEN, _IGNORED, _CACHE}:
        return ""
    is_large = path.endswith("/") or (folder / path).is_symlink() or (folder / path).stat().st_size > MAX_FILE_BYTES
    return line_to_link(trainer, path) if is_large else line_to_include(trainer, path)
