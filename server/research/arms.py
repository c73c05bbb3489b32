"""The scores of a stratum by arm, and the verdict that follows for each experiment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from ..domain import MAX_SCORE, Metric, Verdict, is_comparable
from .conditions.pace import PacedScore, Paces, RunPace
from .guards import Values, breaches, is_broken, sentence, values_of
from .noise import Noise, moderate, pooled
from .plausibility import OTHERS, caution, is_level, must_beat, too_good, unseeded
from .verdicts import judge

Figures = tuple[float | None, int, float | None, int]
"""The figures of a stratum: mean score of the reference, number of its replicates, noise, degrees of freedom."""
_REFERENCE = ""
"""The key of the reference's arm. The keys of other arms are their trees."""
UNSEEDED = "unseeded"
"""The doubt about a source whose replicates have exactly the same score."""
SATURATED = "saturated"
"""The doubt about a source whose replicates have exactly the same score, though what they printed differs."""
EARLY = 2 * OTHERS
"""The number of first scores of a stratum that are examined again with each new score: they had nothing to compare with."""
CONTENDED = "contended"
"""The doubt about a run that got less of the machine than its siblings."""
SLOW = "slow"
"""The doubt about a single run with fewer steps than the reference, on a machine that has taken steps away before."""
SUSPECTED = "suspected"
"""The doubt about a score that is too good to be true, until another seed reproduces it."""
NOT_REPRODUCED = "not_reproduced"
"""The doubt about a score that was too good to be true, and that no other seed reproduced."""
OUT_OF_RANGE = "out_of_range"
"""The doubt about a score that is too large to be compared with others."""


@dataclass(frozen=True, slots=True)
class ScoredExperiment:
    """An experiment with a score.

    Attributes:
        tree: The tree of its source. Experiments with equal trees are replicates.
        is_reference: Whether it is a replicate of the reference.
        is_idea: Whether an agent asked for it, rather than the lab itself.
        must_beat: The score that another seed must beat before this one counts; None unless it is suspected.
        pace: The steps that its run made, and when; None if it reported no steps.
        metrics: The metrics of its run that it isn't judged by, by name.
        flags: Of its source.
        output: The fingerprint of what its run printed; None if it isn't known.
    """

    number: int
    tree: str
    score: float
    is_reference: bool
    is_idea: bool = False
    must_beat: float | None = None
    pace: RunPace | None = None
    metrics: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])
    flags: Sequence[str] = ()
    output: str | None = None


@dataclass(frozen=True, slots=True)
class NewVerdict:
    """The verdict on an experiment, as it is to be stored.

    Attributes:
        doubt: Why its score is doubted, in a word: `unseeded`, `saturated`, `suspected`, `slow`.
    """

    number: int
    verdict: Verdict
    reason: str
    gain: float | None
    doubt: str | None = None


