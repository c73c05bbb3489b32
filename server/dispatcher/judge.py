"""Verdicts, as scores come in: each against the reference of its stratum, beside the noise that is known there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..domain import Metric
from ..research.arms import EARLY, Arms, Figures
from ..store.comparison import champions, strata
from ..store.database import Transaction
from ..store.experiments import reruns


class Judge:
    """Keeps verdicts up to date.

    It remembers the scores of the strata it has seen, so that one more costs little; `forget` when a transaction failed.

    Args:
        metric: What scores are of.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._strata: dict[int, Arms] = {}

    def forget(self) -> None:
        """Read everything anew next time."""
        self._strata.clear()

    async def judge(self, tx: Transaction, settled: Mapping[int, Sequence[int]]) -> None:
        """Judge what was just scored, and its whole stratum where the reference or the noise has changed.

        Args:
            tx: The transaction in which the scores were written.
            settled: Experiments that were scored, by stratum.
        """
        for stratum, numbers in settled.items():
            champion = await champions.of_stratum(tx, stratum)
            if champion is None:
                continue
            if (described := self._strata.get(stratum)) and (described.count < EARLY or described.reference != champion.tree):
                del self._strata[stratum]
            arms = self._strata.setdefault(stratum, Arms(self._metric, champion.tree))
            only = numbers if arms.count else None
            rows = await strata.scored(tx, stratum, champion.tree, is_baseline=champion.experiment is None, only=only)
            touched, suspected = arms.take_in(rows, frozenset(numbers))
            for number, bar in suspected.items():
                await reruns.suspect(tx, number, bar)
            if await self._describe(tx, stratum, arms.figures()):
                touched = set(arms.scored)
            await strata.save_verdicts(tx, list(arms.pronounce(touched)))

    async def judge_all(self, tx: Transaction) -> None:
        """Judge every stratum anew: there is another champion."""
        self.forget()
        await self.judge(tx, dict.fromkeys(await strata.numbers(tx), ()))

    @staticmethod
    async def _describe(tx: Transaction, stratum: int, figures: Figures) -> bool:
        """Keep what is known of a stratum; False when that is nothing new."""
        described = await strata.read(tx, stratum)
        if described and (described.reference, described.replicates, described.noise, described.degrees) == figures:
            return False
        await strata.describe(tx, stratum, *figures)
        return True
