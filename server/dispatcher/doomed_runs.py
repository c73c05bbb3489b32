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
"""How often the curves of what runs are looked at."""
MAX_CURVES = 100
"""Of a setting, the newest finished ones that a run is compared with."""
POINTS = 400
"""Of a finished curve that are kept."""


@dataclass(frozen=True, slots=True)
class _StratumCurves:
    """The curves of what finished in a setting; the good ones scored no worse than every replicate of the reference."""

    finished: Sequence[Sequence[Point]]
    good: Sequence[Sequence[Point]]


class DoomedRuns:
    """Finds what is doomed among the runs.

    Args:
        db: The lab's.
        runs: Where run folders lie, whatever the backend.
        metric: What scores are of.
    """

    def __init__(self, db: Database, runs: Path, metric: Metric) -> None:
        self._db = db
        self._runs = runs
        self._metric = metric
        self._looked_at: float | None = None
        self._curves: dict[str, list[Point]] = {}

    async def look(self, attempts: Sequence[Attempt]) -> list[tuple[Attempt, Doomed]]:
        """The runs to be stopped now; none where that was looked at recently."""
        now = time.monotonic()
        judged = [
            one
            for one in attempts
            if one.run.status is RunStatus.RUNNING and one.purpose is Purpose.IDEA and one.cancel_reason is None
        ]
        if not judged or (self._looked_at is not None and now - self._looked_at < LOOK_SECONDS):
            return []
        self._looked_at = now
        curves = {setting: await self._known(setting) for setting in {one.setting for one in judged}}
        verdicts = await to_thread.run_sync(self._judge, judged, curves)
        return [(one, why) for one, why in verdicts if not await early_stops.was_stopped_before(self._db, one.run.experiment)]

    async def _known(self, setting: str) -> _StratumCurves:
        ended = await early_stops.ended(self._db, setting, MAX_CURVES)
        await to_thread.run_sync(self._read, [one.run for one in ended if one.run not in self._curves])
        references = [one.score for one in ended if one.is_reference]
        # With less than nothing to gain over the worst of them.
        bar = min(references, key=lambda score: self._metric.gain(score, 0.0), default=None)
        good = [one for one in ended if bar is not None and self._metric.gain(one.score, bar) >= 0]
        return _StratumCurves(
            [self._curves[one.run] for one in ended], [self._curves[one.run] for one in good if len(references) > 1]
        )

    def _read(self, runs: Sequence[str]) -> None:
        for run in runs:
            self._curves[run] = thinned(read_curve(self._runs / run), POINTS)

    def _judge(self, attempts: Sequence[Attempt], known: dict[str, _StratumCurves]) -> list[tuple[Attempt, Doomed]]:
        reports = [
            (one, doomed(read_ends(self._runs / one.run.id), here.finished, here.good, one.budget_seconds))
            for one in attempts
            for here in [known[one.setting]]
        ]
        return [(one, why) for one, why in reports if why is not None]
