"""How this machine starts a runner: detached from the process that starts it, on a slot that it inherits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ....trainer.contract.run_folder import RunFolder
from ....trainer.contract.starting.fork_server import ForkServer
from ....trainer.contract.starting.runner_process import start_runner
from .slots import DeviceSlot


def spawn_runner(python: str, folder: RunFolder, slot: DeviceSlot, place: Mapping[str, Any]) -> int:
    """Start the runner of the run in `folder`, and return its process id.

    The runner inherits the locks on its devices, so that they are taken for as long as the runner lives.

    Args:
        python: The interpreter that has labhand. The trainer's commands may have another one.
        folder: The run folder, with `spec.json` and `source/`.
        slot: The slot that was taken for the run. The caller closes its own descriptors afterwards.
        place: What the pool and the slot add to `spec.json`: `device`, `cores`, `gpu` and `python`.

    Raises:
        ContractError: `spec.json` can't be used.
        FileNotFoundError: There is no such interpreter.
    """
    folder.complete_spec(**place)
    for descriptor in slot.descriptors:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - positional by its signature
    return start_runner(python, folder)


def spawn_by(server: ForkServer, folder: RunFolder, slot: DeviceSlot, place: Mapping[str, Any]) -> int | None:
    """Start a runner as `spawn_runner` does, but through a fork server.

    Returns:
        The runner's process id if it is a child of this process after all; else None.
    """
    folder.complete_spec(**place)
    return server.start_runner(folder, slot.descriptors)
