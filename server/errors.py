"""Errors that the caller can act on.

Every error states the condition, the value and the remedy, if possible with the next call to make. The text is the contract: it
is what an agent reads, and the only part of an exception that MCP transmits.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from typing_extensions import override

MAX_COMPARED = 200
"""Characters of an unknown name that are compared with the names that exist."""
MAX_SIMILAR = 3
"""Similar names that a remedy lists."""
MAX_LISTED = 40
"""Names that a remedy lists."""


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
        if self.remedy:
            return f"{self.problem.removesuffix('.')}. {self.remedy}"
        return self.problem if self.problem.endswith((".", "?")) else f"{self.problem}."


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


class UnavailableError(LabhandError):
    """Services outside of the lab gave no answer; what was asked may exist all the same."""


class NoCapacityError(LabhandError):
    """A backend has no free slot for a run now."""


def nearest(name: str, choices: Iterable[str], nouns: str, then: str = "", *, lists_all: bool = False) -> str:
    """Return the remedy for an unknown name, as whole sentences.

    `Did you mean DEPTH, WIDTH?` where names are similar; otherwise the names that exist: `The knobs are: DEPTH, WIDTH`; or
    `There are no knobs`.

    Args:
        name: The unknown name.
        choices: The names that exist.
        nouns: What the names are of, in the plural: `knobs`.
        then: A further sentence, without its full stop: `read_source shows the outline`.
        lists_all: List the names also if some are similar: for a small set that never changes.
    """
    names = sorted(choices)
    by_upper = {candidate.upper(): candidate for candidate in names}
    compared = name[:MAX_COMPARED].upper()
    similar = [by_upper[match] for match in get_close_matches(compared, by_upper, n=MAX_SIMILAR, cutoff=0.5)]
    sentences = [f"Did you mean {', '.join(similar)}?"] if similar else []
    if not names:
        sentences.append(f"There are no {nouns}")
    elif lists_all or not similar:
        more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
        sentences.append(f"The {nouns} are: {', '.join(names[:MAX_LISTED])}{more}")
    sentences += [then] if then else []
    *before, last = sentences
    return " ".join([*(sentence if sentence.endswith("?") else f"{sentence}." for sentence in before), last])
