"""Rulings: whether a stage has passed, as soon as its pairs are enough to decide it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from ...domain import Metric, Status, Verdict
from ...research.guards import breaches, sentence, values_of
from ...research.horizons import agreement, not_worse
from ...research.noise import Noise
from ...research.paired_test import decide, estimate
from ...research.plausibility import caution, unseeded
from ...store.comparison import source_scores, validation_pairs
from ...store.comparison.validation_pairs import Pair, PairArm
from ...store.comparison.validations import NOTHING, StageFinding, StageKind, Validation
from ...store.database import Transaction

LACKS = {
    StageKind.TEST: "no verdict",
    StageKind.HORIZON: "not promoted",
    StageKind.REPORT: "no gain is reported",
}
"""What is missing after a stage that did not pass."""


@dataclass(frozen=True, slots=True)
class PairTally:
    """The pairs of a stage, counted.

    Attributes:
        sound: The pairs that count, in the order of their seeds, up to the first unfinished pair.
        void: The number of finished pairs that decide nothing: the candidate's opponent failed, or the two ran in different
            strata.
        cancelled: The numbers of the experiments that were cancelled.
    """

    sound: Sequence[Pair]
    void: int
    cancelled: Sequence[int]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision on a stage.

    Attributes:
        passed: The next stage may run.
        reason: Why, in a sentence.
        finding: What the stage measured.
        p: The p-value of the test; None for other stages.
    """

    passed: bool
    reason: str
    finding: StageFinding = NOTHING
    p: float | None = None


def assess(ran: Sequence[Pair]) -> PairTally:
    """Counts the pairs of a stage, which are in the order of their seeds."""
    finished = [not pair.unfinished for pair in ran]
    first_unfinished = finished.index(False) if False in finished else len(ran)
    void = [is_finished and _is_void(pair) for is_finished, pair in zip(finished, ran, strict=True)]
    arms = (arm for pair in ran for arm in (pair.candidate, pair.against))
    return PairTally(
        sound=[pair for pair, is_void in zip(ran[:first_unfinished], void, strict=False) if not is_void],
        void=sum(void),
        cancelled=[arm.number for arm in arms if arm.status is Status.CANCELLED],
    )


async def rule(tx: Transaction, validation: Validation, sound: Sequence[Pair], metric: Metric) -> Ruling | None:
    """Decide the stage that runs.

    Args:
        tx: The transaction in which scores are read.
        validation: The validation, as planned at its launch.
        sound: The pairs that count; see `PairTally`.
        metric: The trainer's metric.

    Returns:
        The ruling; None as long as more pairs are needed.
    """
    stage = validation.running
    gains = [_gain(pair, metric) for pair in sound]
    if stage.kind is StageKind.TEST:
        return _guarded(_test(validation, sound, gains), sound, metric)
    measured = [gain for gain in gains if gain is not None]
    if len(measured) < len(gains):
        return Ruling(passed=False, reason=f"{LACKS[stage.kind]}: the candidate failed on a seed that the other ran through")
    if len(measured) < stage.pairs:
        return None
    if stage.kind is StageKind.REPORT:
        return _report(measured)
    return _guarded(await _horizon(tx, validation, sound, measured), sound, metric)


def _guarded(ruling: Ruling | None, sound: Sequence[Pair], metric: Metric) -> Ruling | None:
    """Return a ruling, not passed where the candidate breaks a guard on the seeds of the pairs.

    One that is passed says what of its change touches the trainer's own measuring.
    """
    if ruling is None or not ruling.passed:
        return ruling
    found = breaches(
        metric,
        [values_of(metric, pair.candidate.score, pair.candidate.metrics) for pair in sound],
        [values_of(metric, pair.against.score, pair.against.metrics) for pair in sound],
    )
    if found:
        return replace(ruling, passed=False, reason=f"{sentence(found)}; {ruling.reason}")
    return replace(ruling, reason=ruling.reason + caution(metric, sound[0].candidate.flags)) if sound else ruling


def _test(validation: Validation, sound: Sequence[Pair], gains: Sequence[float | None]) -> Ruling | None:
    """Whether the candidate is confirmed. One that scores the same on every seed never is: that score may be luck."""
    prior = Noise(*validation.prior) if validation.prior else None
    trial = decide(gains, validation.running.pairs, validation.level, prior)
    if trial.verdict is Verdict.PENDING:
        return None
    finding = StageFinding(trial.gain)
    looked_at = sound[: trial.pairs]
    if _is_unseeded(pair.candidate for pair in looked_at) or _is_unseeded(pair.against for pair in looked_at):
        reason = "unseeded: the candidate or the reference has the same score on every seed, so luck can't be told from merit"
        return Ruling(passed=False, reason=reason, finding=finding)
    return Ruling(passed=trial.verdict is Verdict.CONFIRMED, reason=trial.reason, finding=finding, p=trial.p)


async def _horizon(tx: Transaction, validation: Validation, sound: Sequence[Pair], gains: Sequence[float]) -> Ruling:
    """Whether the candidate is no worse at a longer horizon, and how far the two horizons rank sources alike."""
    tested = await validation_pairs.of_stage(tx, validation.number, 0)
    alike = agreement(await _means(tx, [pair.candidate for pair in tested]), await _means(tx, [sound[0].candidate]))
    finding = StageFinding(fmean(gains), None, alike.tau if alike else None, alike.interval if alike else None)
    result = f"{fmean(gains):+.3g} in the mean of {len(gains)} pairs at {validation.running.horizon} times the budget"
    if not_worse(gains):
        return Ruling(passed=True, reason=f"holds with {result}", finding=finding)
    return Ruling(passed=False, reason=f"{LACKS[StageKind.HORIZON]}: behind with {result}", finding=finding)


def _report(gains: Sequence[float]) -> Ruling:
    reported = estimate(gains)
    if reported is None:
        return Ruling(passed=False, reason=f"{LACKS[StageKind.REPORT]}: {len(gains)} pairs are too few")
    reason = f"the gain is that of {reported.pairs} other pairs, against the baseline"
    return Ruling(passed=True, reason=reason, finding=StageFinding(reported.gain, reported.interval))


async def _means(tx: Transaction, arms: Sequence[PairArm]) -> dict[str, float]:
    """Returns the mean score of every source in the stratum of these arms; empty if none has one."""
    stratum = next((arm.stratum for arm in arms if arm.stratum is not None), None)
    return {} if stratum is None else await source_scores.means(tx, stratum)


def _is_void(pair: Pair) -> bool:
    """Whether a finished pair decides nothing; see `PairTally.void`."""
    if pair.against.score is None:
        return True
    return pair.candidate.score is not None and pair.candidate.stratum != pair.against.stratum


def _gain(pair: Pair, metric: Metric) -> float | None:
    if pair.candidate.score is None or pair.against.score is None:
        return None
    return metric.gain(pair.candidate.score, pair.against.score)


def _is_unseeded(arms: Iterable[PairArm]) -> bool:
    """Whether seeds have no effect on a source: all its runs have the same score, and printed the same."""
    scored = [(arm.score, arm.output) for arm in arms if arm.score is not None]
    return unseeded([score for score, _ in scored], [output for _, output in scored])