@dataclass
class Arms:
    """The scores of a stratum, arm by arm.

    Attributes:
        metric: The metric of the scores.
        reference: The tree of the source that the others are compared with: the champion's.
        name: The name of that source, `e0057` or `baseline`.
        scored: The scored experiments of each arm.
        noise: The pooled noise of the stratum. Replicates that lag are brought to the usual pace of their source.
        prior: The noise of an arm without replicates.
        own: The noise of each arm with replicates.
        best: The best score that was never suspected; None while there is none.
        count: The number of scores.
        paces: How many steps the runs make; None while no source has two scores.
    """

    metric: Metric
    reference: str
    name: str = "the reference"
    scored: dict[str, list[ScoredExperiment]] = field(default_factory=lambda: {_REFERENCE: []})
    noise: Noise | None = None
    prior: Noise | None = None
    own: dict[str, Noise] = field(default_factory=dict[str, Noise])
    best: float | None = None
    count: int = 0
    paces: Paces | None = None

    def add(self, rows: Iterable[ScoredExperiment]) -> set[str]:
        """Add scores, and return the arms that they belong to."""
        touched: set[str] = set()
        for row in rows:
            arm = _REFERENCE if row.is_reference else row.tree
            self.scored.setdefault(arm, []).append(row)
            touched.add(arm)
            self.count += 1
            if (
                row.must_beat is None
                and is_comparable(row.score)
                and not self._breaks_guard(row)
                and (self.best is None or self._is_better(row.score, self.best))
            ):
                self.best = row.score
        if any(len(self.scored[arm]) > 1 for arm in touched) or (_REFERENCE in touched and self.paces is not None):
            self._estimate_noise()
        return touched

    def take_in(self, rows: Sequence[ScoredExperiment], settled: Collection[int]) -> tuple[set[str], dict[int, float]]:
        """Add scores, and examine the scores of ideas that are new or were early.

        Args:
            rows: Scored experiments that these arms don't have yet.
            settled: The numbers of those that were just scored.

        Returns:
            The arms that they belong to; and the experiments that are suspected from now on, each with the score that another
            seed must beat.
        """
        fresh = [
            row
            for row in rows
            if (row.number in settled or len(rows) <= EARLY)
            and (row.is_idea and not row.is_reference and row.must_beat is None)
        ]
        touched = self.add(row for row in rows if row not in fresh)
        suspected: dict[int, float] = {}
        # The worst first: two that cheat alike mustn't vouch for each other.
        for row in sorted(fresh, key=lambda row: self.metric.gain(row.score, 0.0)):
            examined = self.examine(row)
            touched |= self.add([examined])
            if examined.must_beat is not None:
                suspected[examined.number] = examined.must_beat
        return touched, suspected

    def examine(self, row: ScoredExperiment) -> ScoredExperiment:
        """Return a new score, marked as suspected if it is too good to be true beside the counting scores of other arms."""
        if not is_comparable(row.score) or (self.best is not None and not self._is_better(row.score, self.best)):
            return row
        if self._breaks_guard(row):  # no improvement, however good it is
            return row
        others = [score for arm in self.scored if arm != row.tree for score in _scores(self._counting(arm))]
        if too_good(row.score, others, self.noise, self.metric.direction) is None:
            return row
        return replace(row, must_beat=must_beat(row.score, others, self.metric.direction))

    def figures(self) -> Figures:
        """Return the figures of the stratum."""
        reference = _scores(self._counting(_REFERENCE))
        mean = fmean(reference) if reference else None
        if self.noise is None:
            return mean, len(reference), None, 0
        return mean, len(reference), self.noise.sd, round(self.noise.degrees)

    @property
    def reference_sd(self) -> float | None:
        """The standard deviation of the reference's own scores; None if it has fewer than two."""
        reference = _scores(self._counting(_REFERENCE))
        noise = pooled([reference])
        return noise.sd if noise else None

    def pronounce(self, arms: Iterable[str]) -> Iterator[NewVerdict]:
        """Return the verdict on every experiment of these arms.

        Replicates share a verdict, and each has a gain of its own. The reference has none.
        """
        reference = self._counting(_REFERENCE)
        mean = fmean(_scores(reference)) if reference else None
        at_pace = self._at_usual_pace(reference)
        for arm in arms:
            counting = self._counting(arm)
            yield from (_out_of_range(row) for row in self.scored[arm] if not is_comparable(row.score))
            # Only a row with a bar can be left out: comparing every row with all others would take quadratic time.
            doubtful = [
                row
                for row in self.scored[arm]
                if row.must_beat is not None and is_comparable(row.score) and row not in counting
            ]
            yield from (_suspected(row, answered=len(self.scored[arm]) > 1) for row in doubtful)
            if not counting:
                continue
            verdict, reason = self._guarded(arm, counting, *self._judge(arm, counting, at_pace))
            for row, doubt in zip(counting, self._doubts(arm, counting), strict=True):
                gain = None if mean is None or arm == _REFERENCE else self.metric.gain(row.score, mean)
                yield NewVerdict(row.number, verdict, reason, gain, doubt)

    def _doubts(self, arm: str, counting: Sequence[ScoredExperiment]) -> list[str | None]:
        """Return for each row of an arm why its score is doubted."""
        if unseeded(_scores(counting), [row.output for row in counting]):
            return [UNSEEDED] * len(counting)
        if is_level(_scores(counting)):
            return [SATURATED] * len(counting)
        if self.paces is None:
            return [None] * len(counting)
        runs = _paced(counting)
        contended = self.paces.contended(runs)
        if len(runs) == 1 and arm != _REFERENCE and not contended[0] and self.paces.is_slow(runs[0]):
            return [SLOW]
        return [CONTENDED if is_contended else None for is_contended in contended]

    def _counting(self, arm: str) -> list[ScoredExperiment]:
        """Return the rows of an arm without those that are suspected and that no other seed has reproduced.

        A score that is out of range counts nowhere.
        """
        rows = [row for row in self.scored[arm] if is_comparable(row.score)]
        if arm == _REFERENCE:
            return rows
        return [row for row in rows if row.must_beat is None or self._is_borne_out(row, row.must_beat, rows)]

    def _is_borne_out(self, row: ScoredExperiment, bar: float, rows: Sequence[ScoredExperiment]) -> bool:
        return any(self._is_better(other.score, bar) for other in rows if other is not row)

    def _is_better(self, score: float, than: float) -> bool:
        return self.metric.gain(score, than) > 0

    def _estimate_noise(self) -> None:
        replicated = {arm: rows for arm in self.scored if len(rows := self._counting(arm)) > 1}
        runs = {arm: _paced(rows) for arm, rows in replicated.items()}
        self.paces = Paces.measure(self.metric, _paced(self._counting(_REFERENCE)), list(runs.values()))
        scores = [self.paces.at_usual_pace(arm) for arm in runs.values()]
        spent = int(self.paces.slope.slope > 0)
        moderated = moderate(scores, spent)
        self.noise = pooled(scores, spent)
        self.prior = moderated.prior if moderated else None
        self.own = dict(zip(replicated, moderated.arms, strict=True)) if moderated else {}

    def _judge(self, arm: str, counting: Sequence[ScoredExperiment], reference: Sequence[float]) -> tuple[Verdict, str]:
        """Return the verdict on an arm with its reason; `reference` are the reference's scores at its usual pace."""
        if arm == _REFERENCE:
            return Verdict.REFERENCE, self._describe_reference(_scores(counting))
        noise = self.own.get(arm, self.prior)
        judgement = judge(self._at_usual_pace(counting), reference, noise, self.metric.direction, against=self.name)
        if self.paces is None or len(counting) > 1 or judgement.verdict is not Verdict.WORSE:
            return judgement.verdict, judgement.reason
        [run] = _paced(counting)
        [is_contended] = self.paces.contended([run])
        excused = judge([self.paces.excused(run)], reference, noise, self.metric.direction, against=self.name)
        if not is_contended and (not self.paces.is_slow(run) or excused.verdict is Verdict.WORSE):
            return judgement.verdict, judgement.reason
        return Verdict.INCONCLUSIVE, f"{_lag(run, self.paces, is_contended=is_contended)}; {judgement.reason}"

    def _guarded(self, arm: str, counting: Sequence[ScoredExperiment], verdict: Verdict, reason: str) -> tuple[Verdict, str]:
        """Return the verdict on an arm, `worse` where it breaks a guard; the reference is only said to."""
        reference = [] if arm == _REFERENCE else self._values(self._counting(_REFERENCE))
        found = breaches(self.metric, self._values(counting), reference) if self.metric.guards else []
        if not found:
            return verdict, reason + (caution(self.metric, counting[0].flags) if verdict is Verdict.PROMISING else "")
        if arm == _REFERENCE:
            return verdict, f"{reason}; it breaks a guard itself: {'; '.join(map(str, found))}"
        return Verdict.WORSE, f"{sentence(found)}; {reason}"

    def _values(self, rows: Sequence[ScoredExperiment]) -> list[Values]:
        return [values_of(self.metric, row.score, row.metrics) for row in rows]

    def _breaks_guard(self, row: ScoredExperiment) -> bool:
        return is_broken(self.metric, values_of(self.metric, row.score, row.metrics))

    def _at_usual_pace(self, rows: Sequence[ScoredExperiment]) -> list[float]:
        return _scores(rows) if self.paces is None else self.paces.at_usual_pace(_paced(rows))

    def _describe_reference(self, scores: Sequence[float]) -> str:
        mean, noise = fmean(scores), pooled([scores])
        spread = f" ± {noise.sd:.2g}, {len(scores)} seeds" if noise else ", 1 seed"
        return f"{self.name}, the reference that others are compared with: {mean:.5g}{spread}"


