"""The contents of the report on a lab: gathered once, and rendered as HTML and Markdown by the command."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from ...domain import PersonMessage, Picture
from ...errors import BadInputError
from ...ids import experiment_id
from ...schemas.analysis import Analysis, Aspect
from ...schemas.approval import PlanSummary
from ...schemas.monitor import Briefing
from ...schemas.results import Row, ValidationRow
from ...source.changes import describe
from ...store.comparison import champions, validations
from ...store.comparison.strata import all_strata
from ...store.experiments import stats
from ...store.money import spending
from ...store.money.spending import Bill, Idle
from .. import references
from ..analysis.analyze import analyze_lab
from ..analysis.dataset import Evidence, gather_evidence
from ..analysis.plots import RenderedPlot, plot_lab
from ..approval.plans import summaries
from ..fleet.idle import idle_gpu_hours, idle_usd
from ..inspect.diff import diff
from ..lab import Lab
from ..literature.citing import PaperUse, paper_uses
from ..monitor.briefing import get_briefing
from ..proposals import named
from ..results.experiment_rows import significant, stratum_id
from ..results.validation_rows import tabulate_validations
from ..steering.person_messages import newest_messages
from .sealed_split import SealedScore, unseal

ASPECTS: Sequence[Aspect] = ("noise", "effects", "importance", "pareto", "horizons", "efficiency", "yardstick", "ablation")
MAX_MESSAGES = 100
MAX_DIFF = 20_000
"""Characters of the diff of each champion."""


@dataclass(frozen=True, slots=True)
class Succession:
    """A champion and what it changed.

    Attributes:
        id: `e0042`.
        hypothesis: Why it should help, in the words of its launcher.
        changes: What it changed against the champion before it, in a few words.
        before: The champion before it.
        diff: The difference from that champion.
    """

    id: str
    hypothesis: str
    changes: str
    before: str
    diff: str


@dataclass(frozen=True, slots=True)
class PoolBill:
    """What the clusters of a pool held and cost, and how much of it while no run used them."""

    pool: str
    clusters: int
    gpu_hours: float
    usd: float
    idle_gpu_hours: float | None
    idle_usd: float | None


@dataclass(frozen=True, slots=True)
class LabReport:
    """The contents of a report.

    Attributes:
        briefing: The state of the research.
        launched: How many experiments were launched.
        gpu_hours: GPU time that experiments held, estimated if unfinished, and that clusters were idle.
        usd: What that GPU time cost.
        bills: What clusters cost, by pool.
        verdicts: How many scored experiments have each verdict.
        validations: All validations, in the order of their launch.
        analyses: By aspect; empty if nothing is scored.
        figures: By what they show, those for which there is data.
        champions: The champions after the baseline, in order.
        strata: The id, the facts and the number of scored experiments of each stratum.
        sealed: The results of validations on the test split, by validation.
        papers: Those that were read or are cited.
        messages: What the person said, the newest first, with what answers it.
        plans: Plans of spending, with what was decided about them and what was made of them.
    """

    briefing: Briefing
    launched: int
    gpu_hours: float
    usd: float
    bills: Sequence[PoolBill]
    verdicts: Mapping[str, int]
    validations: Sequence[ValidationRow]
    analyses: Mapping[Aspect, Analysis]
    figures: Mapping[Picture, RenderedPlot]
    champions: Sequence[Succession]
    strata: Sequence[tuple[str, str, int]]
    sealed: Mapping[str, SealedScore]
    papers: Sequence[PaperUse]
    messages: Sequence[PersonMessage]
    plans: Sequence[PlanSummary]

    @property
    def promising(self) -> list[Row]:
        """The best experiments that no validation has confirmed yet."""
        return [row for row in self.briefing.promising if row.verdict != "confirmed"]

    @property
    def confirmed(self) -> list[ValidationRow]:
        """The validations that confirmed their candidate."""
        return [row for row in self.validations if row.verdict == "confirmed"]

    @property
    def unconfirmed(self) -> list[ValidationRow]:
        """The validations that didn't confirm their candidate, or haven't finished."""
        return [row for row in self.validations if row.verdict != "confirmed"]


async def gather(lab: Lab) -> LabReport:
    """Return the contents of the report on a lab."""
    totals = await stats.totals(lab.db)
    tests = await validations.numbered(lab.db, list(range(1, (await validations.history(lab.db)).tests + 1)))
    evidence = await _evidence(lab)
    bills = await spending.bills(lab.db, time.time())
    idle = sum((bill.idle for bill in bills.values()), Idle())
    return LabReport(
        briefing=await get_briefing(lab),
        launched=totals.launched,
        gpu_hours=(totals.gpu_seconds + idle.gpu_seconds) / 3600,
        usd=totals.usd + idle.usd,
        bills=[_pool_bill(pool, bill) for pool, bill in bills.items()],
        verdicts=totals.verdicts,
        validations=await tabulate_validations(lab, tests),
        analyses={} if evidence is None else {what: await analyze_lab(lab, evidence, what) for what in ASPECTS},
        figures={} if evidence is None else await _figures(lab, evidence),
        champions=await _succession(lab),
        sealed={score.validation: score for score in await unseal(lab, tests)},
        strata=await _strata(lab, totals.scored),
        papers=await paper_uses(lab),
        messages=await newest_messages(lab, MAX_MESSAGES),
        plans=await summaries(lab),
    )


def _pool_bill(pool: str, bill: Bill) -> PoolBill:
    return PoolBill(
        pool=pool,
        clusters=bill.clusters,
        gpu_hours=significant(bill.gpu_seconds / 3600, 3),
        usd=significant(bill.usd, 3),
        idle_gpu_hours=idle_gpu_hours(bill.idle),
        idle_usd=idle_usd(bill.idle),
    )


async def _evidence(lab: Lab) -> Evidence | None:
    """Return what all analyses and plots rest on, gathered once; None if nothing is scored."""
    try:
        return await gather_evidence(lab, None)
    except BadInputError:
        return None


async def _figures(lab: Lab, evidence: Evidence) -> dict[Picture, RenderedPlot]:
    figures: dict[Picture, RenderedPlot] = {}
    for what in get_args(Picture):
        try:
            figures[what] = await plot_lab(lab, evidence, what)
        except BadInputError:  # there is no data for it
            continue
    return figures


async def _succession(lab: Lab) -> list[Succession]:
    """Return the champions after the baseline, each with its diff against the one before."""
    before = await references.baseline(lab)
    successions: list[Succession] = []
    for period in (await champions.history(lab.db))[1:]:
        if period.champion.experiment is None:
            continue
        experiment = await references.find_experiment(lab, experiment_id(period.champion.experiment))
        after = await references.of_experiment(lab, experiment)
        successions.append(
            Succession(
                id=experiment.id,
                hypothesis=experiment.hypothesis,
                changes=named(experiment.variant, describe(before.source, after.source)),
                before=before.name,
                diff=await diff(lab, before, after, most=MAX_DIFF),
            )
        )
        before = after
    return successions


async def _strata(lab: Lab, scored: Mapping[int, int]) -> list[tuple[str, str, int]]:
    return [
        (
            stratum_id(number),
            ", ".join(f"{name} {value}" for name, value in stratum.facts.items() if value is not None),
            scored.get(number, 0),
        )
        for number, stratum in (await all_strata(lab.db)).items()
    ]
