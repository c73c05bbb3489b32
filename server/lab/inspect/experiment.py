"""`get_experiment`: one experiment in full."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anyio import to_thread

from ....trainer.contract.curve import read_curve, thinned
from ...domain import Experiment, Run, RunStatus
from ...errors import BadInputError, nearest
from ...schemas.inspect import ExperimentDetail, RunFailed, RunSeconds, RunState
from ...settings import RUNS
from ...store.comparison.strata import all_strata
from ...store.experiments import related
from ...store.running.runs import runs_of
from .. import references
from ..lab import Lab
from ..literature.citing import cited_by
from ..results.experiment_rows import base_name, compare, cost, decimals, rounded, significant, summarize_stratum
from ..results.row_metrics import broken_guards, metrics_of
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
    comparisons = await compare(lab, [experiment], strata)
    return ExperimentDetail(
        id=experiment.id,
        status=experiment.status,
        verdict=experiment.verdict,
        tested_against=comparisons.other_champion(experiment, stratum),
        reason=_line(experiment.reason or experiment.cancel_reason),
        score=rounded(experiment.score, stratum, experiment),
        gain=rounded(experiment.gain, stratum, experiment),
        hypothesis=cut(experiment.hypothesis, MAX_HYPOTHESIS),
        theme=_line(experiment.theme),
        by=cut(experiment.launched_by, MAX_LINE),
        base=base_name(experiment),
        gain_on_base=rounded(comparisons.gain_on_base(experiment, stratum, lab.trainer.metric), stratum, experiment),
        changes=cut(experiment.changes, MAX_LINE),
        seed=experiment.seed,
        replicate=experiment.replicate,
        gpu=experiment.gpu,
        budget_seconds=experiment.budget_seconds,
        stratum=summarize_stratum(stratum) if stratum else None,
        cost=cost(experiment),
        seconds=_seconds(experiment.result.get("seconds")),
        measures=_numbers(experiment.result.get("measures")),
        metrics=metrics_of(experiment),
        guards=broken_guards(experiment, lab.trainer.metric),
        failure=_failure(experiment) if "failure" in parts else None,
        diff=await _diff(lab, experiment, against) if "diff" in parts else "",
        curve=await to_thread.run_sync(_curve, lab.folder / RUNS, runs) if "curve" in parts else [],
        runs=[_run(run) for run in runs] if "runs" in parts else [],
        replicates=await _replicates(lab, experiment, places) if "replicates" in parts else [],
        flags=[cut(flag, MAX_LINE) for flag in experiment.flags],
        papers=await cited_by(lab, experiment.number),
    )


def _parts(include: Sequence[str] | None, against: str | None) -> frozenset[str]:
    requested = DEFAULT_PARTS if include is None else include
    for part in requested:
        if part not in (*PARTS, ALL):
            remedy = nearest(part, (*PARTS, ALL), "parts", lists_all=True)
            raise BadInputError(f"include={part!r} is not a part of an experiment", remedy)
    chosen = frozenset(PARTS if ALL in requested else requested)
    return chosen | {"diff"} if against is not None else chosen


async def _diff(lab: Lab, experiment: Experiment, against: str | None) -> str:
    before = await references.resolve(lab, against or base_name(experiment))
    return reveal(await diff(lab, before, await references.of_experiment(lab, experiment), most=MAX_DIFF))


async def _replicates(lab: Lab, experiment: Experiment, places: int) -> list[str]:
    """Return the experiments on the same source with other seeds: `e0043: 1.931`."""
    return [
        f"{other.id}: {other.status if other.score is None else round(other.score, places)}"
        for other in await related.replicates(lab.db, experiment)
    ]


def _failure(experiment: Experiment) -> RunFailed | None:
    failed = experiment.failed
    if failed is None:
        return None
    return RunFailed(
        kind=failed.kind.value,
        message=cut(failed.message, MAX_LINE),
        lines=quote(failed.lines, MAX_LINE),
        next_step=_line(failed.next_step) or None,
    )


def _run(run: Run) -> RunState:
    is_over = run.status in {RunStatus.FINISHED, RunStatus.LOST}
    silent_seconds = None if is_over else round(time.time() - run.heartbeat_at)
    return RunState(id=run.id, pool=run.pool, status=run.status, silent_seconds=silent_seconds)


def _seconds(values: Mapping[str, Any] | None) -> RunSeconds | None:
    numbers = _numbers(values)
    if not numbers:
        return None
    return RunSeconds(
        startup=numbers.get("startup"),
        training=numbers.get("training"),
        training_wall=numbers.get("training_wall"),
        evaluation=numbers.get("evaluation"),
        held=numbers.get("held"),
    )


def _numbers(values: Mapping[str, Any] | None) -> dict[str, float]:
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
