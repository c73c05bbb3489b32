"""What experiments differ in, as factors: their knobs, and their code where that was changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeGuard

from ...domain import Metric
from ...ids import experiment_id
from ...research.effects import Point
from ...store.experiments.trials import TriedExperiment
from ..references import BASELINE
from .dataset import Evidence

CODE = "code"
"""The factor whose values are sources that differ in more than knobs."""
MOST_VALUES = 6
"""Of a knob that are told apart; one with more numbers is split at its median."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Experiments as points in the space of what differs between them.

    Attributes:
        points: With the factors that differ and that all have.
        reference: The value of each that others are compared with.
        rests_on: The experiments, in the order of the points.
        split: The knobs that were split at their median.
        singles: How many are left out because theirs is the only experiment on its code.
    """

    points: Sequence[Point]
    reference: Mapping[str, Any]
    rests_on: Sequence[TriedExperiment]
    split: Sequence[str]
    singles: int


def factors(evidence: Evidence, champion: tuple[str, Mapping[str, Any]], metric: Metric, *, all_codes: bool) -> Factors:
    """Make points of scored experiments.

    Args:
        evidence: Which.
        champion: Digest of its code, and its knobs: what others are compared with.
        metric: What scores are of.
        all_codes: Keep a code that only one experiment ran on. Of a whole ledger that would be a factor with hundreds of
            values, each of which says no more than its own gain.
    """
    digests = {one.number: evidence.code_of(one) for one in evidence.scored}
    frequent = Counter(digests.values())
    chosen = [one for one in evidence.scored if all_codes or frequent[digests[one.number]] > 1]
    knobs = differing(chosen)
    cuts = {name: cut for name, values in knobs.items() if (cut := _cut(values)) is not None}
    names: dict[str, str] = {"": BASELINE}
    for one in chosen:
        names.setdefault(digests[one.number], experiment_id(one.number))
    several = len({digests[one.number] for one in chosen}) > 1

    def placed(digest: str, values: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: _side(values[name], cuts.get(name)) for name in knobs if name in values}
        return told | {CODE: names.get(digest, "")} if several else told

    zero = evidence.stratum.reference or 0.0
    return Factors(
        points=[Point(placed(digests[one.number], one.knobs), metric.gain(one.score or 0.0, zero), one.seed) for one in chosen],
        reference=placed(*champion),
        rests_on=chosen,
        split=sorted(cuts),
        singles=len(evidence.scored) - len(chosen),
    )


def differing(experiments: Sequence[TriedExperiment]) -> dict[str, list[Any]]:
    """The knobs that differ between experiments and that all of them have, with their values in order."""
    shared = set[str].intersection(*(set(one.knobs) for one in experiments)) if experiments else set[str]()
    ordered = [name for name in (experiments[0].knobs if experiments else ()) if name in shared]
    values = {name: {repr(one.knobs[name]): one.knobs[name] for one in experiments} for name in ordered}
    return {name: in_order(list(known.values())) for name, known in values.items() if len(known) > 1}


def in_order(values: Sequence[Any]) -> list[Any]:
    """Numbers by size, anything else by how it is written."""
    return sorted(values) if all(map(is_number, values)) else sorted(values, key=repr)


def is_number(value: object) -> TypeGuard[float]:
    """A number, and not True or False."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cut(values: Sequence[Any]) -> float | None:
    return median(values) if len(values) > MOST_VALUES and all(map(is_number, values)) else None


def _side(value: Any, cut: float | None) -> Any:  # noqa: ANN401  whatever a knob may be
    if cut is None or not is_number(value):
        return value
    return f"≤{cut:.3g}" if value <= cut else f">{cut:.3g}"
