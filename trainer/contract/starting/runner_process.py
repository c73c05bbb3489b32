"""Starting a runner, as the local backend and a cluster's host do: detached, so that it outlives the process that starts it."""

from __future__ import annotations

import os
import signal
from typing import Final

from ..environment import without_keys
from ..run_folder import RunFolder

RESET_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE)
"""A runner has the default action of these signals, whatever they do to the process that starts it. It blocks no signal."""


def start_runner(python: str, folder: RunFolder) -> int:
    """Start the runner of the run in `folder`, and return its process id.

    The runner is a session of its own, so that neither the end of this process nor a signal to its group reaches it. It
    inherits the open files of this process that are inheritable, and its environment without keys. Its output goes to
    `runner.log` in the folder.

    Args:
        python: The interpreter that has labhand, a path or a name on the PATH.
        folder: The run folder, with `spec.json` and `source/`.

    Raises:
        FileNotFoundError: There is no such interpreter.
    """
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
        setsigdef=RESET_SIGNALS,
    )
