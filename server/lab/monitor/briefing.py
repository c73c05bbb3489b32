"""`get_briefing`: the state of the research on one screen, for a new agent or after a context was lost."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...domain import FINISHED, Experiment, Stratum
from ...ids import experiment_id, id_ranges
from ...schemas.monitor import (
    AllowanceSummary,
    Briefing,
    ChampionSummary,
    EfficiencySummary,
    RunningExperiments,
    Theme,
    TrainerSummary,
)
from ...schemas.results import Row, ValidationRow
from ...store.comparison import champions, source_scores, validations
from ...store.comparison.champions import Champion
from ...store.comparison.strata import all_strata
from ...store.experiments import stats
from ...store.experiments.filter import Filter
from ...store.experiments.rows import find_experiments
from ...store.money import allowances, spending
from ...store.running import queue
from .. import allowance
from ..approval import plans
from ..fleet.idle import idle_gpu_hours, idle_time, idle_usd
from ..lab import Lab
from ..references import BASELINE
from ..results.experiment_rows import FEW_WORDS, decimals, reference_of, significant, summarize_stratum, tabulate
from ..results.failure_classes import failure_classes
from ..results.validation_rows import tabulate_validations
from ..sanitize import cut
from . import alerts
from .next_step import next_step

MAX_WINNERS = 8
"""Experiments that are considered for combining."""
MAX_ROWS = 5
MAX_THEMES = 12
MAX_NOTES = 5
MAX_CHANGES = 3
"""Changes of the allowance."""
MAX_NOTE = 200
"""Characters of a note."""
MAX_ANCESTORS = 10
"""Ancestors of the champion."""


async def get_briefing(lab: Lab) -> Briefing:
    """Return the briefing. Scores and gains are those of the stratum in which most was scored lately."""
    strata = await all_strata(lab.db)
    stratum = strata.get(await stats.main_stratum(lab.db) or 0)
    winners = await _winners(lab, stratum)
    open_winners = await _not_yet_combined(lab, winners)
    by_status = await stats.by_status(lab.db)
    queued = await queue.queued_by_gpu(lab.db)
    return Briefing(
        goal=lab.settings.goal or f"Improve {lab.trainer.metric.name} of the trainer {lab.trainer.name}",
        trainer=_trainer(lab),
        stratum=summarize_stratum(stratum, others=(len(strata) - 1) or None) if stratum else None,
        noise=_noise(stratum),
        champion=await _champion(lab, stratum),
        promising=await _rows(lab, winners[:MAX_ROWS], stratum),
        themes=await _themes(lab, stratum),
        running=[
            RunningExperiments(by=cut(by, FEW_WORDS), ids=id_ranges(numbers))
            for by, numbers in (await stats.active_by_caller(lab.db)).items()
        ],
        queued=sum(queued.values()),
        finished={status.value: count for status, count in by_status.items() if status in FINISHED},
        failures=await failure_classes(lab, Filter()),
        allowance=await summarize_allowance(lab),
        plans=[plans.progress_in_words(plan) for plan in await plans.open_and_in_force(lab)],
        efficiency=await _efficiency(lab),
        not_yet_combined=open_winners,
        notes=[_note(note) for note in await stats.notes(lab.db, MAX_NOTES)],
        attention=[alert.line for alert in await alerts.scan(lab)],
        next=await next_step(lab, winners, open_winners),
    )


async def suggest(lab: Lab) -> str:
    """Return the call that is useful next, with its reason, as the briefing names it."""
    strata = await all_strata(lab.db)
    winners = await _winners(lab, strata.get(await stats.main_stratum(lab.db) or 0))
    return await next_step(lab, winners, await _not_yet_combined(lab, winners))


def _trainer(lab: Lab) -> TrainerSummary:
    metric = lab.trainer.metric
    return TrainerSummary(
        name=lab.trainer.name,
        metric=metric.name,
        direction=metric.direction,
        editable=[*lab.trainer.editable],
        self_reported=metric.self_reported or None,
    )


def _noise(stratum: Stratum | None) -> str:
    if stratum is None:
        return "unknown: nothing is scored yet; the first launch adds replicates of the baseline, which measure it"
    if stratum.noise is None:
        return f"unknown: {stratum.replicates} replicates of the reference are scored, and it takes two seeds of a source"
    return f"{significant(stratum.noise, 2):g} between seeds (standard deviation, {stratum.degrees} degrees of freedom)"


async def _champion(lab: Lab, stratum: Stratum | None) -> ChampionSummary:
    best = await champions.champion(lab.db)
    if best is None:
        return ChampionSummary(id=BASELINE)
    made = await _confirmation(lab) if best.experiment is not None else None
    score, sd, seeds = await _champion_score(lab, best, stratum)
    return ChampionSummary(
        id=best.name,
        ancestry=await _ancestry(lab, best.experiment),
        validation=made.id if made else None,
        gain=made.gain if made else None,
        interval=made.interval if made and made.gain is not None else [],
        against=BASELINE if made and made.gain is not None else None,
        score=score,
        sd=sd,
        seeds=seeds,
    )


async def _ancestry(lab: Lab, experiment: int | None) -> list[str]:
    if experiment is None:
        return []
    ancestors = await stats.ancestry(lab.db, experiment, MAX_ANCESTORS)
    return [f"{experiment_id(number)}: {cut(changes, FEW_WORDS)}" for number, changes in ancestors]


async def _champion_score(lab: Lab, best: Champion, stratum: Stratum | None) -> tuple[float | None, float | None, int | None]:
    """Return the champion's mean score in a stratum, its spread between seeds, and the number of scores; None where unknown."""
    if stratum is None:
        return None, None, None
    reference = reference_of(stratum)
    if reference is not None and reference.id == best.name:
        return reference.score, reference.sd, reference.seeds or None
    score, seeds = await source_scores.score_of(lab.db, best.tree, stratum.number)
    return (None, None, None) if score is None else (round(score, decimals(stratum, score)), None, seeds)


