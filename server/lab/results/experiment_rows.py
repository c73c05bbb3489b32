"""Experiments as rows of a table: shared values stand once, and numbers are rounded to the digits that the noise allows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from pydantic import JsonValue

from ...domain import Experiment, Metric, Status, Stratum
from ...research.arms import CONTENDED, SLOW
from ...research.conditions.pace import MIN_LAG
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
    """Return what all rows have in common, and experiments as rows without that.

    In common are the metric, the stratum with its noise, and every value that is the same in all rows. Scores compare within a
    stratum only: if the rows span several, each row names its stratum.

    Args:
        experiments: In the order of the rows.
        strata: The strata of the experiments, by number.
        metric: The metric of the scores.
        detail: `detailed` adds hypothesis, theme, who launched the experiment, the reason of the verdict, and flags in full.
    """
    uneven = _uneven_strata(experiments)
    spanned = [strata[number] for number in sorted({e.stratum for e in experiments if e.stratum is not None})]
    rows = [_row(e, strata.get(e.stratum or 0), detail, names_stratum=len(spanned) > 1, uneven=uneven) for e in experiments]
    shared = _shared_values(rows)
    common: dict[str, JsonValue] = {"metric": metric.name, "direction": metric.direction}
    if metric.self_reported:
        common["self_reported"] = True
    return common | _about_strata(spanned) | shared, [_without(row, shared.keys()) for row in rows]


def stratum_id(number: int) -> str:
    """Return the id of a stratum: `s2` for 2."""
    return f"s{number}"


def about_stratum(stratum: Stratum) -> dict[str, JsonValue]:
    """Return a stratum's facts, its reference and its noise."""
    about: dict[str, JsonValue] = {"stratum": {name: value for name, value in stratum.facts.items() if value is not None}}
    if stratum.reference is not None:
        about["reference"] = round(stratum.reference, decimals(stratum, stratum.reference))
        about["reference_replicates"] = stratum.replicates
    if stratum.noise is not None:
        about["noise"] = significant(stratum.noise, 2)
    return about


def decimals(stratum: Stratum | None, value: float) -> int:
    """Return how many decimals of a score to show: one beyond the first digit of the noise, or five digits if it is unknown."""
    if stratum is not None and stratum.noise:
        return max(0, 1 - math.floor(math.log10(stratum.noise)))
    return max(0, 4 - (math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0))


def significant(value: float, digits: int) -> float:
    """Return a number rounded to so many significant digits."""
    return float(f"{value:.{digits}g}")


def cost(experiment: Experiment) -> str:
    """Return the cost of an experiment, or its estimate: dollars if a price is known, otherwise seconds of its slot."""
    if experiment.usd:
        return f"${experiment.usd:.2f}" if experiment.usd >= 0.01 else f"${experiment.usd:.1g}"
    return f"{experiment.gpu_seconds:.0f} {'core' if experiment.gpu == 'cpu' else 'GPU'}-s"


def error_of(experiment: Experiment) -> str | None:
    """Return in one line why there is no score; None if there is one or may still be one."""
    if experiment.failed is not None:
        return f"{experiment.failed.kind}: {experiment.failed.message}"
    if experiment.status is Status.STOPPED:
        return f"stopped: {experiment.reason}"
    return f"cancelled: {experiment.cancel_reason}" if experiment.cancel_reason else None


def steps_of(experiment: Experiment) -> int | None:
    """Return the steps, or else the tokens, that a run trained; None if it reported neither."""
    measures: Mapping[str, Any] = experiment.result.get("measures") or {}
    amount = measures.get("steps") or measures.get("tokens")
    return round(amount) if isinstance(amount, int | float) and amount > 0 else None


def _uneven_strata(experiments: Sequence[Experiment]) -> set[int | None]:
    """Return the strata in which the experiments' steps differ so much that speed may explain a difference of scores."""
    steps: defaultdict[int | None, list[int]] = defaultdict(list)
    for experiment in experiments:
        if experiment.score is not None and (made := steps_of(experiment)) is not None:
            steps[experiment.stratum].append(made)
    return {stratum for stratum, made in steps.items() if math.log(max(made) / min(made)) > MIN_LAG}


def _row(
    experiment: Experiment,
    stratum: Stratum | None,
    detail: Detail,
    *,
    names_stratum: bool,
    uneven: Collection[int | None] = (),
) -> Row:
    places = decimals(stratum, experiment.score or 0.0)
    error = error_of(experiment)
    is_detailed = detail == "detailed"
    length = SENTENCES if is_detailed else FEW_WORDS
    flags = [cut(flag, length) for flag in experiment.flags]
    return Row(
        id=experiment.id,
        stratum=stratum_id(experiment.stratum) if names_stratum and experiment.stratum is not None else None,
        status=experiment.status.value,
        verdict=experiment.verdict.value,
        score=None if experiment.score is None else round(experiment.score, places),
        gain=None if experiment.gain is None else round(experiment.gain, places) + 0.0,  # never -0.0
        changes=cut(experiment.changes or "unchanged", length),
        steps=steps_of(experiment) if experiment.stratum in uneven or {SLOW, CONTENDED} & {*flags} else None,
        seed=experiment.seed,
        gpu=experiment.gpu,
        cost=cost(experiment),
        error=error and cut(error, length),
        hypothesis=cut(experiment.hypothesis, length) if is_detailed else None,
        theme=cut(experiment.theme, length) if is_detailed and experiment.theme else None,
        by=cut(experiment.launched_by, length) if is_detailed else None,
        reason=cut(experiment.reason, length) if is_detailed and experiment.reason else None,
        flags=flags if is_detailed else kinds(flags),
    )


def _shared_values(rows: Sequence[Row]) -> dict[str, JsonValue]:
    """Return the values that are the same in all rows, by column."""
    if len(rows) < 2:
        return {}
    values = {name: getattr(rows[0], name) for name in Row.model_fields}
    return {
        name: value
        for name, value in values.items()
        if value not in (None, []) and all(getattr(row, name) == value for row in rows)
    }


def _without(row: Row, columns: Collection[str]) -> Row:
    return Row.model_validate(row.model_dump(exclude={*columns})) if columns else row


def _about_strata(spanned: Sequence[Stratum]) -> dict[str, JsonValue]:
    if len(spanned) <= 1:
        return about_stratum(spanned[0]) if spanned else {}
    return {
        "strata": {stratum_id(stratum.number): about_stratum(stratum) for stratum in spanned},
        "order": "scores of different strata don't compare",
    }