def _lag(run: PacedScore, paces: Paces, *, is_contended: bool) -> str:
    """Return why a loss isn't held against a source yet."""
    steps, usual = run.pace.steps if run.pace else 0.0, paces.usual_steps() or 0.0
    made = f"it made {steps:.0f} steps where the reference makes {usual:.0f}"
    if is_contended:
        return f"{CONTENDED}: {made}, and its run got less of the machine than others did: run another seed"
    return f"{SLOW}: {made}, which may be the machine's fault or the change's own: another seed tells"


def _out_of_range(row: ScoredExperiment) -> NewVerdict:
    """Returns the verdict on a score that is too large to be compared: it says nothing, and counts for no other experiment."""
    reason = f"{OUT_OF_RANGE}: the score {row.score:.4g} is beyond ±{MAX_SCORE:g} and is not compared with any other"
    return NewVerdict(row.number, Verdict.INCONCLUSIVE, reason, None, OUT_OF_RANGE)


def _suspected(row: ScoredExperiment, *, answered: bool) -> NewVerdict:
    """Return the verdict on a suspected score, which doesn't count."""
    if answered:
        reason = f"{NOT_REPRODUCED}: {row.score:.4g} is too good to be true here, and no other seed beat {row.must_beat:.4g}"
        return NewVerdict(row.number, Verdict.INCONCLUSIVE, reason, None, NOT_REPRODUCED)
    reason = (
        f"{SUSPECTED}: {row.score:.4g} is too good to be true here; it counts when another seed beats {row.must_beat:.4g}, too"
    )
    reason += ", which the lab tries as far as the allowance goes"
    return NewVerdict(row.number, Verdict.INCONCLUSIVE, reason, None, SUSPECTED)


def _scores(rows: Sequence[ScoredExperiment]) -> list[float]:
    return [row.score for row in rows]


def _paced(rows: Sequence[ScoredExperiment]) -> list[PacedScore]:
    return [PacedScore(row.score, row.pace) for row in rows]
