"""What identifies the data of a person's own evaluator: its content, so that two machines agree on it.

Digests are kept per file, by the file's identity on this machine: data that didn't change isn't read again.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final, cast

from ...contract.failures import FailureKind
from ...contract.files import cache_folder, open_plain, outside_path, read_bounded, write_whole
from ...contract.json_objects import decode
from ...run.failures.classify import RunFailedError

MAX_FILES: Final = 200_000
_MAX_KEPT_BYTES: Final = 64 << 20
_SETTLED_SECONDS: Final = 2.0
"""A file that changed later than this before it was read may change again within the resolution of its times."""


def data_identity(paths: Sequence[str], check: Callable[[], None]) -> str | None:
    """Hash of names and contents below some paths, whatever the paths themselves are.

    Args:
        paths: As `trainer.toml` has them; they exist.
        check: Called between files. It may raise to give up.

    Returns:
        None for no paths.

    Raises:
        RunFailedError: A file can't be read, or there are too many.
    """
    if not paths:
        return None
    whole = sha256()
    for path in paths:
        root = outside_path(path).resolve()
        whole.update(f"{_Digests(root).of_root(check)}\n".encode())
    return whole.hexdigest()[:12]


class _Digests:
    """The digests of the files below a root, which is a folder or a file."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._place = cache_folder() / "evaluator_data" / f"{sha256(os.fsencode(root)).hexdigest()[:24]}.json"
        self._kept: dict[str, Any] = dict(decode(read_bounded(self._place, _MAX_KEPT_BYTES)) or {})
        self._used: dict[str, tuple[list[int], str]] = {}

    def of_root(self, check: Callable[[], None]) -> str:
        digest = sha256()
        for path in sorted(_files(self._root)):
            check()
            digest.update(
                f"{path.relative_to(self._root).as_posix()}\0{self._of_file(path)}\n".encode("utf-8", "surrogateescape")
            )
        if any(_checked(self._kept.get(name)) != entry for name, entry in self._used.items()):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._place, json.dumps(self._used), flush=False)
        return digest.hexdigest()

    def _of_file(self, path: Path) -> str:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return f"link to {path.readlink()}"
        name = path.relative_to(self._root).as_posix()
        identity = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        kept = _checked(self._kept.get(name))
        digest = kept[1] if kept is not None and kept[0] == identity else _content(path)
        if time.time() - status.st_ctime > _SETTLED_SECONDS:
            self._used[name] = (identity, digest)
        return digest


def _checked(entry: Any) -> tuple[list[int], str] | None:  # noqa: ANN401 - from a file
    """The identity of a file and its digest, as they were kept; None for anything else."""
    parts = cast("list[Any]", entry) if isinstance(entry, list | tuple) else []
    is_whole = len(parts) == 2 and isinstance(parts[0], list) and isinstance(parts[1], str)
    return (cast("list[int]", parts[0]), parts[1]) if is_whole else None


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    count = 0
    for place, folders, names in os.walk(root):
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in (*names, *links):
            count += 1
            if count > MAX_FILES:
                message = f"{root}, which the evaluator reads, has more than {MAX_FILES} files"
                raise RunFailedError(FailureKind.EVALUATOR_FAILED, message, (), "Tell the person: pack them into fewer files.")
            yield Path(place, name)


def _content(path: Path) -> str:
    descriptor = open_plain(path)
    if descriptor is None:
        message = f"{path}, which the evaluator reads, is no plain file that this user can read"
        raise RunFailedError(FailureKind.EVALUATOR_FAILED, message)
    with os.fdopen(descriptor, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
