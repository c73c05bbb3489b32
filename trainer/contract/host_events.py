"""Events that a host reports of its runs: single lines with a mark, which can be found among other lines of a log."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress

MARK = "@labhand "


def print_event(**event: object) -> None:
    """Print one event, with the Unix time `t` of now."""
    line = MARK + json.dumps({**event, "t": round(time.time(), 2)}) + "\n"
    with suppress(OSError):  # nobody reads the output any more; the run folders hold the same
        _write(line.encode())


def _write(line: bytes) -> None:
    while line:
        line = line[os.write(sys.stdout.fileno(), line) :]
