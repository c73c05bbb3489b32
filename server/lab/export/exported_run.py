"""The row that every exporter reads: a finished experiment with all that a program may want to know of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread

from ....trainer.contract.curve import Point, read_curve, thinned
from ...domain import Experiment, Status, Stratum, is_comparable
from ...ids import grid_id, run_id
from ...settings import RUNS
from ...store import sources
from ...store.comparison.strata import all_strata
from ...store.experiments import rows
from ..inspect.experiment import MAX_HYPOTHESIS
from ..lab import Lab
from ..results.experiment_rows import base_name, error_of, stratum_id
from ..results.row_metrics import MAX_NAME, broken_guards
from ..sanitize import cut

BLOCK = 200
"""Experiments that are read at once: their curves are in memory together."""
MAX_POINTS = 1000
"""Points of a training curve."""
MAX_TEXT = 500
"""Characters of a text other than the hypothesis."""


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """A finished experiment. Texts are cleaned and on one line; numbers have all of their digits.

    Attributes:
        lab: The random id of the lab.
        metric: The name of the score.
        gain: Difference of its score to the mean of its stratum's reference; positive is better.
        stratum: `s2`; None without a score. Scores compare only within one stratum.
        stratum_facts: What the scores of the stratum have in common.
        reference: What the gain and the verdict are against: `e0057` or `baseline`; empty if nothing was judged.
        base: The source that it was made from, and that `changes` is against.
        purpose: Why it was launched: an idea, or a run that the lab added.
        replicate: k of the k-th seed of its stratum.
        usd: 0 where the GPUs cost nothing.
        error: Why there is no score; empty if there is one.
        commit: Of its source in the lab's repository.
        launched_at: As a Unix time, as the next two.
        knobs: The values of all knobs of its source.
        metrics: The metrics that it isn't judged by.
        measures: What the run measured of itself, such as steps and memory.
        curve: Seconds of training and training loss, thinned out evenly to `MAX_POINTS`.
    """

    lab: str
    id: str
    status: Status
    verdict: str
    reason: str
    metric: str
    direction: str
    score: float | None
    gain: float | None
    stratum: str | None
    stratum_facts: Mapping[str, Any]
    reference: str
    base: str
    changes: str
    hypothesis: str
    theme: str
    by: str
    purpose: str
    grid: str | None
    variant: str
    seed: int
    replicate: int
    gpu: str
    budget_seconds: float
    gpu_seconds: float
    usd: float
    error: str
    guards: Sequence[str]
    flags: Sequence[str]
    commit: str
    launched_at: float
    started_at: float
    finished_at: float
    knobs: Mapping[str, Any]
    metrics: Mapping[str, float]
    measures: Mapping[str, float]
    curve: Sequence[Point] = ()

    @property
    def facts(self) -> dict[str, str | int | float]:
        """What has one value, without what is empty: all but knobs, metrics, measures, curve and the facts of the stratum."""
        joined = {"flags": "; ".join(self.flags), "guards": "; ".join(self.guards)}
        values = {name: joined.get(name, getattr(self, name)) for name in FACTS}
        return {name: value for name, value in values.items() if value is not None and value != ""}

    @property
    def digest(self) -> str:
        """What an exporter compares to find out whether the experiment has changed since it was last exported."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


_PARTS = frozenset({"knobs", "metrics", "measures", "curve", "stratum_facts"})
FACTS = tuple(name for name in ExportedRun.__dataclass_fields__ if name not in _PARTS)
"""The fields with one value."""


async def exported_runs(lab: Lab, *, with_curves: bool = True) -> AsyncGenerator[list[ExportedRun]]:
    """Yield the finished experiments in blocks, the oldest first.

    What no tool shows, such as a score on the sealed test split, isn't in them.
    """
    after = 0
    while block := await rows.next_finished(lab.db, after, BLOCK):
        after = block[-1].number
        strata = await all_strata(lab.db)
        knobs = await sources.knobs_of(lab.db, {experiment.commit for experiment in block})
        curves = await to_thread.run_sync(_curves, lab.folder / RUNS, block) if with_curves else {}
        yield [
            _exported(lab, experiment, strata.get(experiment.stratum or 0), knobs, curves.get(experiment.number, ()))
            for experiment in block
        ]


def _exported(
    lab: Lab,
    experiment: Experiment,
    stratum: Stratum | None,
    knobs: Mapping[str, Mapping[str, Any]],
    curve: Sequence[Point],
) -> ExportedRun:
    metric = lab.trainer.metric
    finished_at = experiment.finished_at or experiment.launched_at
    return ExportedRun(
        lab=lab.identity,
        id=experiment.id,
        status=experiment.status,
        verdict=experiment.verdict.value,
        reason=cut(experiment.reason or "", MAX_TEXT),
        metric=metric.name,
        direction=metric.direction,
        score=_comparable(experiment.score),
        gain=_comparable(experiment.gain),
        stratum=None if experiment.stratum is None else stratum_id(experiment.stratum),
        stratum_facts={} if stratum is None else dict(stratum.facts),
        reference="" if stratum is None else stratum.reference_name,
        base=base_name(experiment),
        changes=cut(experiment.changes, MAX_TEXT),
        hypothesis=cut(experiment.hypothesis, MAX_HYPOTHESIS),
        theme=cut(experiment.theme or "", MAX_TEXT),
        by=cut(experiment.launched_by, MAX_TEXT),
        purpose=experiment.purpose.value,
        grid=None if experiment.grid is None else grid_id(experiment.grid),
        variant=cut(experiment.variant, MAX_TEXT),
        seed=experiment.seed,
        replicate=experiment.replicate,
        gpu=experiment.gpu,
        budget_seconds=experiment.budget_seconds,
        gpu_seconds=experiment.gpu_seconds,
        usd=experiment.usd,
        error=cut(error_of(experiment) or "", MAX_TEXT),
        guards=broken_guards(experiment, metric),
        flags=[cut(flag, MAX_TEXT) for flag in experiment.flags],
        commit=experiment.commit,
        launched_at=experiment.launched_at,
        started_at=experiment.started_at or finished_at,
        finished_at=finished_at,
        knobs=knobs.get(experiment.commit, {}),
        metrics=_numbers(experiment.result.get("metrics")),
        measures=_numbers(experiment.result.get("measures")),
        curve=curve,
    )


def _comparable(value: float | None) -> float | None:
    return value if value is not None and is_comparable(value) else None


def _numbers(values: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the values that are finite numbers. An experiment reports them of itself."""
    return {
        cut(name, MAX_NAME): value
        for name, value in (values or {}).items()
        if isinstance(value, int | float) and is_comparable(value)
    }


def _curves(folder: Path, block: Sequence[Experiment]) -> dict[int, list[Point]]:
    """Return the curve of each experiment's last run that has one."""
    curves: dict[int, list[Point]] = {}
    for experiment in block:
        for attempt in range(max(1, experiment.attempts), 0, -1):
            if curve := read_curve(folder / run_id(experiment.number, attempt)):
                curves[experiment.number] = thinned(curve, MAX_POINTS)
                break
    return curves
