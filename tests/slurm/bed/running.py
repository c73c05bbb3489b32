"""Commands, and waiting."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 600.0
"""Seconds for whatever is waited for: on a busy machine a cluster takes three minutes to come up, and more until it trains."""


def run(*command: str | Path) -> str:
    """What a command prints; its errors go where ours do."""
    return subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True).stdout


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Look until it holds.

    Raises:
        TimeoutError: It didn't in time.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)
