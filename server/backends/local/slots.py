"""The devices of this machine, GPUs or cores. All labs and all users share them through file locks.

An experiment takes one device or several, all at once. A device is a file that its runner keeps locked. The runner inherits the
lock from the process that starts it, so it is taken for exactly as long as its runner lives, whatever happens to labs and
dispatchers. The file holds the path of the run folder.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Container, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ....trainer.contract.files import try_lock
from ...errors import NoCapacityError

VARIABLE = "LABHAND_SLOTS"
"""The environment variable that names another folder for the locks."""
FOLDER: Final = Path("/tmp/labhand-slots")  # noqa: S108 - all users of a machine share it, and a reboot empties it


_TAKER: Final = "taker"
"""The file that a process locks while it takes devices."""


@dataclass(frozen=True, slots=True)
class DeviceSlot:
    """The devices that were taken for one experiment.

    Attributes:
        kind: The GPUs' kind, or `cpu`.
        indices: The indices of the GPUs, or the numbers of the cores.
        descriptors: Hold the locks, as does every process that inherits them.
    """

    kind: str
    indices: tuple[int, ...]
    descriptors: tuple[int, ...]

    def as_spec(self) -> Mapping[str, Any]:
        """Return what the devices add to a run's `spec.json`."""
        if self.kind == "cpu":
            return {"device": "cpu", "cores": [*self.indices], "gpu": None}
        return {"device": "cuda", "cores": [], "gpu": ",".join(map(str, self.indices))}

    def release(self) -> None:
        """Close this process's descriptors. The devices stay taken while another process holds them."""
        for descriptor in self.descriptors:
            os.close(descriptor)


class Slots:
    """The slots of one kind of device.

    Args:
        kind: The GPU's kind, or `cpu`.
        indices: The indices of the GPUs, or the numbers of the cores.
        folder: The folder of the lock files; None for the one that all labs of this machine use.
    """

    def __init__(self, kind: str, indices: Iterable[int], folder: Path | None = None) -> None:
        self._kind = kind
        self._files = {index: f"{'cpu' if kind == 'cpu' else 'gpu'}-{index}" for index in indices}
        self._folder = folder or Path(os.environ.get(VARIABLE) or FOLDER)
        _make_shared(self._folder)

    def taken(self) -> Mapping[int, Path]:
        """Return the slots that are taken: the run folder by the index of the device."""
        taken: dict[int, Path] = {}
        for index, file in self._files.items():
            descriptor = _open(self._folder / file)
            try:
                if not try_lock(descriptor, shared=True):
                    taken[index] = Path(os.fsdecode(os.pread(descriptor, 4096, 0)))
            finally:
                os.close(descriptor)
        return taken

    def take(self, folder: Path, aside: Container[int] = (), count: int = 1) -> DeviceSlot:
        """Take free devices for the run in `folder`: all that it needs, or none.

        Nothing is held while too few are free, so that an experiment that needs several keeps none from one that needs fewer.

        Args:
            folder: The run folder.
            aside: Devices that aren't taken.
            count: How many the run needs.

        Raises:
            NoCapacityError: Too few are free.
        """
        taken: dict[int, int] = {}
        with _one_taker(self._folder):
            for index, file in self._files.items():
                if index in aside or len(taken) == count:
                    continue
                descriptor = _open(self._folder / file)
                if try_lock(descriptor):
                    taken[index] = descriptor
                else:
                    os.close(descriptor)
            slot = DeviceSlot(self._kind, tuple(taken), tuple(taken.values()))
            if len(taken) < count:
                slot.release()
                raise NoCapacityError(
                    f"{folder.name} needs {count} of this machine's {len(self._files)} slots ({self._kind}) at once, and"
                    f" {len(taken)} are free",
                    "It stays queued until a run ends, of this lab or another one; list_gpus shows what is free",
                )
            for descriptor in slot.descriptors:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, os.fsencode(folder), 0)
        return slot


@contextmanager
def _one_taker(folder: Path) -> Generator[None]:
    """Let one process at a time take devices: of two that each need all of them, both could hold some and get none."""
    descriptor = _open(folder / _TAKER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # held for the microseconds that a few locks take
        yield
    finally:
        os.close(descriptor)


def _make_shared(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # another user owns it, and has already set this mode
        folder.chmod(0o1777)


def _open(path: Path) -> int:
    """Open a lock file that users share. Create it if it doesn't exist."""
    # In two steps: with fs.protected_regular set, Linux refuses O_CREAT on a file of another user in a sticky folder.
    with suppress(FileNotFoundError):
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CREAT, 0o666)
    with suppress(PermissionError):
        os.fchmod(descriptor, 0o666)
    return descriptor
