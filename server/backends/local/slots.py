"""The slots of this machine, one a GPU or a core: shared by all labs and all users through file locks.

A slot is a file that its runner keeps locked. The runner inherits the lock from whoever starts it, so a slot is taken exactly
as long as its runner lives, whatever becomes of labs and dispatchers. The file names the folder of the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ....trainer.contract.files import try_lock
from ...errors import NoCapacityError

VARIABLE = "LABHAND_SLOTS"
"""Names another folder for the locks."""
FOLDER: Final = Path("/tmp/labhand-slots")  # noqa: S108 - what all users of a machine share, and a reboot empties


@dataclass(frozen=True, slots=True)
class DeviceSlot:
    """A slot that was taken.

    Attributes:
        index: Of the GPU or core.
        descriptor: Holds the lock, together with every process that inherits it.
    """

    index: int
    descriptor: int

    def let_go(self) -> None:
        """Close this process's descriptor; the slot stays taken while another process holds it."""
        os.close(self.descriptor)


class Slots:
    """The slots of one kind of device."""

    def __init__(self, kind: str, indices: Iterable[int], folder: Path | None = None) -> None:
        self._files = {index: f"{'cpu' if kind == 'cpu' else 'gpu'}-{index}" for index in indices}
        self._folder = folder or Path(os.environ.get(VARIABLE) or FOLDER)
        _make_shared(self._folder)

    def taken(self) -> Mapping[int, Path]:
        """The slots that are taken: index to the folder of the run."""
        found: dict[int, Path] = {}
        for index, file in self._files.items():
            descriptor = _open(self._folder / file)
            try:
                if not try_lock(descriptor, shared=True):
                    found[index] = Path(os.fsdecode(os.pread(descriptor, 4096, 0)))
            finally:
                os.close(descriptor)
        return found

    def take(self, folder: Path) -> DeviceSlot:
        """Take a free slot for the run in `folder`.

        Raises:
            NoCapacityError: There is none.
        """
        for index, file in self._files.items():
            descriptor = _open(self._folder / file)
            if try_lock(descriptor):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, os.fsencode(folder), 0)
                return DeviceSlot(index, descriptor)
            os.close(descriptor)
        raise NoCapacityError(f"All {len(self._files)} slots of this machine are taken", "Wait for a run to end")


def _make_shared(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # another user made it, and has done this
        folder.chmod(0o1777)


def _open(path: Path) -> int:
    """Open a lock file that users share, made where needed."""
    # Not in one step: Linux may refuse O_CREAT on a file that another user has made in a shared folder.
    with suppress(FileNotFoundError):
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CREAT, 0o666)
    with suppress(PermissionError):
        os.fchmod(descriptor, 0o666)
    return descriptor
