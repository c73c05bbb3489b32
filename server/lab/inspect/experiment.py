"""`get_experiment`: one experiment in full."""

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
DEFAULT_PARTS = ("diff", "runs", "failure")
ALL = "all"
MAX_POINTS = 40
"""Points of a training curve."""
MAX_DIFF = 10_000
"""Characters of the diff."""
MAX_LINE = 300
"""Characters of a line of text."""
MAX_HYPOTHESIS = 2000
"""Characters of the hypothesis."""


async def get_experiment(
    lab: Lab, id: str, include: Sequence[str] | None = None, against: str | None = None
) -> ExperimentDetail:
    """Return one experiment: its facts, the reason of its verdict, and the requested parts.

    Args:
        lab: The lab.
        id: `e0042`.
        include: Names from `PARTS`, or `all`; None for the diff, the runs and the failure.
        against: Show the diff against this source instead of its base.

    Raises:
        BadInputError: A part is unknown, or a text is not an id.
        NotFoundError: The experiment doesn't exist.
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
        hypothesis=cut(experiment.hypothesis, MAX_HYPOTHESIS),
        theme=_line(experiment.theme),
        by=cut(experiment.launched_by, MAX_LINE),
        base=_base(experiment),
        changes=cut(experiment.changes, MAX_LINE),
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
        flags=[cut(flag, MAX_LINE) for flag in experiment.flags],
    )


def _parts(include: Sequence[str] | None, against: str | None) -> frozenset[str]:
    requested = DEFAULT_PARTS if include is None else include
    for part in requested:
        if part not in (*PARTS, ALL):
            remedy = f"{nearest(part, (*PARTS, ALL))} The parts: {', '.join((*PARTS, ALL))}"
            raise BadInputError(f"include={part!r} is not a part of an experiment", remedy)
    chosen = frozenset(PARTS if ALL in requested else requested)
    return chosen | {"diff"} if against is not None else chosen


def _base(experiment: Experiment) -> str:
    return experiment_id(experiment.base) if experiment.base is not None else references.BASELINE


async def _diff(lab: Lab, experiment: Experiment, against: str | None) -> str:
    before = await references.resolve(lab, against or _base(experiment))
    return reveal(await diff(lab, before, await references.of_experiment(lab, experiment), most=MAX_DIFF))


async def _replicates(lab: Lab, experiment: Experiment, places: int) -> list[str]:
    """Return the experiments on the same source with other seeds: `e0043: 1.931`."""
    return [
        f"{other.id}: {other.status if other.score is None else round(other.score, places)}"
        for other in await related.replicates(lab.db, experiment)
    ]


def _failure(experiment: Experiment) -> dict[str, JsonValue]:
    failed = experiment.failed
    if failed is None:
        return {}
    failure: dict[str, JsonValue] = {"kind": failed.kind.value, "message": cut(failed.message, MAX_LINE)}
    if failed.lines:
        failure["lines"] = [*quote(failed.lines, MAX_LINE)]
    if failed.next_step:
        failure["next_step"] = cut(failed.next_step, MAX_LINE)
    return failure


def _run(run: Run) -> dict[str, JsonValue]:
    about: dict[str, JsonValue] = {"id": run.id, "pool": run.pool, "status": run.status}
    if run.status not in {RunStatus.FINISHED, RunStatus.LOST}:
        about["silent_seconds"] = round(time.time() - run.heartbeat_at)
    return about


def _numbers(values: Mapping[str, Any] | None) -> dict[str, JsonValue]:
    """Return the values that are numbers, rounded to four significant digits."""
    numbers = {name: value for name, value in (values or {}).items() if isinstance(value, int | float)}
    return {name: significant(value, 4) if isinstance(value, float) else value for name, value in numbers.items()}


def _curve(folder: Path, runs: Sequence[Run]) -> list[list[float]]:
    """Return seconds and loss of the last run that has a curve, thinned out evenly to `MAX_POINTS`."""
    for run in reversed(runs):
        if curve := read_curve(folder / run.id):
            return [[significant(seconds, 4), significant(loss, 5)] for seconds, loss in thinned(curve, MAX_POINTS)]
    return []


def _line(text: str | None) -> str | None:
    return text and cut(text, MAX_LINE)
