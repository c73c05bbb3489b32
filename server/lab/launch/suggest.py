"""The optimiser's batch: the cells that the lab's own ledger makes worth trying next."""

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
from ...source.knobs import Knobs
from ...store.experiments import workload
from ...store.experiments.trials import TriedExperiment, trials_in
from ..analysis import dataset
from ..analysis.code_digest import Baseline, codes
from ..fleet.launch_stratum import LaunchStratum
from ..lab import Lab
from ..proposals import Proposal
from ..results.experiment_rows import significant

EXHAUSTED = "Every cell of these factors was tried, or is queued"
"""What is wrong where nothing is left to propose."""
DIGITS = 4
"""Of a number that is proposed: more say nothing."""

Factors = Mapping[str, Sequence[Any]]


async def batch(lab: Lab, request: GridLaunch, setting: LaunchStratum, variant: Proposal, seed: int) -> DesignedCells:
    """The next cells for one variant, proposed by what has run in its context.

    A context is a code together with the knobs that aren't searched: what scored under another says nothing of this one.

    Args:
        lab: The lab.
        request: Its factors span the space (see `research.space.search_space`); `size` is the batch, the free slots by default.
        setting: Where it will run.
        variant: What the factors are set in.
        seed: Of the sampler.

    Raises:
        BadInputError: The factors span no space, or nothing in it is left to try.
    """
    factors = _as_stored(request.factors, Knobs(variant.source, lab.trainer))
    tried = await trials_in(lab.db, setting.name)
    baseline = await Baseline.of(lab)
    known = dataset.trial_records(tried, _newest_stratum(tried), await codes(lab, baseline, tried))
    ledger = [_in_context(entry, factors) for entry in known]
    context = _context(baseline.code_of(lab, variant).digest, _stored(variant.knobs), factors)
    size = request.size or max(1, setting.slots - (await workload.queue_ahead(lab.db, setting.gpu)).experiments)
    cells = await to_thread.run_sync(
        lambda: propose(ledger, factors, size, lab.trainer.metric.direction, context=context, seed=seed)
    )
    if not cells:
        raise BadInputError(EXHAUSTED, "Give more values, or other knobs")
    return DesignedCells([_readable(cell, factors) for cell in cells], _tells(ledger, context, len(cells), size))


def _as_stored(factors: Factors, knobs: Knobs) -> Factors:
    """Values as the ledger of knobs holds them; an expression stands for what it comes to. Unknown knobs are refused later."""
    before = knobs.values
    found: dict[str, list[Any]] = {}
    for name, values in factors.items():
        settled = [knobs.settle({name: value}) if name in before else {} for value in values]
        found[name] = [_stored(one[name].value if one else before.get(name)) for one in settled]
    return found


def _stored(value: Any) -> Any:  # noqa: ANN401  whatever a knob may be
    return json.loads(json.dumps(value))


def _newest_stratum(tried: Sequence[TriedExperiment]) -> int | None:
    """The one in which experiments of a setting are scored now: torch, or a driver, may have changed since the first."""
    scored = [one for one in tried if one.score is not None]
    return max(scored, key=lambda one: one.finished_at or 0.0).stratum if scored else None


def _in_context(entry: TrialRecord, factors: Factors) -> TrialRecord:
    return replace(entry, context=_context(entry.context, entry.knobs, factors))


def _context(code: str, knobs: Mapping[str, Any], factors: Factors) -> str:
    fixed = {name: value for name, value in knobs.items() if name not in factors}
    return json.dumps([code, fixed], sort_keys=True)


def _readable(cell: Cell, factors: Factors) -> Cell:
    return {name: _rounded(value, factors[name]) for name, value in cell.items()}


def _rounded(value: Any, allowed: Sequence[Any]) -> Any:  # noqa: ANN401  whatever a knob may be
    """A number between the ends of a range, rounded, but not beyond them."""
    if not isinstance(value, float) or value in allowed:
        return value
    return min(max(significant(value, DIGITS), min(allowed)), max(allowed))


def _tells(ledger: Sequence[TrialRecord], context: str, cells: int, size: int) -> str:
    here = [entry.outcome for entry in ledger if entry.context == context]
    fewer = "" if cells == size else f" Only {cells} cells were left to try."
    if "scored" not in here:
        return f"Nothing is scored yet with this code and these other knobs: the cells are drawn at random.{fewer}"
    counts = ", ".join(f"{here.count(outcome)} {outcome}" for outcome in ("scored", "failed", "pending"))
    return (
        f"Proposed by Optuna's TPE from what ran with this code and these other knobs ({counts}; {len(ledger) - len(here)} with"
        f" others say nothing of it). It searches: no effect can be told from such cells alone.{fewer}"
    )
