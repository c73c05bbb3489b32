"""Runs that are clearly doomed are stopped, by the curves of those that finished in their stratum; see `research.curves`.

Only ideas are: baselines, rechecks, validations and what is run again to its end are worth their time whatever comes of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from ...trainer.contract.curve import Point, read_curve, read_ends, thinned
from ..domain import Metric, Purpose, RunStatus
from ..research.early_stopping import Doomed, doomed
from ..store.database import Database
from ..store.running import early_stops
from ..store.running.runs import Attempt

LOOK_SECONDS = 5.0
"""Seconds between two looks at the curves of running experiments."""
MAX_CURVES = 100
"""Number of finished curves of a setting, the newest ones, that a run is compared with."""
POINTS = 400
"""Number of points of a finished curve that are kept."""


@dataclass(frozen=True, slots=True)
class _StratumCurves:
    """The curves of what finished in a setting; the good ones scored no worse than every replicate of the reference."""

    finished: Sequence[Sequence[Point]]
    good: Sequence[Sequence[Point]]


class DoomedRuns:
    """Finds runs that are doomed.

    Args:
        db: The lab's database.
        runs: The folder that holds the run folders, whatever the backend.
        metric: The trainer's metric.
    """

    def __init__(self, db: Database, runs: Path, metric: Metric) -> None:
        self._db = db
        self._runs = runs
        self._metric = metric
        self._looked_at: float | None = None
        self._curves: dict[str, list[Point]] = {}

    async def look(self, attempts: Sequence[Attempt]) -> list[tuple[Attempt, Doomed]]:
        """Return the runs to be stopped now; none if the curves were read in the last `LOOK_SECONDS`."""
        now = time.monotonic()
        judged = [
            attempt
            for attempt in attempts
            if attempt.run.status is RunStatus.RUNNING and attempt.purpose is Purpose.IDEA and attempt.cancel_reason is None
        ]
        if not judged or (self._looked_at is not None and now - self._looked_at < LOOK_SECONDS):
            return []
        self._looked_at = now
        curves = {setting: await self._curves_of(setting) for setting in {attempt.setting for attempt in judged}}
        verdicts = await to_thread.run_sync(self._judge, judged, curves)
        return [
            (attempt, reason)
            for attempt, reason in verdicts
            if not await early_stops.was_stopped_before(self._db, attempt.run.experiment)
        ]

    async def _curves_of(self, setting: str) -> _StratumCurves:
        """Return the curves of what finished in a setting, and which of them are good."""
        ended = await early_stops.ended(self._db, setting, MAX_CURVES)
        await to_thread.run_sync(self._read, [scored.run for scored in ended if scored.run not in self._curves])
        references = [scored.score for scored in ended if scored.is_reference]
        # With less than nothing to gain over the worst of them.
        bar = min(references, key=lambda score: self._metric.gain(score, 0.0), default=None)
        good = [scored for scored in ended if bar is not None and self._metric.gain(scored.score, bar) >= 0]
        return _StratumCurves(
            [self._curves[scored.run] for scored in ended],
            [self._curves[scored.run] for scored in good if len(references) > 1],
        )

    def _read(self, runs: Sequence[str]) -> None:
        """Read finished curves, which never change, into the cache."""
        for run in runs:
            self._curves[run] = thinned(read_curve(self._runs / run), POINTS)

    def _judge(self, attempts: Sequence[Attempt], curves: dict[str, _StratumCurves]) -> list[tuple[Attempt, Doomed]]:
        """Return the runs that are doomed by the curves of their settings, with the reason."""
        verdicts = [(attempt, self._doomed(attempt, curves[attempt.setting])) for attempt in attempts]
        return [(attempt, reason) for attempt, reason in verdicts if reason is not None]

    def _doomed(self, attempt: Attempt, curves: _StratumCurves) -> Doomed | None:
        return doomed(read_ends(self._runs / attempt.run.id), curves.finished, curves.good, attempt.budget_seconds)
