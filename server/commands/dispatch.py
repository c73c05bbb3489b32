"""`labhand dispatch`: the dispatcher, and beside it the messages to a person."""

from __future__ import annotations

import os
from pathlib import Path

import anyio

from ..http_settings import without_secrets
from ..notifications.dispatch_and_notify import dispatch_and_notify
from ..notify_settings import take_notify_variables
from ..settings_in_force import settings_in_force
from .console import exit_on_error


def run_dispatcher(root: Path) -> None:
    """Be the dispatcher of the lab at `root` until nothing is left to do."""
    for name in os.environ.keys() - without_secrets(os.environ):
        del os.environ[name]  # runners and clusters' helpers inherit this process's environment
    with exit_on_error():
        notify = settings_in_force(root).settings.notify
        pinned = notify if take_notify_variables(os.environ) else None  # for the same reason
        anyio.run(dispatch_and_notify, root, pinned)
