"""Starts the check if the packages that it needs are installed: `python -m benchmarks.gpu_check`."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("torch", "numpy", "rustbpe", "tiktoken")
NOTHING_TO_RUN_ON = 2


def main() -> int:
    """Returns the exit status of the check, or 2 if a package is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"{sys.executable} has no {', '.join(missing)}. Install what is missing, PyTorch by the instructions for this"
            f" machine's driver: {sys.executable} -m pip install {' '.join(missing)}. Or name another interpreter:"
            " make gpu-check GPU_PYTHON=PATH\n"
        )
        return NOTHING_TO_RUN_ON
    from .command import main as check  # noqa: PLC0415 - it imports the packages that may be missing

    return check()


if __name__ == "__main__":
    sys.exit(main())
