"""Experiments as rows of a table: what they share stands once, numbers are rounded to what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import JsonValue

from ...domain import Experiment, Metric, Status, Stratum
from ...schemas.results import Row
from ...source.static_flags import kinds
from ..sanitize import cut

Detail = Literal["concise", "detailed"]
FEW_WORDS = 80
"""Characters of a text in a concise row."""
SENTENCES = 300
"""Characters of a text in a detailed one."""


def tabulate(
    experiments: Sequence[Experiment], strata: Mapping[int, Stratum], metric: Metric, detail: Detail = "concise"
) -> tuple[dict[str, JsonValue], list[Row]]:
    """Experiments as rows, and what all rows share: metric, stratum, noise, and every key that has one value.

    Scores compare within a stratum only: where the rows span several, each says to which it belongs.

    Args:
        experiments: In the order to show.
        strata: Those that the experiments belong to, by number.
        metric: What scores are of.
        detail: `detailed` adds hypothesis, theme, who launched it, the verdict's reason and flags.
    """
    spanned = [strata[number] for number in sorted({e.stratum for e in experiments if e.stratum is not None})]
    cells = [_cells(e, strata.get(e.stratum or 0), detail) for e in experiments]
    if len(spanned) > 1:
        for row, experiment in zip(cells, experiments, strict=True):
            row["stratum"] = stratum_id(experiment.stratum) if experiment.stratum is not None else None
    shared = _take_shared(cells)
    common: dict[str, JsonValue] = {"metric": metric.name, "direction": metric.direction}
    if metric.self_reported:
        common["self_reported"] = True
    return common | _about(spanned) | shared, [Row(**row) for row in cells]


def stratum_id(number: int) -> str:
    """`s2` for 2."""
    return f"s{number}"


def about_stratum(stratum: Stratum) -> dict[str, JsonValue]:
    """A stratum, its reference and its noise."""
    told: dict[str, JsonValue] = {"stratum": {name: value for name, value in stratum.facts.items() if value is not None}}
    if stratum.reference is not None:
        told["reference"] = round(stratum.reference, decimals(stratum, stratum.reference))
        told["reference_replicates"] = stratum.replicates
    if stratum.noise is not None:
        told["noise"] = significant(stratum.noise, 2)
    return told


def decimals(stratum: Stratum | None, value: float) -> int:
    """How many decimals of a score mean something: one beyond the noise's first digit, five digits where it isn't known."""
    if stratum is not None and stratum.noise:
        return max(0, 1 - math.floor(math.log10(stratum.noise)))
    return max(0, 4 - (math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0))


def significant(value: float, digits: int) -> float:
    """A number rounded to so many digits."""
    return float(f"{value:.{digits}g}")


def cost(experiment: Experiment) -> str:
    """What an experiment cost, or is estimated to: dollars where a price is known, else seconds of its slot."""
    if experiment.usd:
        return f"${experiment.usd:.2f}" if experiment.usd >= 0.01 else f"${experiment.usd:.1g}"
    return f"{experiment.gpu_seconds:.0f} {'core' if experiment.gpu == 'cpu' else 'GPU'}-s"


def error_of(experiment: Experiment) -> str | None:
    """Why there is no score, in a line; None where there is one or may still be."""
    if experiment.failed is not None:
        return f"{experiment.failed.kind}: {experiment.failed.message}"
    if experiment.status is Status.STOPPED:
        return f"stopped: {experiment.reason}"
    return f"cancelled: {experiment.cancel_reason}" if experiment.cancel_reason else None


def _cells(experiment: Experiment, stratum: Stratum | None, detail: Detail) -> dict[str, Any]:
    places = decimals(stratum, experiment.score or 0.0)
    error = error_of(experiment)
    most = FEW_WORDS if detail == "concise" else SENTENCES
    cells: dict[str, Any] = {
        "id": experiment.id,
        "status": experiment.status.value,
        "verdict": experiment.verdict.value,
        "score": None if experiment.score is None else round(experiment.score, places),
        "gain": None if experiment.gain is None else round(experiment.gain, places) + 0.0,  # never -0.0
        "changes": cut(experiment.changes or "unchanged", most),
        "seed": experiment.seed,
        "gpu": experiment.gpu,
        "cost": cost(experiment),
        "error": error and cut(error, most),
        "flags": kinds([cut(flag, most) for flag in experiment.flags]),
    }
    if detail == "detailed":
        cells |= {
            "hypothesis": cut(experiment.hypothesis, most),
            "theme": experiment.theme and cut(experiment.theme, most),
            "by": cut(experiment.launched_by, most),
            "reason": experiment.reason and cut(experiment.reason, most),
            "flags": [cut(flag, most) for flag in experiment.flags],
        }
    return cells


def _take_shared(cells: Sequence[dict[str, Any]]) -> dict[str, JsonValue]:
    """Take out of the rows what is the same in all of them."""
    if len(cells) < 2:
        return {}
    first = cells[0]
    shared = {key: value for key, value in first.items() if value not in (None, []) and all(row[key] == value for row in cells)}
    for row in cells:
        for key in shared:
            del row[key]
    return shared


def _about(spanned: Sequence[Stratum]) -> dict[str, JsonValue]:
    if len(spanned) <= 1:
        return about_stratum(spanned[0]) if spanned else {}
    return {
        "strata": {stratum_id(stratum.number): about_stratum(stratum) for stratum in spanned},
        "order": "scores of different strata don't compare",
    }
