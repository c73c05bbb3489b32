"""The factors in which experiments differ: their knobs, and their code where it was changed. And the effects of the factors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeGuard

from anyio import to_thread

from ...domain import Metric
from ...ids import experiment_id
from ...research.effects import Effects, Point, effects
from ...store.comparison import champions
from ...store.experiments.trials import TriedExperiment
from ..lab import Lab
from ..references import BASELINE
from .dataset import Evidence

CODE = "code"
"""The factor whose values are sources that differ in more than their knobs."""
MAX_VALUES = 6
"""Values of a knob that are kept apart. A knob with more values, all of them numbers, is split at their median."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Experiments as points in the space of the factors in which they differ.

    Attributes:
        points: One for each experiment, with the factors that differ and that all experiments have.
        reference: The value of each factor that the other values are compared with.
        split: The knobs that were split at the median of their values.
        singles: How many experiments are left out because no other experiment ran on their code.
    """

    points: Sequence[Point]
    reference: Mapping[str, Any]
    split: Sequence[str]
    singles: int


async def fit_effects(lab: Lab, evidence: Evidence, *, all_codes: bool) -> tuple[Factors, Effects]:
    """Fit main effects and two-factor interactions to the scored experiments. The champion's values are the reference.

    Args:
        lab: The lab.
        evidence: The experiments.
        all_codes: See `build_factors`.
    """
    champion = await champions.champion(lab.db)
    code, knobs = "", dict[str, Any]()
    if champion is not None:
        code = evidence.codes[champion.tree].digest if champion.tree in evidence.codes else ""
        knobs = {**await champions.knobs(lab.db, champion.commit)}
    factors = build_factors(evidence, (code, knobs), lab.trainer.metric, all_codes=all_codes)
    # Values that share a half of a split knob still differ, and the fit sees that difference as noise: it has to be estimated.
    noise = None if factors.split else evidence.noise
    return factors, await to_thread.run_sync(effects, factors.points, factors.reference, noise)


def build_factors(evidence: Evidence, champion: tuple[str, Mapping[str, Any]], metric: Metric, *, all_codes: bool) -> Factors:
    """Return the scored experiments as points.

    Args:
        evidence: The experiments.
        champion: The digest of the champion's code, and its knobs: the reference.
        metric: The metric of the scores.
        all_codes: Also keep a code on which only one experiment ran. For a whole lab that would make a factor with hundreds of
            values, each of which tells no more than the gain of its one experiment.
    """
    digests = {experiment.number: evidence.code_of(experiment) for experiment in evidence.scored}
    frequency = Counter(digests.values())
    chosen = [experiment for experiment in evidence.scored if all_codes or frequency[digests[experiment.number]] > 1]
    knobs = differing_knobs(chosen)
    medians = {name: split for name, values in knobs.items() if (split := _median_to_split_at(values)) is not None}
    code_names: dict[str, str] = {"": BASELINE}
    for experiment in chosen:
        # Two variants may have the same name in different grids: the id tells them apart.
        name = f"{experiment.variant} ({experiment_id(experiment.number)})" if experiment.variant else ""
        code_names.setdefault(digests[experiment.number], name or experiment_id(experiment.number))
    has_code_factor = len({digests[experiment.number] for experiment in chosen}) > 1

    def levels(digest: str, values: Mapping[str, Any]) -> dict[str, Any]:
        levels_of_knobs = {name: _level(values[name], medians.get(name)) for name in knobs if name in values}
        return levels_of_knobs | {CODE: code_names.get(digest, "")} if has_code_factor else levels_of_knobs

    zero = evidence.stratum.reference or 0.0
    return Factors(
        points=[
            Point(
                levels(digests[experiment.number], experiment.knobs),
                metric.gain(experiment.score or 0.0, zero),
                experiment.seed,
            )
            for experiment in chosen
        ],
        reference=levels(*champion),
        split=sorted(medians),
        singles=len(evidence.scored) - len(chosen),
    )


def differing_knobs(experiments: Sequence[TriedExperiment]) -> dict[str, list[Any]]:
    """Return the knobs that all experiments have and in which they differ, each with its values in order."""
    if not experiments:
        return {}
    shared = set[str].intersection(*(set(experiment.knobs) for experiment in experiments))
    names = [name for name in experiments[0].knobs if name in shared]
    values = {name: {repr(experiment.knobs[name]): experiment.knobs[name] for experiment in experiments} for name in names}
    return {name: _sort_values(list(distinct.values())) for name, distinct in values.items() if len(distinct) > 1}


def _sort_values(values: Sequence[Any]) -> list[Any]:
    """Return numbers by size, and any other values by their text."""
    return sorted(values) if all(map(_is_number, values)) else sorted(values, key=repr)


def _is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a number other than True or False."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _median_to_split_at(values: Sequence[Any]) -> float | None:
    return median(values) if len(values) > MAX_VALUES and all(map(_is_number, values)) else None


def _level(value: Any, split: float | None) -> Any:  # noqa: ANN401  whatever a knob may be
    """Return the value itself, or on which side of the median it lies if the knob is split."""
    if split is None or not _is_number(value):
        return value
    return f"≤{split:.3g}" if value <= split else f">{split:.3g}"
