"""The champions of the lab, placed among the experiments that have ended in one stratum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...ids import experiment_id
from ..database import Reader
from . import champions, source_scores
from .champions import BASELINE


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


async def champion_steps(reader: Reader, stratum: int, finished_at: Sequence[float | None]) -> list[ChampionStep]:
    """Return the champions in turn. Those without a score in the stratum are left out.

    Args:
        reader: The database.
        stratum: The stratum's number.
        finished_at: When each experiment of the stratum ended, as Unix times.
    """
    steps: list[ChampionStep] = []
    for period in await champions.history(reader):
        score, _ = await source_scores.score_of(reader, period.champion.tree, stratum)
        number = period.champion.experiment
        if score is not None:
            start = 0 if number is None else sum((at or 0.0) < period.since for at in finished_at)
            steps.append(ChampionStep(start, score, BASELINE if number is None else experiment_id(number)))
    return steps
