"""One experiment in full."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anyio import to_thread
from pydantic import JsonValue

from ....trainer.contract.curve import read_curve, thinned
from ...domain import Experiment, Run, RunStatus
from ...errors import BadInputError, nearest
from ...ids import experiment_id
from ...schemas.inspect import ExperimentDetail
from ...settings import RUNS
from ...store.comparison.strata import all_strata
from ...store.experiments import related
from ...store.running.runs import runs_of
from .. import references
from ..lab import Lab
from ..results.experiment_rows import about_stratum, cost, decimals, significant
from ..sanitize import cut, quote, reveal
from .diff import diff

PARTS = ("diff", "curve", "runs", "failure", "replicates")
USUAL = ("diff", "runs", "failure")
ALL = "all"
POINTS = 40
"""Of a curve that are shown."""
MOST_DIFF = 10_000
LONGEST_LINE = 300
LONGEST_HYPOTHESIS = 2000


async def get_experiment(
    lab: Lab, id: str, include: Sequence[str] | None = None, against: str | None = None
) -> ExperimentDetail:
    """One experiment: its facts, the verdict's reason, and the parts that are asked for.

    Args:
        lab: The lab.
        id: `e0042`.
        include: Of `PARTS`, or `all`; None for what it changed, how it failed, and its runs.
        against: Show the diff against this source rather than its base.

    Raises:
        BadInputError: A part is unknown, or an id is none.
        NotFoundError: There is no such experiment.
    """
    parts = _parts(include, against)
    experiment = await references.find_experiment(lab, id)
    runs = await runs_of(lab.db, experiment.number)
    strata = await all_strata(lab.db)
    stratum = strata.get(experiment.stratum or 0)
    places = decimals(stratum, experiment.score or 0.0)
    return ExperimentDetail(
        id=experiment.id,
        status=experiment.status,
        verdict=experiment.verdict,
        reason=_line(experiment.reason or experiment.cancel_reason),
        score=None if experiment.score is None else round(experiment.score, places),
        gain=None if experiment.gain is None else round(experiment.gain, places),
        hypothesis=cut(experiment.hypothesis, LONGEST_HYPOTHESIS),
        theme=_line(experiment.theme),
        by=cut(experiment.launched_by, LONGEST_LINE),
        base=_base(experiment),
        changes=cut(experiment.changes, LONGEST_LINE),
        seed=experiment.seed,
        replicate=experiment.replicate,
        gpu=experiment.gpu,
        budget_seconds=experiment.budget_seconds,
        stratum=about_stratum(stratum) if stratum else {},
        cost=cost(experiment),
        seconds=_numbers(experiment.result.get("seconds")),
        measures=_numbers(experiment.result.get("measures")),
        failure=_failure(experiment) if "failure" in parts else {},
        diff=await _diff(lab, experiment, against) if "diff" in parts else "",
        curve=await to_thread.run_sync(_curve, lab.folder / RUNS, runs) if "curve" in parts else [],
        runs=[_run(run) for run in runs] if "runs" in parts else [],
        replicates=await _replicates(lab, experiment, places) if "replicates" in parts else [],
        flags=[cut(flag, LONGEST_LINE) for flag in experiment.flags],
    )


def _parts(include: Sequence[str] | None, against: str | None) -> frozenset[str]:
    asked = USUAL if include is None else include
    for part in asked:
        if part not in (*PARTS, ALL):
            remedy = f"{nearest(part, (*PARTS, ALL))} The parts: {', '.join((*PARTS, ALL))}"
            raise BadInputError(f"include={part!r} is no part of an experiment", remedy)
    chosen = frozenset(PARTS if ALL in asked else asked)
    return chosen | {"diff"} if against is not None else chosen


def _base(experiment: Experiment) -> str:
    return experiment_id(experiment.base) if experiment.base is not None else references.BASELINE


async def _diff(lab: Lab, experiment: Experiment, against: str | None) -> str:
    before = await references.resolve(lab, against or _base(experiment))
    return reveal(await diff(lab, before, await references.of_experiment(lab, experiment), most=MOST_DIFF))


async def _replicates(lab: Lab, experiment: Experiment, places: int) -> list[str]:
    """The same source with other seeds: `e0043: 1.931`."""
    return [
        f"{other.id}: {other.status if other.score is None else round(other.score, places)}"
        for other in await related.replicates(lab.db, experiment)
    ]


def _failure(experiment: Experiment) -> dict[str, JsonValue]:
    failed = experiment.failed
    if failed is None:
        return {}
    told: dict[str, JsonValue] = {"kind": failed.kind.value, "message": cut(failed.message, LONGEST_LINE)}
    if failed.lines:
        told["lines"] = [*quote(failed.lines, LONGEST_LINE)]
    return told | {"next_step": cut(failed.next_step, LONGEST_LINE)} if failed.next_step else told


def _run(run: Run) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"id": run.id, "pool": run.pool, "status": run.status}
    if run.status not in {RunStatus.FINISHED, RunStatus.LOST}:
        told["silent_seconds"] = round(time.time() - run.heartbeat_at)
    return told


def _numbers(values: Mapping[str, Any] | None) -> dict[str, JsonValue]:
    """What is a number of them, rounded so that it can be read."""
    numbers = {name: value for name, value in (values or {}).items() if isinstance(value, int | float)}
    return {name: significant(value, 4) if isinstance(value, float) else value for name, value in numbers.items()}


def _curve(folder: Path, runs: Sequence[Run]) -> list[list[float]]:
    """Seconds and loss of the last run that has a curve, thinned out evenly to `POINTS`."""
    for run in reversed(runs):
        if curve := read_curve(folder / run.id):
            return [[significant(seconds, 4), significant(loss, 5)] for seconds, loss in thinned(curve, POINTS)]
    return []


def _line(text: str | None) -> str | None:
    return text and cut(text, LONGEST_LINE)
