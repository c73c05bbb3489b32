"""What a server writes to standard error: one line for each event."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_stderr() -> None:
    """Log warnings and errors as plain lines. Called before the SDK's own set-up, which frames tracebacks in boxes."""
    logging.basicConfig(level=logging.WARNING, format=FORMAT)
