"""All that a person is told of a lab in the end: gathered once, rendered as HTML or Markdown by the command."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import JsonValue

from ...errors import BadInputError
from ...ids import experiment_id
from ...schemas.analysis import Analysis, Aspect, Picture
from ...schemas.monitor import Briefing
from ...schemas.results import Row, ValidationRow
from ...source.changes import describe
from ...store.comparison import champions, validations
from ...store.comparison.strata import all_strata
from ...store.experiments import trials
from ...store.experiments.filter import Filter
from ...store.money import spending
from ...store.money.spending import Bill, Idle
from .. import references
from ..analysis.analyze import analyze
from ..analysis.plots import RenderedPlot, plot
from ..fleet.idle import idle_figures
from ..inspect.diff import diff
from ..lab import Lab
from ..monitor.briefing import get_briefing
from ..results.experiment_rows import significant, stratum_id
from ..results.validation_rows import tabulate_validations
from .sealed_split import SealedScore, unseal

ASPECTS: Sequence[Aspect] = ("noise", "effects", "importance", "pareto", "horizons", "efficiency", "yardstick", "ablation")
MOST_DIFF = 20_000
"""Characters of each champion's diff."""


@dataclass(frozen=True, slots=True)
class Succession:
    """A champion and what it changed.

    Attributes:
        id: `e0042`.
        hypothesis: Why it should help, as whoever launched it said.
        changes: In a few words, against the champion before it.
        diff: The same in full.
    """

    id: str
    hypothesis: str
    changes: str
    before: str
    diff: str


@dataclass(frozen=True, slots=True)
class LabReport:
    """What is told.

    Attributes:
        launched: How many experiments.
        gpu_hours: Held by them, estimated for what isn't finished; and by clusters that were idle.
        usd: The same.
        bills: What clusters cost, pool by pool.
        verdicts: How many got each, of those that are scored.
        validations: All, in the order of their launch.
        analyses: By what they are of; none where nothing is scored.
        figures: By what they show; those that there is something to draw of.
        strata: Name, facts, and how many are scored in it.
        sealed: What validations came to on the test split, by their names.
    """

    briefing: Briefing
    launched: int
    gpu_hours: float
    usd: float
    bills: Sequence[Mapping[str, JsonValue]]
    verdicts: Mapping[str, int]
    validations: Sequence[ValidationRow]
    analyses: Mapping[Aspect, Analysis]
    figures: Mapping[Picture, RenderedPlot]
    champions: Sequence[Succession]
    strata: Sequence[tuple[str, str, int]]
    sealed: Mapping[str, SealedScore]

    @property
    def promising(self) -> list[Row]:
        """The best that nothing has confirmed yet."""
        return [row for row in self.briefing.promising if row.verdict != "confirmed"]

    @property
    def confirmed(self) -> list[ValidationRow]:
        """The validations that confirmed their candidate."""
        return [row for row in self.validations if row.verdict == "confirmed"]

    @property
    def others(self) -> list[ValidationRow]:
        """The validations that didn't, or haven't yet."""
        return [row for row in self.validations if row.verdict != "confirmed"]


async def gather(lab: Lab) -> LabReport:
    """Read the whole lab."""
    everything = await trials.trials(lab.db, Filter())
    tests = await validations.numbered(lab.db, list(range(1, (await validations.history(lab.db)).tests + 1)))
    bills = await spending.bills(lab.db, time.time())
    idle = sum((bill.idle for bill in bills.values()), Idle())
    return LabReport(
        briefing=await get_briefing(lab),
        launched=len(everything),
        gpu_hours=(math.fsum(one.gpu_seconds for one in everything) + idle.gpu_seconds) / 3600,
        usd=math.fsum(one.usd for one in everything) + idle.usd,
        bills=[_told_of_bill(pool, bill) for pool, bill in bills.items()],
        verdicts=dict(Counter(one.verdict.value for one in everything if one.score is not None).most_common()),
        validations=await tabulate_validations(lab, tests),
        analyses=await _analyses(lab),
        figures=await _figures(lab),
        champions=await _succession(lab),
        sealed={one.validation: one for one in await unseal(lab, tests)},
        strata=await _strata(lab, Counter(one.stratum for one in everything if one.score is not None)),
    )


def _told_of_bill(pool: str, bill: Bill) -> dict[str, JsonValue]:
    return {
        "pool": pool,
        "clusters": bill.clusters,
        "gpu_hours": significant(bill.gpu_seconds / 3600, 3),
        "usd": significant(bill.usd, 3),
        **idle_figures(bill.idle),
    }


async def _analyses(lab: Lab) -> dict[Aspect, Analysis]:
    found: dict[Aspect, Analysis] = {}
    for what in ASPECTS:
        try:
            found[what] = await analyze(lab, what)
        except BadInputError:  # nothing is scored
            return {}
    return found


async def _figures(lab: Lab) -> dict[Picture, RenderedPlot]:
    found: dict[Picture, RenderedPlot] = {}
    for what in get_args(Picture):
        try:
            found[what] = await plot(lab, what)
        except BadInputError:  # there is nothing of it to draw
            continue
    return found


async def _succession(lab: Lab) -> list[Succession]:
    """The champions after the baseline, each with its diff against the one before."""
    before = await references.baseline(lab)
    line: list[Succession] = []
    for reign in (await champions.history(lab.db))[1:]:
        if reign.champion.experiment is None:
            continue
        experiment = await references.find_experiment(lab, experiment_id(reign.champion.experiment))
        after = await references.of_experiment(lab, experiment)
        changed = await diff(lab, before, after, most=MOST_DIFF)
        told = describe(before.source, after.source)
        line.append(Succession(experiment.id, experiment.hypothesis, told, before.name, changed))
        before = after
    return line


async def _strata(lab: Lab, scored: Mapping[int | None, int]) -> list[tuple[str, str, int]]:
    return [
        (
            stratum_id(number),
            ", ".join(f"{name} {value}" for name, value in stratum.facts.items() if value is not None),
            scored.get(number, 0),
        )
        for number, stratum in (await all_strata(lab.db)).items()
    ]
