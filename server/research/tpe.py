"""The optimiser: Optuna learns from the lab's experiments that differ in knobs only, and proposes batches of cells.

The sampler is TPE (Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"). A failure is passed on as a failure
without a score; as a huge value it would distort the surrogate model. Pending experiments count as poor for the moment
(constant
liar: Ginsbourger et al. 2010), so a batch spreads out. Other code is another context: its scores say nothing about the knobs of
this code.
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

PROPOSALS_PER_CELL = 20
"""Number of proposals for each cell before the space counts as exhausted."""
BEST_SHARE = 0.25
"""The share of the experiments that counts as the best for the importance of knobs."""
ENOUGH = 20
"""Minimum number of scored experiments for the importance of knobs: five in the best quarter."""


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """An experiment, as the optimiser sees it.

    Attributes:
        knobs: All knobs of its source, or at least those that are searched.
        outcome: `failed` if its knobs caused the failure; leave out lost machines and cancelled experiments.
        score: None unless scored.
        context: Identifies the code without the values of its knobs.
    """

    knobs: Mapping[str, Any]
    outcome: Literal["scored", "failed", "pending"]
    score: float | None = None
    context: str = ""


def propose(
    records: Iterable[TrialRecord],
    factors: Mapping[str, Sequence[Any]],
    size: int,
    direction: Direction,
    *,
    context: str = "",
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Returns the next batch of cells.

    Args:
        records: Experiments of one stratum. Other contexts, and knobs outside the space, are ignored.
        factors: The search space (see `search_space.search_space`).
        size: Number of cells. Fewer are returned if few untried cells are left.
        direction: Whether the metric is minimized or maximized.
        context: The context to which the batch belongs.
        seed: Seed of the sampler.

    Raises:
        BadInputError: The factors span no space.
    """
    space = search_space(factors)
    study = open_study(direction, seed)
    tried: set[str] = set()
    for params, entries in _grouped((entry for entry in records if entry.context == context), space):
        tried.add(repr(params))
        tell(study, space, params, entries)
    batch: list[Params] = []
    for _ in range(size * PROPOSALS_PER_CELL):
        params = study.ask(space.distributions()).params
        if repr(params) not in tried:
            tried.add(repr(params))
            batch.append(params)
        if len(batch) == size:
            break
    return [space.decode(params) for params in batch]


def importance(records: Iterable[TrialRecord], direction: Direction) -> dict[str, float]:
    """Returns how much each knob determines whether an experiment is in the best quarter; shares of 1, largest first.

    PED-ANOVA (Watanabe, Bansal and Hutter 2023, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
    subspaces", IJCAI): how much the distribution of the best quarter over a knob's values differs from that of all experiments.
    It is a correlation, not a cause: knobs that were changed together share it.

    Args:
        records: Experiments of one stratum and one context.
        direction: Whether the metric is minimized or maximized.

    Returns:
        Knob to share. Empty for fewer than twenty different scored experiments, or if no knob differs.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # noqa: PLC0415  heavy

    scored = [entry for entry in records if entry.score is not None]
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
    """Returns an empty study in memory."""
    import optuna  # noqa: PLC0415  heavy

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    return optuna.create_study(direction=direction, sampler=sampler)


def tell(study: Study, space: Space, params: Params, entries: Sequence[TrialRecord]) -> None:
    """Adds a source to a study: one trial with the mean of its replicates; failed or pending if none is scored."""
    from optuna.trial import TrialState, create_trial  # noqa: PLC0415  heavy

    scores = [entry.score for entry in entries if entry.score is not None]
    if scores:
        state = TrialState.COMPLETE
    elif any(entry.outcome == "pending" for entry in entries):
        state = TrialState.RUNNING
    else:
        # TPE ignores FAIL. PRUNED without a value ranks below all scored trials, and has no value that could distort the model.
        state = TrialState.PRUNED
    value = fmean(scores) if scores else None
    study.add_trial(create_trial(state=state, params=params, distributions=space.distributions(), value=value))


def _grouped(records: Iterable[TrialRecord], space: Space) -> list[tuple[Params, list[TrialRecord]]]:
    """Groups of experiments with equal knobs, each with Optuna's parameters."""
    groups: dict[str, tuple[Params, list[TrialRecord]]] = {}
    for entry in records:
        params = space.encode(entry.knobs)
        if params is not None:
            groups.setdefault(repr(params), (params, []))[1].append(entry)
    return list(groups.values())
