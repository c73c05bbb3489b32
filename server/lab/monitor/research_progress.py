"""The progress of the research in one stratum: every score in order, the noise, and the champions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...domain import Metric, Outcome, Stratum
from ...errors import NotFoundError
from ...ids import experiment_id
from ...store.comparison import champions, source_scores
from ...store.comparison.champions import BASELINE
from ...store.comparison.strata import all_strata
from ...store.experiments import stats
from ...store.experiments.outcomes import outcomes, scored_by_stratum
from ..lab import Lab
from ..results.experiment_rows import stratum_id

MAX_OUTCOMES = 20_000
"""Experiments that are shown; older ones are left out."""


@dataclass(frozen=True, slots=True)
class ChampionStep:
    """A champion in the order of scores.

    Attributes:
        start: The number of experiments that had ended when it became the champion.
        score: The mean of its scores in the stratum.
        name: `e0057` or `baseline`.
    """

    start: int
    score: float
    name: str


@dataclass(frozen=True, slots=True)
class StratumChoice:
    """A stratum that can be shown.

    Attributes:
        id: `s2`.
        title: Its device and its budget.
        scored: The number of its scores.
    """

    id: str
    title: str
    scored: int


@dataclass(frozen=True, slots=True)
class ResearchProgress:
    """The progress of the research in one stratum.

    Attributes:
        metric: What the scores are.
        stratum: The stratum; None if nothing has a score yet.
        outcomes: In the order in which the experiments ended.
        champions: In turn, those that have a score in the stratum.
        choices: All strata that have scores, the one with most of them first.
    """

    metric: Metric
    stratum: Stratum | None
    outcomes: Sequence[Outcome]
    champions: Sequence[ChampionStep]
    choices: Sequence[StratumChoice]


async def get_progress(lab: Lab, stratum: str = "") -> ResearchProgress:
    """Return the progress in a stratum.

    Args:
        lab: The lab.
        stratum: `s2`; empty for the one in which most was scored lately.

    Raises:
        NotFoundError: There is no such stratum.
    """
    strata = await all_strata(lab.db)
    scored = await scored_by_stratum(lab.db)
    choices = [
        StratumChoice(stratum_id(number), title_of(strata[number]), scored[number])
        for number in sorted(scored, key=lambda number: (-scored[number], number))
        if number in strata
    ]
    chosen = await _chosen(lab, strata, stratum)
    if chosen is None:
        return ResearchProgress(lab.trainer.metric, None, (), (), choices)
    ended = await outcomes(lab.db, chosen.number, MAX_OUTCOMES)
    return ResearchProgress(lab.trainer.metric, chosen, ended, await _champion_steps(lab, chosen, ended), choices)


def title_of(stratum: Stratum) -> str:
    """Return the device and the budget of a stratum."""
    device = stratum.facts.get("device", "unknown device")
    budget = stratum.facts.get("budget") or f"{stratum.facts.get('budget_seconds', 0):g} s"
    return f"{device}, {budget}"


async def _chosen(lab: Lab, strata: Mapping[int, Stratum], wanted: str) -> Stratum | None:
    if not wanted:
        return strata.get(await stats.main_stratum(lab.db) or 0)
    found = next((stratum for number, stratum in strata.items() if stratum_id(number) == wanted.strip().lower()), None)
    if found is None:
        names = ", ".join(stratum_id(number) for number in strata) or "none"
        raise NotFoundError(f"There is no stratum {wanted:.20}", f"Those of this lab: {names}")
    return found


async def _champion_steps(lab: Lab, stratum: Stratum, ended: Sequence[Outcome]) -> list[ChampionStep]:
    steps: list[ChampionStep] = []
    for period in await champions.history(lab.db):
        score, _ = await source_scores.score_of(lab.db, period.champion.tree, stratum.number)
        number = period.champion.experiment
        if score is not None:
            start = 0 if number is None else sum(outcome.finished_at < period.since for outcome in ended)
            steps.append(ChampionStep(start, score, BASELINE if number is None else experiment_id(number)))
    return steps
