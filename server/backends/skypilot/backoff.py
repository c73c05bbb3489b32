"""Where clusters can't be launched at the moment, and why: it is left alone for a while, longer each time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SECONDS, MOST_SECONDS = 30.0, 600.0


@dataclass(slots=True)
class _FailedLaunch:
    until: float
    seconds: float
    why: str


class InfraBackoff:
    """The choices of a pool's `infra`, as far as they have failed.

    Args:
        choices: All of them, the preferred one first.
    """

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = choices
        self._failed: dict[str, _FailedLaunch] = {}

    def failed(self, infra: str, why: str) -> None:
        """A cluster could not be launched there."""
        before = self._failed.get(infra)
        seconds = LEAST_SECONDS if before is None else min(MOST_SECONDS, 2 * before.seconds)
        self._failed[infra] = _FailedLaunch(time.monotonic() + seconds, seconds, why)

    def worked(self, infra: str) -> None:
        """A cluster is at work there."""
        self._failed.pop(infra, None)

    @property
    def choice(self) -> str | None:
        """Where to launch next; None while all of them rest."""
        return next((infra for infra in self._choices if not self._rests(infra)), None)

    @property
    def why(self) -> str:
        """Why none is left."""
        return "" if self.choice is not None else "; ".join(f"{infra}: {self._failed[infra].why}" for infra in self._choices)

    def _rests(self, infra: str) -> bool:
        return infra in self._failed and time.monotonic() < self._failed[infra].until
