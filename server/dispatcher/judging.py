"""Verdicts, as scores come in: each against the reference of its stratum, beside the noise that is known there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from ..domain import Metric, Verdict
from ..research.noise import Noise, moderate, pooled
from ..research.verdicts import judge
from ..store import champions, strata
from ..store.database import Transaction
from ..store.strata import Pronounced, Scored

Figures = tuple[float | None, int, float | None, int]
"""What a stratum's row holds: the reference's mean, its replicates, noise, degrees of freedom."""
_REFERENCE = ""
"""The arm of the reference; the others are known by their trees."""


@dataclass
class Arms:
    """The scores of a stratum, arm by arm.

    Attributes:
        noise: Of the stratum, pooled.
        prior: Of an arm without replicates.
        own: Of the arms that have some.
    """

    scored: dict[str, list[Scored]] = field(default_factory=lambda: {_REFERENCE: []})
    noise: Noise | None = None
    prior: Noise | None = None
    own: dict[str, Noise] = field(default_factory=dict[str, Noise])

    def add(self, rows: Iterable[Scored]) -> set[str]:
        """Take in scores; gives the arms that they belong to."""
        touched: set[str] = set()
        for row in rows:
            arm = _REFERENCE if row.is_reference else row.tree
            self.scored.setdefault(arm, []).append(row)
            touched.add(arm)
        if any(len(self.scored[arm]) > 1 for arm in touched):
            self._estimate_noise()
        return touched

    def _estimate_noise(self) -> None:
        replicated = {arm: _scores(rows) for arm, rows in self.scored.items() if len(rows) > 1}
        moderated = moderate(list(replicated.values()))
        self.noise = pooled(replicated.values())
        if moderated is not None:
            self.prior = moderated.prior
            self.own = dict(zip(replicated, moderated.arms, strict=True))

    def figures(self) -> Figures:
        """What is known of the stratum."""
        reference = _scores(self.scored[_REFERENCE])
        mean = fmean(reference) if reference else None
        if self.noise is None:
            return mean, len(reference), None, 0
        return mean, len(reference), self.noise.sd, round(self.noise.degrees)

    def pronounce(self, arms: Iterable[str], metric: Metric) -> Iterator[Pronounced]:
        """What can be said of every experiment in these arms; the gain is each one's own."""
        reference = _scores(self.scored[_REFERENCE])
        mean = fmean(reference) if reference else None
        for arm in arms:
            rows = self.scored[arm]
            if not rows:
                continue
            verdict, reason = self._judge(arm, reference, metric)
            for row in rows:
                yield Pronounced(row.number, verdict, reason, None if mean is None else metric.gain(row.score, mean))

    def _judge(self, arm: str, reference: Sequence[float], metric: Metric) -> tuple[Verdict, str]:
        noise = self.own.get(arm, self.prior)
        if arm == _REFERENCE and noise is not None:
            return Verdict.INCONCLUSIVE, "within_noise: it is the reference itself, which others are compared with"
        judgement = judge(_scores(self.scored[arm]), reference, noise, metric.direction)
        return judgement.verdict, judgement.reason


class Judge:
    """Keeps verdicts up to date.

    It remembers the scores of the strata it has seen, so that one more costs little; `forget` when a transaction failed.

    Args:
        metric: What scores are of.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._strata: dict[int, Arms] = {}
        self._champion = ""

    def forget(self) -> None:
        """Read everything anew next time."""
        self._strata.clear()

    async def judge(self, tx: Transaction, settled: Mapping[int, Sequence[int]]) -> None:
        """Judge what was just scored, and its whole stratum where the reference or the noise has changed.

        Args:
            tx: The transaction in which the scores were written.
            settled: Experiments that were scored, by stratum.
        """
        champion = await champions.champion(tx)
        if champion is None:
            return
        if champion.tree != self._champion:
            self.forget()
            self._champion = champion.tree
        for stratum, numbers in settled.items():
            arms = self._strata.setdefault(stratum, Arms())
            only = numbers if arms.scored != {_REFERENCE: []} else None
            rows = await strata.scored(tx, stratum, champion.tree, is_baseline=champion.experiment is None, only=only)
            touched = arms.add(rows)
            if await self._describe(tx, stratum, arms.figures()):
                touched = set(arms.scored)
            await strata.pronounce(tx, list(arms.pronounce(touched, self._metric)))

    @staticmethod
    async def _describe(tx: Transaction, stratum: int, figures: Figures) -> bool:
        """Keep what is known of a stratum; False when that is nothing new."""
        known = await strata.read(tx, stratum)
        if known and (known.reference, known.replicates, known.noise, known.degrees) == figures:
            return False
        await strata.describe(tx, stratum, *figures)
        return True


def _scores(rows: Sequence[Scored]) -> list[float]:
    return [row.score for row in rows]
