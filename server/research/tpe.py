"""Optuna on the lab's own ledger: it learns from every experiment that differs in knobs only, and proposes batches.

The sampler is TPE (Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"). A failure is told as one, without a
score: told as a huge value it would bend the surrogate. Pending experiments count as poor for the moment (a constant liar:
Ginsbourger et al. 2010), so that a batch spreads out. A changed code is a context of its own: what it scored says nothing of
another's knobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

from ..domain import Direction
from .search_space import Params, Space, observed_space, search_space

if TYPE_CHECKING:
    from optuna import Study

TRIES = 20
"""Proposals for each cell before a space counts as exhausted."""
BEST_SHARE = 0.25
"""Of the experiments, the best share that importance explains."""
ENOUGH = 20
"""Scored experiments without which importance isn't told: five in the best quarter."""


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """An experiment, as the optimiser sees it.

    Attributes:
        knobs: All of its source's, or at least those searched.
        outcome: `failed` for what its knobs brought about; leave lost machines and cancelled experiments out.
        score: None unless scored.
        context: What code it is, apart from its knobs.
    """

    knobs: Mapping[str, Any]
    outcome: Literal["scored", "failed", "pending"]
    score: float | None = None
    context: str = ""


def propose(
    ledger: Iterable[TrialRecord],
    factors: Mapping[str, Sequence[Any]],
    size: int,
    direction: Direction,
    *,
    context: str = "",
    seed: int = 0,
) -> list[dict[str, Any]]:
    """The next batch of cells.

    Args:
        ledger: Experiments of one stratum. Other contexts, and knobs outside of the space, are left out.
        factors: The space (see `space.search_space`).
        size: Cells; fewer come back where few are left that were not tried.
        direction: Which way is better.
        context: That the batch belongs to.
        seed: Of the sampler.

    Raises:
        BadInputError: The factors span no space.
    """
    space = search_space(factors)
    study = open_study(direction, seed)
    taken: set[str] = set()
    for params, entries in _grouped((entry for entry in ledger if entry.context == context), space):
        taken.add(repr(params))
        tell(study, space, params, entries)
    batch: list[Params] = []
    for _ in range(size * TRIES):
        params = study.ask(space.distributions()).params
        if repr(params) not in taken:
            taken.add(repr(params))
            batch.append(params)
        if len(batch) == size:
            break
    return [space.decode(params) for params in batch]


def importance(ledger: Iterable[TrialRecord], direction: Direction) -> dict[str, float]:
    """How much each knob has to do with being among the best quarter; shares of 1, largest first.

    PED-ANOVA (Watanabe, Bansal and Hutter 2023, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
    subspaces", IJCAI): how differently the best quarter spreads over a knob's values than all do. It says where luck lay, not
    why: knobs that were moved together share it.

    Args:
        ledger: Experiments of one stratum and one context.
        direction: Which way is better.

    Returns:
        Empty for fewer than twenty different scored experiments, or where no knob differs.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # noqa: PLC0415  heavy

    scored = [entry for entry in ledger if entry.score is not None]
    space = observed_space([entry.knobs for entry in scored])
    groups = _grouped(scored, space)
    if len(groups) < ENOUGH or not space.knobs:
        return {}
    study = open_study(direction, seed=0)
    for params, entries in groups:
        tell(study, space, params, entries)
    evaluator = PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE, evaluate_on_local=True)
    return get_param_importances(study, evaluator=evaluator)


def open_study(direction: Direction, seed: int) -> Study:
    """An empty study, in memory."""
    import optuna  # noqa: PLC0415  heavy

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    return optuna.create_study(direction=direction, sampler=sampler)


def tell(study: Study, space: Space, params: Params, entries: Sequence[TrialRecord]) -> None:
    """Put a source into a study: its replicates once, by their mean; failed, or pending, where none is scored."""
    from optuna.trial import TrialState, create_trial  # noqa: PLC0415  heavy

    scores = [entry.score for entry in entries if entry.score is not None]
    if scores:
        state = TrialState.COMPLETE
    elif any(entry.outcome == "pending" for entry in entries):
        state = TrialState.RUNNING
    else:
        # TPE forgets FAIL; PRUNED without a value ranks below all that is scored, with no value that could bend anything.
        state = TrialState.PRUNED
    value = fmean(scores) if scores else None
    study.add_trial(create_trial(state=state, params=params, distributions=space.distributions(), value=value))


def _grouped(ledger: Iterable[TrialRecord], space: Space) -> list[tuple[Params, list[TrialRecord]]]:
    """Experiments of equal knobs, as Optuna sees them."""
    groups: dict[str, tuple[Params, list[TrialRecord]]] = {}
    for entry in ledger:
        params = space.encode(entry.knobs)
        if params is not None:
            groups.setdefault(repr(params), (params, []))[1].append(entry)
    return list(groups.values())
