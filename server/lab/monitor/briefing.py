"""`get_briefing`: the state of the research on one screen, for a new agent or after a context was lost."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import JsonValue

from ...domain import FINISHED, Experiment, Stratum
from ...ids import experiment_id, id_ranges
from ...schemas.monitor import Briefing, Theme
from ...schemas.results import Row
from ...store.comparison import champions, validations
from ...store.comparison.strata import all_strata
from ...store.experiments import stats
from ...store.experiments.filter import Filter
from ...store.experiments.rows import find_experiments
from ...store.money import allowances, spending
from ...store.running import queue
from .. import allowance
from ..fleet.idle import idle_figures, idle_time
from ..lab import Lab
from ..references import BASELINE
from ..results.experiment_rows import FEW_WORDS, about_stratum, decimals, significant, stratum_id, tabulate
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
        stratum=_stratum(stratum, len(strata)),
        noise=_noise(stratum),
        champion=await _champion(lab, stratum),
        promising=_rows(lab, winners[:MAX_ROWS], stratum),
        themes=await _themes(lab, stratum),
        running=[
            {"by": cut(by, FEW_WORDS), "ids": [*id_ranges(numbers)]}
            for by, numbers in (await stats.active_by_caller(lab.db)).items()
        ],
        queued=sum(queued.values()),
        finished={status.value: count for status, count in by_status.items() if status in FINISHED},
        failures=await failure_classes(lab, Filter()),
        allowance=await _allowance(lab),
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


def _trainer(lab: Lab) -> dict[str, JsonValue]:
    metric = lab.trainer.metric
    about: dict[str, JsonValue] = {
        "name": lab.trainer.name,
        "metric": metric.name,
        "direction": metric.direction,
        "editable": [*lab.trainer.editable],
    }
    return about | {"self_reported": True} if metric.self_reported else about


def _stratum(stratum: Stratum | None, count: int) -> dict[str, JsonValue]:
    if stratum is None:
        return {}
    about: dict[str, JsonValue] = {"id": stratum_id(stratum.number), **about_stratum(stratum)}
    return about | {"others": count - 1} if count > 1 else about


def _noise(stratum: Stratum | None) -> str:
    if stratum is None:
        return "unknown: nothing is scored yet; the first launch adds replicates of the baseline, which measure it"
    if stratum.noise is None:
        return f"unknown: {stratum.replicates} replicates of the reference are scored, and it takes two seeds of a source"
    return f"{significant(stratum.noise, 2):g} between seeds (standard deviation, {stratum.degrees} degrees of freedom)"


async def _champion(lab: Lab, stratum: Stratum | None) -> dict[str, JsonValue]:
    best = await champions.champion(lab.db)
    about: dict[str, JsonValue] = {"id": BASELINE}
    if best is None:
        return about
    if best.experiment is not None:
        ancestors = await stats.ancestry(lab.db, best.experiment, MAX_ANCESTORS)
        about["id"] = experiment_id(best.experiment)
        about["ancestry"] = [f"{experiment_id(number)}: {cut(changes, FEW_WORDS)}" for number, changes in ancestors]
        about |= await _confirmation(lab)
    if stratum is not None:
        score, seeds = await stats.score_of(lab.db, best.tree, stratum.number)
        if score is not None:
            about |= {"score": round(score, decimals(stratum, score)), "seeds": seeds}
    return about


async def _confirmation(lab: Lab) -> dict[str, JsonValue]:
    """Return the validation that made the champion, and its gain against the baseline if it is known."""
    made = await validations.of_champion(lab.db)
    if made is None:
        return {}
    [row] = await tabulate_validations(lab, [made])
    about: dict[str, JsonValue] = {"validation": row.id}
    if row.gain is not None:
        about |= {"gain": row.gain, "interval": [*row.interval], "against": BASELINE}
    return about


async def _winners(lab: Lab, stratum: Stratum | None) -> list[Experiment]:
    """Return the best promising or confirmed experiments, one of each source."""
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


def _rows(lab: Lab, experiments: Sequence[Experiment], stratum: Stratum | None) -> list[Row]:
    strata = {stratum.number: stratum} if stratum else {}
    return [row for experiment in experiments for row in tabulate([experiment], strata, lab.trainer.metric)[1]]


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


async def _allowance(lab: Lab) -> dict[str, JsonValue]:
    committed = await spending.committed(lab.db, time.time())
    figures: dict[str, JsonValue] = {
        "experiments": committed.experiments,
        "gpu_hours": round(committed.gpu_seconds / 3600, 3),
    }
    if committed.usd:
        figures["usd"] = round(committed.usd, 2)
    figures |= idle_figures(await idle_time(lab))
    if changed := allowance.changes(await allowances.history(lab.db)):
        figures["changed"] = [*changed[-MAX_CHANGES:]]
    left = allowance.left(lab.allowance(), committed)
    return figures | {"left": left or "unlimited"}


async def _efficiency(lab: Lab) -> dict[str, JsonValue]:
    """Return the share of the held GPU time, idle time included, that was training that led to a score."""
    spent = await spending.spent(lab.db, time.time())
    settled = spent.gpu_seconds - spent.under_way_seconds
    if settled <= 0:
        return {}
    figures: dict[str, JsonValue] = {
        "useful_share": round(spent.useful_seconds / settled, 3),
        "gpu_hours_settled": round(settled / 3600, 3),
    }
    if improvements := await stats.improvements(lab.db):
        figures["gpu_hours_per_improvement"] = round(settled / 3600 / improvements, 3)
    return figures


def _note(note: stats.Note) -> str:
    about = f" ({', '.join(id_ranges(note.experiments))})" if note.experiments else ""
    return f"{cut(note.by, FEW_WORDS)}{about}: {cut(note.text, MAX_NOTE)}"
