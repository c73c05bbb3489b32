"""What an evaluator is. `choice` says which one belongs to a trainer."""

from __future__ import annotations

from typing import Protocol


class Evaluator(Protocol):
    """Scores what training left, where the experiment's code has no influence. The runner calls its methods in this order."""

    def check(self) -> None:
        """Before training: find out whether everything is there that the evaluation needs.

        Raises:
            RunFailedError: Something is missing.
        """

    def take(self) -> None:
        """Move what training left to where no process of the experiment, all of which have ended, could have changed it.

        Raises:
            RunFailedError: Something is missing, too large, or no plain file.
        """

    def evaluate(self) -> float:
        """Return the score. The evaluator's identity and further numbers are written to the run's result.

        Raises:
            RunFailedError: There is no score that can be believed.
            CancelledError: The runner was asked to end.
        """
        ...

    def seal(self) -> None:
        """Score the sealed split, if there is one, into the run's sealed file and nowhere else.

        The result is closed first, so that none of it, times included, depends on that split.
        """
