"""The slots of this machine, one for each GPU or core. All labs and all users share them through file locks.

A slot is a file that its runner keeps locked. The runner inherits the lock from the process that starts it, so a slot is taken
for exactly as long as its runner lives, whatever happens to labs and dispatchers. The file holds the path of the run folder.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ....trainer.contract.files import try_lock
from ...errors import NoCapacityError

VARIABLE = "LABHAND_SLOTS"
"""The environment variable that names another folder for the locks."""
FOLDER: Final = Path("/tmp/labhand-slots")  # noqa: S108 - all users of a machine share it, and a reboot empties it


@dataclass(frozen=True, slots=True)
class DeviceSlot:
    """A slot that was taken.

    Attributes:
        index: The index of the GPU, or the number of the core.
        descriptor: Holds the lock, as does every process that inherits it.
    """

    index: int
    descriptor: int

    def release(self) -> None:
        """Close this process's descriptor. The slot stays taken while another process holds it."""
        os.close(self.descriptor)


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

    def take(self, folder: Path, aside: Container[int] = ()) -> DeviceSlot:
        """Take a free slot for the run in `folder`.

        Args:
            folder: The run folder.
            aside: Slots that aren't taken.

        Raises:
            NoCapacityError: No slot is free.
        """
        for index, file in self._files.items():
            if index in aside:
                continue
            descriptor = _open(self._folder / file)
            if try_lock(descriptor):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, os.fsencode(folder), 0)
                return DeviceSlot(index, descriptor)
            os.close(descriptor)
        raise NoCapacityError(
            f"{folder.name} finds no free slot: all {len(self._files)} ({self._kind}) of this machine are taken or set aside",
            "It stays queued until a run ends, of this lab or another one; list_gpus() shows what is free",
        )


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
