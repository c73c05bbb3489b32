"""Rulings: what the pairs of a stage allow one to say, or that more of them are needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from ..domain import Metric, Status, Verdict
from ..research.horizons import agreement, not_worse
from ..research.noise import Noise
from ..research.paired_test import decide, estimate
from ..research.plausibility import unseeded
from ..store.comparison import validation_pairs, validations
from ..store.comparison.validation_pairs import Pair, PairArm
from ..store.comparison.validations import NOTHING, StageFinding, StageKind, Validation
from ..store.database import Transaction

LACKS = {
    StageKind.TEST: "no verdict",
    StageKind.HORIZON: "not promoted",
    StageKind.REPORT: "no gain is reported",
}
"""What a stage is without that came to nothing."""


@dataclass(frozen=True, slots=True)
class PairTally:
    """How the pairs of a stage stand.

    Attributes:
        sound: In the order of their seeds, as many as are known without a gap; those that are void are left out.
        void: Pairs that say nothing: what the candidate was to be compared with failed, or the two ran in different strata.
        cancelled: Experiments that someone cancelled.
    """

    sound: Sequence[Pair]
    void: int
    cancelled: Sequence[int]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What came of a stage.

    Attributes:
        passed: The next stage may run.
        told: A sentence.
        p: Of the test.
    """

    passed: bool
    told: str
    found: StageFinding = NOTHING
    p: float | None = None


def assess(ran: Sequence[Pair]) -> PairTally:
    """How pairs stand, given in the order of their seeds."""
    known = [not pair.unfinished for pair in ran]
    gap = known.index(False) if False in known else len(ran)
    void = [is_known and _is_void(pair) for is_known, pair in zip(known, ran, strict=True)]
    arms = (arm for pair in ran for arm in (pair.candidate, pair.against))
    return PairTally(
        sound=[pair for pair, is_void in zip(ran[:gap], void, strict=False) if not is_void],
        void=sum(void),
        cancelled=[arm.number for arm in arms if arm.status is Status.CANCELLED],
    )


async def rule(tx: Transaction, validation: Validation, sound: Sequence[Pair], metric: Metric) -> Ruling | None:
    """Rule upon the stage that runs; None as long as more pairs are needed.

    Args:
        tx: Where scores are read.
        validation: What was fixed at its launch.
        sound: See `PairTally`.
        metric: What scores are of.
    """
    stage = validation.running
    gains = [_gain(pair, metric) for pair in sound]
    if stage.kind is StageKind.TEST:
        return _test(validation, sound, gains)
    known = [gain for gain in gains if gain is not None]
    if len(known) < len(gains):
        return Ruling(passed=False, told=f"{LACKS[stage.kind]}: the candidate failed on a seed that the other ran through")
    if len(known) < stage.pairs:
        return None
    return _report(known) if stage.kind is StageKind.REPORT else await _horizon(tx, validation, sound, known)


def _test(validation: Validation, sound: Sequence[Pair], gains: Sequence[float | None]) -> Ruling | None:
    """Whether the candidate is confirmed. A source that scores alike on every seed never is: its one score may be luck."""
    prior = Noise(*validation.prior) if validation.prior else None
    trial = decide(gains, validation.running.pairs, validation.level, prior)
    if trial.verdict is Verdict.PENDING:
        return None
    found = StageFinding(trial.gain)
    looked_at = sound[: trial.pairs]
    if unseeded(_scores(pair.candidate for pair in looked_at)) or unseeded(_scores(pair.against for pair in looked_at)):
        told = "unseeded: one of the two scores alike on every seed, so that luck and merit can't be told apart"
        return Ruling(passed=False, told=told, found=found)
    return Ruling(passed=trial.verdict is Verdict.CONFIRMED, told=trial.reason, found=found, p=trial.p)


async def _horizon(tx: Transaction, validation: Validation, sound: Sequence[Pair], gains: Sequence[float]) -> Ruling:
    """Whether the candidate holds at a longer horizon, and how far the test's ranks alike."""
    tested = await validation_pairs.of_stage(tx, validation.number, 0)
    alike = agreement(await _means(tx, [pair.candidate for pair in tested]), await _means(tx, [sound[0].candidate]))
    found = StageFinding(fmean(gains), None, alike.tau if alike else None, alike.interval if alike else None)
    told = f"{fmean(gains):+.3g} in the mean of {len(gains)} pairs at {validation.running.horizon} times the budget"
    if not_worse(gains):
        return Ruling(passed=True, told=f"holds with {told}", found=found)
    return Ruling(passed=False, told=f"{LACKS[StageKind.HORIZON]}: behind with {told}", found=found)


def _report(gains: Sequence[float]) -> Ruling:
    reported = estimate(gains)
    if reported is None:
        return Ruling(passed=False, told=f"{LACKS[StageKind.REPORT]}: {len(gains)} pairs are too few")
    told = f"the gain is that of {reported.pairs} other pairs, against the baseline"
    return Ruling(passed=True, told=told, found=StageFinding(reported.gain, reported.interval))


async def _means(tx: Transaction, arms: Sequence[PairArm]) -> dict[str, float]:
    """The mean score of every source in the stratum of an experiment."""
    stratum = next((arm.stratum for arm in arms if arm.stratum is not None), None)
    return {} if stratum is None else await validations.means(tx, stratum)


def _is_void(pair: Pair) -> bool:
    if pair.against.score is None:
        return True
    return pair.candidate.score is not None and pair.candidate.stratum != pair.against.stratum


def _gain(pair: Pair, metric: Metric) -> float | None:
    if pair.candidate.score is None or pair.against.score is None:
        return None
    return metric.gain(pair.candidate.score, pair.against.score)


def _scores(arms: Iterable[PairArm]) -> list[float]:
    return [arm.score for arm in arms if arm.score is not None]
