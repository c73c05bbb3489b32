"""Files that several processes share: written in one step, read with a bound, locked with `flock`."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_SECONDS = 0.1
"""Between two tries to get a lock."""


def cache_folder() -> Path:
    """The folder in which a machine keeps what was prepared on it: `LABHAND_CACHE`, or `~/.cache/labhand`."""
    return Path(os.environ.get("LABHAND_CACHE") or "~/.cache/labhand").expanduser()


def outside_path(text: str) -> Path:
    """A path outside the trainer folder, as `trainer.toml` names it: `{cache}` is `cache_folder()`, `~` the home folder."""
    return Path(text.replace("{cache}", str(cache_folder()))).expanduser()


def write_whole(
    path: Path, content: str | bytes, *, flush: bool = True, modified_at: float | None = None, mode: int | None = None
) -> None:
    """Write a file so that a reader sees the old content or the new content, and never a part of it.

    Args:
        path: Of the file. `PATH.new` beside it is used meanwhile, and whatever is there is removed.
        content: Text is encoded as UTF-8.
        flush: Wait until the content and the file's name are on the disk, so that they survive a power failure. Without it
            the file may come back empty; for content that can be written again.
        modified_at: The file's time of modification, as a Unix time; None for now.
        mode: The file's permissions, which it has before it has content; None for those of a new file.
    """
    partial = path.with_name(f"{path.name}.new")
    partial.unlink(missing_ok=True)  # an experiment without a sandbox may have put a link there
    with partial.open("xb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(content.encode() if isinstance(content, str) else content)
        if flush:
            file.flush()
            os.fsync(file.fileno())
    if modified_at is not None:
        os.utime(partial, (modified_at, modified_at))
    partial.replace(path)
    if flush:
        _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that `target` is never seen half written. It isn't flushed: a copy can be made again."""
    partial = target.with_name(f"{target.name}.new")
    partial.unlink(missing_ok=True)
    shutil.copyfile(source, partial)
    partial.replace(target)


def open_plain(path: Path) -> int | None:
    """Open a regular file for reading, without following a symlink or waiting for a pipe.

    Returns:
        The descriptor, or None if there is no such file: an experiment without a sandbox can put anything there.
    """
    return _open_regular(path, os.O_RDONLY)


KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symlink",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def what_is_no_plain_file(path: Path, max_bytes: int) -> str:
    """What keeps a path from being read as a plain file: `is a directory`; empty if nothing does, or nothing is there."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"can't be looked at: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return f"is {KINDS.get(stat.S_IFMT(status.st_mode), 'no plain file')}"
    if status.st_size > max_bytes:
        return f"has {status.st_size} bytes, and {max_bytes} are the most"
    descriptor = open_plain(path)
    if descriptor is None:
        return "can't be opened"
    os.close(descriptor)
    return ""


def open_to_append(path: Path) -> int | None:
    """Open a regular file, made where needed, to append to it, without following a symlink or waiting for a pipe.

    Returns:
        The descriptor, or None if something else lies there, or it can't be opened.
    """
    return _open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _open_regular(path: Path, flags: int) -> int | None:
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def read_bounded(path: Path, max_bytes: int) -> bytes | None:
    """The content of a regular file; None if it is missing, is no regular file, or is longer than `max_bytes`."""
    descriptor = open_plain(path)
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file, suppress(OSError):
        content = file.read(max_bytes + 1)
        return content if len(content) <= max_bytes else None
    return None


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Lock an open file with `flock` if that is possible at once.

    The lock lasts until every descriptor that was made from this one is closed, also those that child processes inherited.

    Args:
        descriptor: Of the file.
        shared: Several processes may hold the lock together.

    Returns:
        Whether the lock is held now.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_locked(path: Path) -> int | None:
    """Open a file, made where needed, and lock it.

    Returns:
        The descriptor that holds the lock; None if another process holds it.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not try_lock(descriptor):
            os.close(descriptor)
            return None
        if has_name(descriptor, path):
            return descriptor
        os.close(descriptor)  # removed or replaced meanwhile: others would lock the file that has the name now


def has_name(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one that a path leads to."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file; False if there is no such file."""
    descriptor = open_plain(path)
    if descriptor is None:
        return False
    try:
        return not try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Generator[None]:
    """Hold the lock of a file for a block; the kernel releases it when the process ends, however it ends.

    Args:
        path: Of the file, which is made where needed.
        on_wait: Called before each further try while another process holds the lock. It may raise to give up.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not try_lock(descriptor):
            on_wait()
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)
