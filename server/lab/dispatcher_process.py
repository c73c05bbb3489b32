"""Starting the dispatcher, a process of its own that outlives the process that starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ...trainer.contract.files import is_locked
from ..http_settings import without_secrets
from ..settings import LOCK, LOG, data_folder
from ..settings_in_force import settings_in_force

_started: list[subprocess.Popen[bytes]] = []
"""The processes started here: those that ended have to be reaped."""


def start_dispatcher(root: Path) -> None:
    """Start the dispatcher of the lab at `root` unless one is alive, and return without waiting for it.

    Starting two at once is harmless: the second one finds the lock taken and exits. The check takes a shared lock, which can
    make a dispatcher exit that tries to take the lock at that moment; therefore whoever finds the lock free starts another.
    """
    _started[:] = [process for process in _started if process.poll() is None]
    folder = data_folder(root, settings_in_force(root).settings)
    if dispatcher_lives(folder):
        return
    with (folder / LOG).open("ab") as log:
        _started.append(
            subprocess.Popen(
                [sys.executable, "-m", "labhand.server.main", "dispatch", "--root", str(root)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=without_secrets(os.environ),
            )
        )


def dispatcher_lives(folder: Path) -> bool:
    """Whether a process holds the lock of the lab whose data lies in `folder`."""
    return is_locked(folder / LOCK)
