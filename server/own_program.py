"""How this labhand is called from a shell. Standard library only."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

PROGRAM = "labhand"


def own_program() -> Sequence[str]:
    """Return how this labhand is called: by its name if a shell finds this one, otherwise by its path."""
    own = Path(sys.executable).with_name(PROGRAM)
    if not own.is_file():
        return [sys.executable, "-m", "labhand.server.main"]
    found = shutil.which(PROGRAM)
    return [PROGRAM if found is not None and Path(found).resolve() == own.resolve() else str(own)]
