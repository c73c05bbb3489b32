"""What onboarding asks of the person, and the error that ends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import LabhandError


class Conversation(Protocol):
    """How a person is told and asked. Without a person, the first choice is taken."""

    def say(self, text: str) -> None:
        """Tell something."""

    def show(self, text: str) -> None:
        """Show a file's content."""

    def agrees(self, question: str) -> bool:
        """Ask for a yes."""
        ...

    def choose(self, question: str, choices: Sequence[str]) -> int:
        """Ask for one of several; returns its position."""
        ...

    def choose_or_write(self, question: str, choices: Sequence[str]) -> int | str:
        """Ask for one of several, or for an answer in the person's own words; returns its position, or the words."""
        ...


class TrialFailedError(LabhandError):
    """A trainer can't run yet: says what is missing, in a sentence."""
