"""What can go wrong in a way that the caller can act on.

Every error says what was wrong, the value at fault, what would do, and the call to make next. The text is the contract: it
is what an agent reads, and the only part of an exception that crosses MCP.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from typing_extensions import override


class LabhandError(Exception):
    """An error that the caller can act on.

    Attributes:
        problem: What was wrong, with the value at fault.
        remedy: What would do, and the next call to make; empty where nothing helps.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"{self.problem}. {self.remedy}" if self.remedy else f"{self.problem}."


class BadInputError(LabhandError):
    """An argument can't be used as it is."""


class NotFoundError(LabhandError):
    """Nothing in the lab goes by that name."""


class ConflictError(LabhandError):
    """Two changes touch the same lines, or a file holds unsaved work."""


class AllowanceError(LabhandError):
    """What was asked for costs more than the person allowed."""


class SettingsError(LabhandError):
    """`labhand.toml` or `trainer.toml` can't be used: names the file, the line and the key."""


class NoCapacityError(LabhandError):
    """A backend has no free slot for a run at the moment."""


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """A remedy for an unknown name: `did you mean DEPTH, WIDTH?`, or all that there is when nothing is near.

    Args:
        name: The unknown name.
        known: What would have been accepted.
        most: How many near names to give.
    """
    names = sorted(known)
    upper = {candidate.upper(): candidate for candidate in names}
    near = [upper[match] for match in get_close_matches(name.upper(), upper, n=most, cutoff=0.5)]
    if near:
        return f"Did you mean {', '.join(near)}?"
    return f"There is: {', '.join(names[:40])}" if names else "There is none"
