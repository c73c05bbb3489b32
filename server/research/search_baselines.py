"""What random search, and the optimiser, would have reached with the same experiments.

Both are computed from what ran, so they are no better than that: observed scores with their luck, of cells that somebody chose.
Compare them with the best observed score, which has the same luck, not with a validated gain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..domain import Direction
from .search_space import search_space
from .tpe import TrialRecord, open_study, tell


def random_search(gains: Sequence[float | None], experiments: int) -> float:
    """The best gain to be expected of so many experiments drawn at random from those that ran.

    Σ g(i) C(N - i, n - 1) / C(N, n) over the gains from the best down, the mean of the best over all draws without replacement
    (Tang et al. 2020, "Showing your work doesn't always work", ACL, equation 5). It is random search's where the cells were
    drawn at random (`design="random"`).

    Args:
        gains: Of all experiments against the baseline, positive is better; None for a failure. The baseline is always kept,
            so that no draw gains less than 0.
        experiments: Drawn; at most as many as ran.

    Raises:
        ValueError: More are to be drawn than ran, or none.
    """
    if not 1 <= experiments <= len(gains):
        raise ValueError(f"can't draw {experiments} of {len(gains)} experiments")
    ranked = sorted((max(0.0, gain or 0.0) for gain in gains), reverse=True)
    total, best_is = 0.0, experiments / len(ranked)
    for place, gain in enumerate(ranked, start=1):
        total += best_is * gain
        left = len(ranked) - place
        best_is *= (left - experiments + 1) / left if left else 0.0
    return total


def optimiser_replay(
    ledger: Sequence[TrialRecord],
    factors: Mapping[str, Sequence[Any]],
    experiments: int,
    direction: Direction,
    *,
    seed: int = 0,
) -> list[float | None]:
    """The best score that the optimiser would have had after each experiment, had it chosen among those that ran.

    At each step it proposes a cell, and is given the nearest one that it has not had yet (a benchmark from a table: Klein and
    Hutter 2019, "Tabular benchmarks for joint architecture and hyperparameter optimization").

    Args:
        ledger: Finished experiments of one stratum and one context; those outside of the space are left out.
        factors: The space (see `space.search_space`).
        experiments: Steps, at most as many as there are experiments.
        direction: Which way is better.
        seed: Of the sampler; average over several.

    Returns:
        Step by step; None as long as all have failed.
    """
    from optuna.trial import TrialState  # noqa: PLC0415  heavy

    space = search_space(factors)
    table = [(params, entry) for entry in ledger if (params := space.encode(entry.knobs)) is not None]
    study = open_study(direction, seed)
    better = min if direction == "minimize" else max
    best: float | None = None
    course: list[float | None] = []
    for _ in range(min(experiments, len(table))):
        asked = study.ask(space.distributions())
        distances = [space.distance(asked.params, params) for params, _ in table]
        # What it asked for didn't run: only the cell that did is remembered.
        study.tell(asked, state=TrialState.FAIL)
        params, entry = table.pop(distances.index(min(distances)))
        tell(study, space, params, [entry])
        if entry.score is not None:
            best = entry.score if best is None else better(best, entry.score)
        course.append(best)
    return course
