"""`labhand pause` and `resume`: whether experiments start."""

from __future__ import annotations

import getpass
from pathlib import Path

from ..lab.steering import pausing
from .console import err
from .show import with_lab


def pause(root: Path, reason: str) -> None:
    """Let nothing start from now on."""
    with_lab(root, lambda lab: pausing.pause(lab, reason, getpass.getuser()))
    err.print("Paused: what runs goes on, and nothing starts until `labhand resume`. Idle clusters are given up.")


def resume(root: Path) -> None:
    """Let experiments start again."""
    before = with_lab(root, pausing.resume)
    err.print("The lab wasn't paused." if before is None else "Resumed: what is queued starts.")
