"""How this machine starts a runner: detached from the process that starts it, on a slot that it inherits."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

from ....trainer.contract.environment import without_keys
from ....trainer.contract.run_folder import RunFolder
from .slots import DeviceSlot


def spawn_runner(python: str, folder: RunFolder, slot: DeviceSlot, device: Mapping[str, Any]) -> int:
    """Start the runner of the run in `folder`, and return its process id.

    The runner is a session of its own, so that neither the end of this process nor a signal to its group reaches it, and it
    inherits the lock on its slot, so that the slot is taken for as long as the runner lives.

    Args:
        python: The interpreter that trains.
        folder: The run folder, with `spec.json` and `source/`.
        slot: The slot that was taken for the run. The caller closes its own descriptor afterwards.
        device: What the slot adds to `spec.json`: `device`, `cores` and `gpu`.

    Raises:
        ContractError: `spec.json` can't be used.
        FileNotFoundError: There is no such interpreter.
    """
    folder.complete_spec(**device)
    os.set_inheritable(slot.descriptor, True)  # noqa: FBT003 - positional by its signature
    log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawnp(
        python,
        [python, "-P", "-m", "labhand.trainer.runner", str(folder.path)],
        without_keys(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder.runner_log), log, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGTERM, signal.SIGINT, signal.SIGPIPE),
    )
