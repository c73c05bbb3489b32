"""Verdicts, as scores come in: each is against the champion's score in its stratum, considering the noise there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..domain import Metric
from ..research.arms import EARLY, Arms
from ..store.comparison import champions, strata
from ..store.comparison.champions import Champion
from ..store.database import Transaction
from ..store.experiments import reruns


class Judge:
    """Keeps verdicts up to date.

    The reference of every stratum is the champion. In a stratum in which the champion has no score, there is no verdict: a gain
    on another source would read as a gain on the champion.

    A judge remembers the scores of the strata that it has seen, so that one more score costs little. Call `forget` when a
    transaction failed.

    Args:
        metric: The metric of the scores.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._strata: dict[int, Arms] = {}

    def forget(self) -> None:
        """Read everything anew next time."""
        self._strata.clear()

    async def judge(self, tx: Transaction, settled: Mapping[int, Sequence[int]]) -> None:
        """Judge the experiments that were just scored, and their whole stratum if the reference or the noise has changed.

        Args:
            tx: The transaction in which the scores were written.
            settled: Experiments that were scored, by stratum.
        """
        champion = await champions.champion(tx)
        if champion is None:
            return
        for stratum, numbers in settled.items():
            arms = self._arms(stratum, champion)
            only = numbers if arms.count else None
            rows = await strata.scored(tx, stratum, champion, only)
            touched, suspected = arms.take_in(rows, frozenset(numbers))
            for number, bar in suspected.items():
                await reruns.suspect(tx, number, bar)
            if await self._describe(tx, stratum, champion, arms):
                touched = set(arms.scored)
            await strata.save_verdicts(tx, list(arms.pronounce(touched)))

    async def judge_all(self, tx: Transaction) -> None:
        """Judge every stratum anew, because there is another champion."""
        self.forget()
        await self.judge(tx, dict.fromkeys(await strata.numbers(tx), ()))

    def _arms(self, stratum: int, champion: Champion) -> Arms:
        """Return the remembered scores of a stratum; no scores if they have to be read anew."""
        known = self._strata.get(stratum)
        if known is None or known.count < EARLY or known.reference != champion.tree:
            known = self._strata[stratum] = Arms(self._metric, champion.tree, champion.name)
        return known

    @staticmethod
    async def _describe(tx: Transaction, stratum: int, champion: Champion, arms: Arms) -> bool:
        """Write down what is known of a stratum. Returns False if that is nothing new."""
        figures, reference_sd = arms.figures(), arms.reference_sd
        described = await strata.read(tx, stratum)
        if described is not None:
            before = (described.reference, described.replicates, described.noise, described.degrees)
            if (before, described.champion, described.reference_sd) == (figures, champion.number, reference_sd):
                return False
        await strata.describe(tx, stratum, champion.number, reference_sd, figures)
        return True
