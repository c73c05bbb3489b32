"""The design `optimiser`: cells that Optuna's TPE proposes from the lab's results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from anyio import to_thread

from ...errors import BadInputError
from ...research.designs import Cell, DesignedCells
from ...research.tpe import TrialRecord, propose
from ...schemas.launch import GridLaunch
from ...source.source_knobs import Knobs
from ...store.experiments.trials import TriedExperiment, trials_in
from ..analysis import dataset
from ..analysis.code_digest import Baseline, codes
from ..fleet import estimates
from ..fleet.launch_stratum import LaunchStratum
from ..lab import Lab
from ..proposals import Proposal
from ..results.experiment_rows import significant

MAX_TRIALS = 1000
"""The newest experiments of the launch stratum that the sampler learns from: its time grows faster than their number."""
DIGITS = 4
"""Significant digits of a proposed number; further digits have no effect that can be measured."""

Factors = Mapping[str, Sequence[Any]]


class ExhaustedError(BadInputError):
    """Every cell of the factors was tried, or is queued."""

    def __init__(self, factors: Factors) -> None:
        problem = f"Every cell of the factors {', '.join(factors)} was tried, or is queued"
        super().__init__(problem, "Give more values, or other knobs")


async def batch(lab: Lab, request: GridLaunch, setting: LaunchStratum, variant: Proposal, seed: int) -> DesignedCells:
    """Return the next cells for one variant, proposed from the experiments in the same context.

    A context is the code together with the knobs that aren't searched. Scores from other contexts aren't used.

    Args:
        lab: The lab.
        request: Its factors span the space (see `research.search_space`); `size` is the number of cells, by default that of
            free slots.
        setting: The launch stratum of the cells.
        variant: The source in which the factors are set.
        seed: The seed of the sampler.

    Raises:
        BadInputError: The factors span no space, or no cell of it is left to try.
    """
    factors = _as_stored(request.factors, Knobs(variant.source, lab.trainer))
    tried = await trials_in(lab.db, setting.name, MAX_TRIALS)
    baseline = await Baseline.of(lab)
    records = dataset.trial_records(tried, _newest_stratum(tried), await codes(lab, baseline, tried), lab.trainer.metric)
    trials = [_in_context(record, factors) for record in records]
    context = _context(baseline.code_of(lab, variant).digest, _stored(variant.knobs), factors)
    size = request.size or max(1, setting.slots - (await estimates.queue_ahead(lab.db, setting)).experiments)
    cells = await to_thread.run_sync(
        lambda: propose(trials, factors, size, lab.trainer.metric.direction, context=context, seed=seed)
    )
    if not cells:
        raise ExhaustedError(factors)
    return DesignedCells([_readable(cell, factors) for cell in cells], _tells(trials, context, len(cells), size))


def _as_stored(factors: Factors, knobs: Knobs) -> Factors:
    """Return the values as the database stores them; expressions become values. Unknown knobs are refused later."""
    before = knobs.values
    stored: dict[str, list[Any]] = {}
    for name, values in factors.items():
        settled = [knobs.settle({name: value}) if name in before else {} for value in values]
        stored[name] = [_stored(changes[name].value if changes else before.get(name)) for changes in settled]
    return stored


def _stored(value: Any) -> Any:  # noqa: ANN401 - a knob has a value of any type
    return json.loads(json.dumps(value))


def _newest_stratum(tried: Sequence[TriedExperiment]) -> int | None:
    """Return the stratum of the newest score: torch or the driver may have changed since earlier ones."""
    scored = [experiment for experiment in tried if experiment.score is not None]
    return max(scored, key=lambda experiment: experiment.finished_at or 0.0).stratum if scored else None


def _in_context(record: TrialRecord, factors: Factors) -> TrialRecord:
    return replace(record, context=_context(record.context, record.knobs, factors))


def _context(code: str, knobs: Mapping[str, Any], factors: Factors) -> str:
    fixed = {name: value for name, value in knobs.items() if name not in factors}
    return json.dumps([code, fixed], sort_keys=True)


def _readable(cell: Cell, factors: Factors) -> Cell:
    return {name: _rounded(value, factors[name]) for name, value in cell.items()}


def _rounded(value: Any, allowed: Sequence[Any]) -> Any:  # noqa: ANN401 - a knob has a value of any type
    """Return a number rounded, but not beyond the ends of its range; other values as they are."""
    if not isinstance(value, float) or value in allowed:
        return value
    return min(max(significant(value, DIGITS), min(allowed)), max(allowed))


def _tells(trials: Sequence[TrialRecord], context: str, cells: int, size: int) -> str:
    outcomes = [trial.outcome for trial in trials if trial.context == context]
    fewer = "" if cells == size else f" Only {cells} cells were left to try."
    if "scored" not in outcomes:
        return f"Nothing is scored yet with this code and these other knobs: the cells are drawn at random.{fewer}"
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in ("scored", "failed", "pending"))
    return (
        f"Proposed by Optuna's TPE from what ran with this code and these other knobs ({counts}; {len(trials) - len(outcomes)}"
        f" with others aren't used). It only searches: effects can't be estimated from these cells alone.{fewer}"
    )
