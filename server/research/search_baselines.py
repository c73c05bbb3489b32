"""Search baselines: what a random search or the optimiser would have reached with the same experiments.

Both are computed from experiments that ran, so they contain the luck of observed scores and the choice of cells. Compare them
with the best observed score, which contains the same luck, not with a validated gain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..domain import Direction
from .search_space import search_space
from .tpe import TrialRecord, open_study, tell


def random_search(gains: Sequence[float | None], experiments: int) -> float:
    """Returns the expected best gain of a number of experiments that are drawn at random from those that ran.

    Σ g(i) C(N - i, n - 1) / C(N, n) over the gains from the best down is the mean of the best over all draws without
    replacement (Tang et al. 2020, "Showing your work doesn't always work", ACL, equation 5). It is the result of a random
    search if the cells were drawn at random (`design="random"`).

    Args:
        gains: Gains of all experiments over the baseline, positive is better; None for a failure. A search can always keep the
            baseline, so no draw gains less than 0.
        experiments: Number of experiments that are drawn; at most as many as ran.

    Raises:
        ValueError: `experiments` is larger than the number that ran, or below 1.
    """
    if not 1 <= experiments <= len(gains):
        raise ValueError(f"can't draw {experiments} of {len(gains)} experiments: draw 1 to {len(gains)}")
    ranked = sorted((max(0.0, gain or 0.0) for gain in gains), reverse=True)
    total, best_is = 0.0, experiments / len(ranked)
    for place, gain in enumerate(ranked, start=1):
        total += best_is * gain
        left = len(ranked) - place
        best_is *= (left - experiments + 1) / left if left else 0.0
    return total


def optimiser_replay(
    records: Sequence[TrialRecord],
    factors: Mapping[str, Sequence[Any]],
    experiments: int,
    direction: Direction,
    *,
    seed: int = 0,
) -> list[float | None]:
    """Returns the best score that the optimiser would have had after each experiment, choosing among those that ran.

    At each step the optimiser proposes a cell and gets the nearest one that it doesn't have yet (a tabular benchmark: Klein and
    Hutter 2019, "Tabular benchmarks for joint architecture and hyperparameter optimization").

    Args:
        records: Finished experiments of one stratum and one context; those outside the space are ignored.
        factors: The search space (see `search_space.search_space`).
        experiments: Number of steps; at most the number of experiments is used.
        direction: Whether the metric is minimized or maximized.
        seed: Seed of the sampler; average over several.

    Returns:
        The best score after each step; None while all experiments have failed.
    """
    import numpy as np  # noqa: PLC0415  heavy
    from optuna.trial import TrialState  # noqa: PLC0415  heavy

    space = search_space(factors)
    table = [(params, entry) for entry in records if (params := space.encode(entry.knobs)) is not None]
    places = np.array([space.coordinates(params) for params, _ in table])
    is_left = np.ones(len(table), dtype=bool)
    study = open_study(direction, seed)
    better = min if direction == "minimize" else max
    best: float | None = None
    best_scores: list[float | None] = []
    for _ in range(min(experiments, len(table))):
        proposal = study.ask(space.distributions())
        distances = np.where(is_left, space.distances(places, space.coordinates(proposal.params)), np.inf)
        # The proposed cell didn't run. FAIL makes the sampler forget it; it learns from the cell that did run.
        study.tell(proposal, state=TrialState.FAIL)
        nearest = int(distances.argmin())
        is_left[nearest] = False
        params, entry = table[nearest]
        tell(study, space, params, [entry])
        if entry.score is not None:
            best = entry.score if best is None else better(best, entry.score)
        best_scores.append(best)
    return best_scores