async def _confirmation(lab: Lab) -> ValidationRow | None:
    """Return the validation that made the champion; None if there is none."""
    made = await validations.of_champion(lab.db)
    return (await tabulate_validations(lab, [made]))[0] if made else None


async def _winners(lab: Lab, stratum: Stratum | None) -> list[Experiment]:
    """Return the best experiments that beat the reference, one of each source, without the champion and former champions."""
    if stratum is None:
        return []
    lower_is_better = lab.trainer.metric.direction == "minimize"
    numbers = await stats.winners(lab.db, stratum.number, lower_is_better=lower_is_better, most=MAX_WINNERS)
    return await find_experiments(lab.db, numbers)


async def _not_yet_combined(lab: Lab, winners: Sequence[Experiment]) -> list[str]:
    """Return the winners whose changes are in neither the champion nor another winner; none unless there are two or more."""
    best = await champions.champion(lab.db)
    if best is None or len(winners) < 2:
        return []
    apart = await lab.sources.independent([best.commit, *(winner.commit for winner in winners)])
    ids = [winner.id for winner in winners if winner.commit in apart and winner.commit != best.commit]
    return ids if len(ids) > 1 else []


async def _rows(lab: Lab, experiments: Sequence[Experiment], stratum: Stratum | None) -> list[Row]:
    strata = {stratum.number: stratum} if stratum else {}
    return [row for experiment in experiments for row in (await tabulate(lab, [experiment], strata, "brief"))[1]]


async def _themes(lab: Lab, stratum: Stratum | None) -> list[Theme]:
    themes = await stats.themes(lab.db, stratum.number if stratum else None, MAX_THEMES)
    return [
        Theme(
            theme=cut(theme.name, FEW_WORDS),
            tried=theme.tried,
            best_gain=None if theme.best_gain is None else round(theme.best_gain, decimals(stratum, theme.best_gain)),
            failed=theme.failed,
        )
        for theme in themes
    ]


async def summarize_allowance(lab: Lab) -> AllowanceSummary:
    """Return what the lab has spent and reserved, and what is left of what the person allowed."""
    committed = await spending.committed(lab.db, time.time())
    idle = await idle_time(lab)
    return AllowanceSummary(
        experiments=committed.experiments,
        gpu_hours=round(committed.gpu_seconds / 3600, 3),
        usd=round(committed.usd, 2) if committed.usd else None,
        idle_gpu_hours=idle_gpu_hours(idle),
        idle_usd=idle_usd(idle),
        changed=allowance.changes(await allowances.history(lab.db))[-MAX_CHANGES:],
        left=allowance.left(lab.allowance(), committed) or "unlimited",
    )


async def _efficiency(lab: Lab) -> EfficiencySummary | None:
    """Return the share of the held GPU time, idle time included, that was training that led to a score."""
    spent = await spending.spent(lab.db, time.time())
    settled = spent.gpu_seconds - spent.under_way_seconds
    if settled <= 0:
        return None
    improvements = await stats.improvements(lab.db)
    return EfficiencySummary(
        useful_share=round(spent.useful_seconds / settled, 3),
        gpu_hours_settled=round(settled / 3600, 3),
        gpu_hours_per_improvement=round(settled / 3600 / improvements, 3) if improvements else None,
    )


def _note(note: stats.Note) -> str:
    about = f" ({', '.join(id_ranges(note.experiments))})" if note.experiments else ""
    return f"{cut(note.by, FEW_WORDS)}{about}: {cut(note.text, MAX_NOTE)}"
