"""Commands on a terminal of their own, as a person runs them."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from select import select

PATIENCE_SECONDS = 120
SHOW_CURSOR = "\x1b[?25h"


@contextmanager
def on_terminal(*command: str) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """A command on a terminal of its own."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "110", "LINES": "40"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        try:
            yield process, ours
        finally:
            process.kill()
            os.close(ours)


def read_until(terminal: int, wanted: str, seen: str = "") -> str:
    """Return what a terminal shows until a text appears.

    Raises:
        TimeoutError: It didn't.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while wanted not in seen:
        ready, _, _ = select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"{wanted!r} isn't in {seen[-2000:]!r}")
        try:
            seen += os.read(terminal, 65536).decode("utf-8", "replace")
        except OSError:  # the other side is closed
            break
    return seen
