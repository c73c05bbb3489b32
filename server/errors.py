"""Errors that the caller can act on.

Every error states the condition, the value and the remedy, if possible with the next call to make. The text is the contract: it
is what an agent reads, and the only part of an exception that MCP transmits.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from typing_extensions import override


class LabhandError(Exception):
    """An error that the caller can act on.

    Attributes:
        problem: The condition, with the value that caused it.
        remedy: What to do, with the next call; empty if nothing helps.
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
    """The lab has nothing with this name."""


class ConflictError(LabhandError):
    """Two changes affect the same lines, or a file has changes that aren't saved."""


class AllowanceError(LabhandError):
    """A request costs more than the allowance has left."""


class SettingsError(LabhandError):
    """`labhand.toml` or `trainer.toml` can't be used; the text names the file, the line and the key."""


class NoCapacityError(LabhandError):
    """A backend has no free slot for a run now."""


def nearest(name: str, choices: Iterable[str], max_names: int = 3) -> str:
    """Return a remedy for an unknown name: `Did you mean DEPTH, WIDTH?`, or all names if none is similar.

    Args:
        name: The unknown name.
        choices: The names that exist.
        max_names: Maximum number of similar names.
    """
    names = sorted(choices)
    upper = {candidate.upper(): candidate for candidate in names}
    near = [upper[match] for match in get_close_matches(name.upper(), upper, n=max_names, cutoff=0.5)]
    if near:
        return f"Did you mean {', '.join(near)}?"
    return f"Available: {', '.join(names[:40])}" if names else "None exists"
