"""Large folders of a source that experiments can't change: laid out once, and shared by all runs through links.

A folder is shared if it has many files and none that experiments may change. It lies under a hash of its content, read-only. A
run's `source/` and `work/` have a link in its place, and the sandbox lets no experiment write there.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from ...trainer.contract.errors import ContractError
from ...trainer.contract.files import write_whole
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, parse_trainer
from ..source.repository import write_folder
from ..source.trainer_folder import Source

MIN_FILES: Final = 500
"""Files of a folder that is shared: with fewer, a copy costs less than is worth a folder that an experiment can't write to."""
_DIGEST_LENGTH: Final = 32
_MARK: Final = ".compared"
"""After the name of a shared folder: a file that names the start of the machine in which its content was last compared."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def write_sharing(source: Source, folder: Path, trees: Path) -> None:
    """Write the files of a source into a folder, which is created, with links to shared folders.

    Args:
        source: The files.
        folder: Where to write them.
        trees: The folder of the shared ones.
    """
    shared = _shareable(source)
    own = {path: data for path, data in source.items() if not any(path.startswith(f"{name}/") for name in shared)}
    write_folder(own, folder)
    for name, files in shared.items():
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(_lay_out(files, trees).absolute())


def _shareable(source: Source) -> Mapping[str, Source]:
    """Return the files of each folder to be shared, relative to it, by the folder's path. None lies within another."""
    try:
        trainer = parse_trainer(source[TRAINER_FILE], Path(TRAINER_FILE))
    except (KeyError, ContractError):  # the runner explains it
        return {}
    # What `[prepare]` writes, and what an environment is made from, may lie anywhere in the folder.
    if trainer.prepare or trainer.environment.made_from or "uv" in trainer.command[:1]:
        return {}
    counts: Counter[str] = Counter()
    written = [*trainer.data_paths, *([trainer.checkpoint.path] if trainer.checkpoint else [])]
    changeable = {folder for path in written for folder in (path, *_folders_of(path))}
    for path in source:
        folders = list(_folders_of(path))
        counts.update(folders)
        if trainer.is_editable(path):
            changeable.update(folders)
    large = {name for name, count in counts.items() if count >= MIN_FILES and name not in changeable}
    shared: dict[str, dict[str, bytes]] = {}
    for path, data in source.items():
        topmost = next((name for name in _folders_of(path) if name in large), None)
        if topmost is not None:
            shared.setdefault(topmost, {})[path.removeprefix(f"{topmost}/")] = data
    return shared


def _folders_of(path: str) -> Iterator[str]:
    """The folders above a file, the topmost first."""
    parents = [parent.as_posix() for parent in PurePosixPath(path).parents]
    return reversed(parents[:-1])


def _lay_out(files: Source, trees: Path) -> Path:
    """Return the shared folder with these files. It is written if it doesn't exist, or came back broken from a power failure.

    Nothing is flushed when it is written. Instead, its content is compared once after each start of the machine.
    """
    name = _digest(files)
    place, mark, boot = trees / name, trees / f"{name}{_MARK}", _BOOT.read_text("ascii").strip()
    if place.is_dir():
        if mark.exists() and mark.read_text("ascii") == boot:
            return place
        if _digest(_read(place)) == name:
            write_whole(mark, boot, flush=False)
            return place
        _remove(place)
    trees.mkdir(exist_ok=True)
    partial = trees / f"{name}.{os.getpid()}.new"
    _remove(partial)
    write_folder(files, partial)
    _make_read_only(partial)
    try:
        partial.rename(place)
    except OSError:  # another process was faster
        if not place.is_dir():
            raise
        _remove(partial)
    write_whole(mark, boot, flush=False)
    return place


def _digest(files: Source) -> str:
    digest = sha256()
    for path, data in sorted(files.items()):
        digest.update(os.fsencode(path) + b"\0" + sha256(data).digest())
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _read(folder: Path) -> Source:
    paths = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _make_read_only(folder: Path) -> None:
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place, name)
            path.chmod(path.stat().st_mode & ~0o222)
        Path(place).chmod(0o555)
    folder.chmod(0o755)  # or it couldn't be renamed by a user other than root


def _remove(folder: Path) -> None:
    for place, _, _ in os.walk(folder):
        Path(place).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
