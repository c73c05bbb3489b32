"""The progress of the research in one stratum: every score in order, the noise, and the champions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...domain import Metric, Outcome, Stratum
from ...errors import NotFoundError
from ...store.comparison.champion_steps import ChampionStep, champion_steps
from ...store.comparison.strata import all_strata
from ...store.experiments import stats
from ...store.experiments.outcomes import outcomes, scored_by_stratum
from ..lab import Lab
from ..results.experiment_rows import stratum_id

MAX_OUTCOMES = 20_000
"""Experiments that are shown; older ones are left out."""


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
    steps = await champion_steps(lab.db, chosen.number, [outcome.finished_at for outcome in ended])
    return ResearchProgress(lab.trainer.metric, chosen, ended, steps, choices)


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
