"""Where an interpreter that doesn't have labhand finds the part of it that an evaluated trainer imports."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from ..contract.errors import ContractError
from ..contract.files import cache_folder
from .facts import InterpreterFacts

MIN_PYTHON: Final = (3, 11)
"""The oldest Python that can import `labhand.trainer`."""
_TRAINER: Final = Path(__file__).parents[1]


def package_folder() -> Path:
    """Return a folder for `PYTHONPATH` with `labhand.trainer` alone, and none of the packages that are installed beside it."""
    name = sha256(str(_TRAINER).encode()).hexdigest()[:16]
    folder = cache_folder() / "package" / name
    link = folder / "labhand" / "trainer"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            link.symlink_to(_TRAINER)
    return folder


def check_version(facts: InterpreterFacts) -> None:
    """Check that an interpreter can import `labhand.trainer`.

    Raises:
        ContractError: It is too old.
    """
    numbers = tuple(int(part) for part in facts.python.split(".")[:2] if part.isdecimal())
    if numbers < MIN_PYTHON:
        least = ".".join(map(str, MIN_PYTHON))
        raise ContractError(
            f"{facts.executable} is Python {facts.python}, and a trainer that labhand's evaluator scores needs {least} or"
            " later, with numpy and torch",
            'Name another interpreter, or let the command print the metric: source = "output" under [metric]',
        )
