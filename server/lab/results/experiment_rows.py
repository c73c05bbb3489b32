"""Experiments as rows of a table: shared values stand once, and numbers are rounded to the digits that the noise allows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ...domain import Experiment, Metric, Status, Stratum, Verdict
from ...research.arms import CONTENDED, SLOW
from ...research.conditions.pace import MIN_LAG
from ...schemas.messages import changed
from ...schemas.results import Columns, Common, ReferenceSummary, Row, StratumFacts, StratumSummary
from ...source.inspection.static_flags import kinds
from ...store.comparison import champions, source_scores, validations
from ...store.comparison.source_scores import Base
from ...store.grids import reused_names
from ..lab import Lab
from ..proposals import UNCHANGED, named
from ..sanitize import cut
from .row_metrics import broken_guards, metrics_of

Detail = Literal["brief", "concise", "detailed"]
STRATUM_FACTS = ("device", "budget_seconds")
"""Facts of a stratum that answers repeat. The briefing and detailed answers have all of them."""
FEW_WORDS = 80
"""Characters of a text in a concise row."""
SENTENCES = 300
"""Characters of a text in a detailed one."""
_TESTED = frozenset({Verdict.CONFIRMED, Verdict.NOT_SHOWN})


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What experiments are compared with, beside the reference of their stratum.

    Attributes:
        bases: The mean score of each base in the stratum of the experiments that were made from it.
        tested_against: The champion that a validation compared a candidate with, by the candidate's number.
    """

    bases: Mapping[Base, float]
    tested_against: Mapping[int, str]

    def other_champion(self, experiment: Experiment, stratum: Stratum | None) -> str | None:
        """Return the champion that a validation compared the experiment with, unless that is the reference."""
        champion = self.tested_against.get(experiment.number)
        return None if stratum is not None and champion == stratum.reference_name else champion

    def gain_on_base(self, experiment: Experiment, stratum: Stratum | None, metric: Metric) -> float | None:
        """Return the gain on the experiment's base; None if the base has no score there, or is the reference itself."""
        if experiment.score is None or stratum is None or base_name(experiment) == stratum.reference_name:
            return None
        mean = self.bases.get(Base(experiment.base, stratum.number, experiment.setting))
        return None if mean is None else metric.gain(experiment.score, mean)


async def compare(lab: Lab, experiments: Sequence[Experiment], strata: Mapping[int, Stratum]) -> Comparisons:
    """Return what experiments are compared with."""
    bases = [
        Base(experiment.base, stratum.number, experiment.setting)
        for experiment in experiments
        if (stratum := strata.get(experiment.stratum or 0)) and base_name(experiment) != stratum.reference_name
    ]
    tested = [experiment.number for experiment in experiments if experiment.verdict in _TESTED]
    return Comparisons(
        await source_scores.base_means(lab.db, bases), await validations.tested_against(lab.db, tested) if tested else {}
    )


async def tabulate(
    lab: Lab,
    experiments: Sequence[Experiment],
    strata: Mapping[int, Stratum],
    detail: Detail = "concise",
    grids: Sequence[int] = (),
    stratum_facts: Collection[str] | None = None,
    metrics: Collection[str] = (),
) -> tuple[Common, list[Row]]:
    """Return what all rows have in common, and experiments as rows without that.

    In common are the metric, the stratum with its reference and its noise, and every value that is the same in all rows. Scores
    compare within a stratum only: if the rows span several, each row names its stratum, and each stratum its reference.

    Args:
        lab: The lab.
        experiments: In the order of the rows.
        strata: The strata of the experiments, by number.
        detail: `detailed` adds seed, hypothesis, theme, who launched the experiment, the reason of the verdict, and flags in
            full. `brief` leaves out the cost, and the status of what has a score.
        grids: The grids that are shown: a cell that existed before has the name of the grid's variant.
        stratum_facts: The facts that are shown of a stratum that all rows share. The default is all.
        metrics: The metrics beside the score that concise rows have. Detailed rows have all.
    """
    metric = lab.trainer.metric
    names = await reused_names(lab.db, grids) if grids else {}
    experiments = [
        replace(experiment, changes=named(names.get(experiment.number, ""), experiment.changes or UNCHANGED))
        for experiment in experiments
    ]
    comparisons = await compare(lab, experiments, strata)
    spanned = [strata[number] for number in sorted({e.stratum for e in experiments if e.stratum is not None})]
    uneven, names_stratum = _uneven_strata(experiments), len(spanned) > 1
    rows = [
        _row(e, strata.get(e.stratum or 0), comparisons, metric, detail, metrics, names_stratum=names_stratum, uneven=uneven)
        for e in experiments
    ]
    shared = _shared(rows)
    return _common(metric, spanned, shared, stratum_facts), [_without(row, shared) for row in rows]


def stratum_id(number: int) -> str:
    """Return the id of a stratum: `s2` for 2."""
    return f"s{number}"


def base_name(experiment: Experiment) -> str:
    """Return the name of the source that an experiment was made from: `e0042` or `baseline`."""
    return champions.name(experiment.base)


def facts_of(stratum: Stratum, names: Collection[str] | None = None) -> StratumFacts:
    """Return what the scores of a stratum have in common: all of it, or only the named facts."""
    return StratumFacts.model_validate({name: value for name, value in stratum.facts.items() if names is None or name in names})


