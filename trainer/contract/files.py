"""Files that several parts of labhand write and read."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder in which a machine keeps what was prepared on it: `LABHAND_CACHE`, or `~/.cache/labhand`."""
    return Path(os.environ.get("LABHAND_CACHE") or "~/.cache/labhand").expanduser()
