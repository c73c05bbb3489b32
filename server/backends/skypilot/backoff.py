"""Backoff for infrastructure on which clusters can't be launched at the moment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

MIN_SECONDS, MAX_SECONDS = 30.0, 600.0
"""The wait after a failed launch; it doubles with each further failure."""


@dataclass(slots=True)
class _FailedLaunch:
    """The last failure on one choice: when it may be tried again, how long that wait is, and the reason."""

    until: float
    seconds: float
    reason: str


class InfraBackoff:
    """The choices of a pool's `infra`, and which of them failed lately.

    Args:
        choices: All choices, the preferred one first.
    """

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = choices
        self._failures: dict[str, _FailedLaunch] = {}

    def on_failure(self, infra: str, reason: str) -> None:
        """Note that a cluster could not be launched or set up there."""
        before = self._failures.get(infra)
        seconds = MIN_SECONDS if before is None else min(MAX_SECONDS, 2 * before.seconds)
        self._failures[infra] = _FailedLaunch(time.monotonic() + seconds, seconds, reason)

    def on_success(self, infra: str) -> None:
        """Note that a cluster works there."""
        self._failures.pop(infra, None)

    @property
    def choice(self) -> str | None:
        """The choice on which to launch next; None while all of them wait."""
        return next((infra for infra in self._choices if not self._waits(infra)), None)

    @property
    def reason(self) -> str:
        """Why nothing can be launched; empty if a choice is left."""
        if self.choice is not None:
            return ""
        return "; ".join(f"{infra}: {self._failures[infra].reason}" for infra in self._choices)

    def _waits(self, infra: str) -> bool:
        return infra in self._failures and time.monotonic() < self._failures[infra].until