def reference_of(stratum: Stratum) -> ReferenceSummary | None:
    """Return the reference of a stratum by name, with its score and the spread between seeds; None if nothing was judged."""
    if not stratum.reference_name:
        return None
    score, sd = stratum.reference, stratum.reference_sd
    return ReferenceSummary(
        id=stratum.reference_name,
        score=None if score is None else round(score, decimals(stratum, score)),
        sd=None if sd is None else significant(sd, 2),
        seeds=stratum.replicates,
    )


def noise_of(stratum: Stratum) -> float | None:
    """Return the noise of a stratum, rounded; None if it isn't known."""
    return None if stratum.noise is None else significant(stratum.noise, 2)


def summarize_stratum(
    stratum: Stratum, others: int | None = None, *, names_itself: bool = True, facts: Collection[str] | None = None
) -> StratumSummary:
    """Return a stratum's facts, its reference and its noise.

    Args:
        stratum: The stratum.
        others: The number of other strata in the lab, to be shown.
        names_itself: Include the stratum's id.
        facts: The facts that are shown. The default is all.
    """
    return StratumSummary(
        id=stratum_id(stratum.number) if names_itself else None,
        stratum=facts_of(stratum, facts),
        reference=reference_of(stratum),
        noise=noise_of(stratum),
        others=others,
    )


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
    comparisons: Comparisons,
    metric: Metric,
    detail: Detail,
    metrics: Collection[str],
    *,
    names_stratum: bool,
    uneven: Collection[int | None],
) -> Row:
    error = error_of(experiment)
    is_brief, is_detailed = detail == "brief", detail == "detailed"
    length = SENTENCES if is_detailed else FEW_WORDS
    flags = [cut(flag, length) for flag in experiment.flags]
    return Row(
        id=experiment.id,
        stratum=stratum_id(experiment.stratum) if names_stratum and experiment.stratum is not None else None,
        status=None if is_brief and _has_succeeded(experiment) else experiment.status.value,
        verdict=experiment.verdict.value,
        tested_against=comparisons.other_champion(experiment, stratum),
        score=rounded(experiment.score, stratum, experiment),
        gain=rounded(experiment.gain, stratum, experiment),
        base=base_name(experiment),
        gain_on_base=rounded(comparisons.gain_on_base(experiment, stratum, metric), stratum, experiment),
        changes=cut(experiment.changes, length),
        steps=steps_of(experiment) if experiment.stratum in uneven or {SLOW, CONTENDED} & {*flags} else None,
        seed=experiment.seed if is_detailed else None,
        gpu=None if stratum is not None and stratum.facts.get("device") == experiment.gpu else experiment.gpu,
        cost=None if is_brief else cost(experiment),
        error=error and cut(error, length),
        hypothesis=cut(experiment.hypothesis, length) if is_detailed else None,
        theme=cut(experiment.theme, length) if is_detailed and experiment.theme else None,
        by=cut(experiment.launched_by, length) if is_detailed else None,
        reason=cut(experiment.reason, length) if is_detailed and experiment.reason else None,
        flags=flags if is_detailed else kinds(flags),
        guards=broken_guards(experiment, metric),
        metrics=metrics_of(experiment, None if is_detailed else metrics),
    )


def _has_succeeded(experiment: Experiment) -> bool:
    return experiment.score is not None and experiment.status is Status.SUCCEEDED


def rounded(value: float | None, stratum: Stratum | None, experiment: Experiment) -> float | None:
    """Return an experiment's score or gain to the decimals of its score, never -0.0."""
    return None if value is None else round(value, decimals(stratum, experiment.score or 0.0)) + 0.0


def _common(
    metric: Metric, spanned: Sequence[Stratum], shared: Mapping[str, Any], stratum_facts: Collection[str] | None
) -> Common:
    only = spanned[0] if len(spanned) == 1 else None
    common = Common(
        metric=metric.name,
        direction=metric.direction,
        self_reported=metric.self_reported or None,
        stratum=facts_of(only, stratum_facts) if only else None,
        reference=reference_of(only) if only else None,
        noise=noise_of(only) if only else None,
        strata=(
            {
                stratum_id(stratum.number): summarize_stratum(
                    stratum, names_itself=False, facts=_telling(spanned, stratum_facts)
                )
                for stratum in spanned
            }
            if only is None
            else {}
        ),
        order="scores of different strata don't compare" if len(spanned) > 1 else None,
    )
    return changed(common, **shared)


def _shared(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Return the columns that have the same value in all of several rows, with this value."""
    if len(rows) < 2:
        return {}
    first = rows[0]
    return {
        name: getattr(first, name)
        for name in Columns.model_fields
        if all(getattr(row, name) == getattr(first, name) for row in rows)
    }


def _without(row: Row, shared: Collection[str]) -> Row:
    """Return a row without the columns that stand in common."""
    empty = Columns()
    return changed(row, **{name: getattr(empty, name) for name in shared})


def _telling(strata: Sequence[Stratum], wanted: Collection[str] | None) -> Collection[str] | None:
    """Return the facts to show of several strata: the wanted ones, and those that tell the strata apart; None for all."""
    if wanted is None:
        return None
    names = {name for stratum in strata for name in stratum.facts}
    return {*wanted, *(name for name in names if len({repr(stratum.facts.get(name)) for stratum in strata}) > 1)}
