"""Campaigns on the functions that the lab's verdicts come from, without ledger, git and processes: a thousand in minutes.

The order of things is the lab's: replicates of the baseline first, two runs at a time, verdicts with every score, and what is
too good to be true run again. `whole_lab` shows that both say the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from labhand.server.domain import Metric, Verdict
from labhand.server.research.arms import EARLY, Arms, NewVerdict, ScoredExperiment
from labhand.server.research.horizons import PAIRS as HORIZON_PAIRS
from labhand.server.research.horizons import not_worse
from labhand.server.research.noise import moderate, of_difference
from labhand.server.research.online_fdr import level
from labhand.server.research.paired_test import PAIRS, GainEstimate, Trial, decide, estimate, looks
from labhand.server.research.policy import baseline_replicates
from labhand.server.seeds import SeedStream

from .agent import Agent, Answer, Try, Validate
from .worlds import BASELINE, KIND, SECONDS, Knobs, name

AT_ONCE = 2
METRIC = Metric("val_bpb", "minimize", self_reported=False)

Score = Callable[[Knobs, int, str, float], float]
"""What a source scores on a seed, a kind and a budget in seconds."""


@dataclass(frozen=True, slots=True)
class Test:
    """A validation that is over.

    Attributes:
        against: The champion at its launch.
        reported: The gain that is told, where it made a champion.
    """

    knobs: Knobs
    against: Knobs
    level: float
    trial: Trial
    promoted: bool
    reported: GainEstimate | None = None


@dataclass
class Stratum:
    """Scores that can be compared.

    Attributes:
        replicates: Of each source, those that have run.
        seeds: Of each scored experiment.
        sources: That have run here.
        suspected: Those with a score that was too good to be true.
    """

    rows: dict[int, ScoredExperiment] = field(default_factory=dict[int, ScoredExperiment])
    replicates: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    seeds: dict[int, int] = field(default_factory=dict[int, int])
    sources: set[str] = field(default_factory=set[str])
    suspected: set[str] = field(default_factory=set[str])
    arms: Arms | None = None

    def add(self, fresh: Sequence[ScoredExperiment], reference: str) -> None:
        """Take in what was just scored, as the lab's judge does."""
        self.rows.update((row.number, row) for row in fresh)
        self.sources.update(row.tree for row in fresh)
        arms, rows = self.arms, fresh
        if arms is None or arms.count < EARLY or arms.reference != reference:
            arms = self.arms = Arms(METRIC, reference)
            rows = list(self.rows.values())
        told = [replace(row, is_reference=row.tree == reference) for row in rows]
        _, suspected = arms.take_in(told, frozenset(row.number for row in fresh))
        for number, bar in suspected.items():
            self.rows[number] = replace(self.rows[number], must_beat=bar)
            self.suspected.add(self.rows[number].tree)

    def pronounced(self, source: str) -> list[NewVerdict]:
        """What is said of all scores of one source."""
        if self.arms is None:
            return []
        return list(self.arms.pronounce(["" if source == self.arms.reference else source]))


class Campaign:
    """One agent's campaign.

    Args:
        score: What runs score.
        lab: The lab's identity, which seeds are drawn from.
        setting: The name of a setting: kind of GPU and seconds.
    """

    def __init__(self, score: Score, lab: str, setting: Callable[[str, float], str] = "{}/{:g}s".format) -> None:
        self._score = score
        self._lab = lab
        self._setting = setting
        self._number = 0
        self.spent = 0.0
        self.champions: list[Knobs] = [BASELINE]
        self.tests: list[Test] = []
        self.answers: list[Answer] = []
        self.strata: defaultdict[tuple[str, float], Stratum] = defaultdict(Stratum)

    def run(self, agent: Agent) -> Campaign:
        """Do what an agent asks for, until it has enough."""
        request = next(agent)
        while True:
            self.answers.append(self._try(request) if isinstance(request, Try) else self._validate(request))
            try:
                request = agent.send(self.answers[-1])
            except StopIteration:
                return self

    def verdicts(self) -> dict[tuple[str, int], NewVerdict]:
        """What is said in the end of every score, by source and seed."""
        said: dict[tuple[str, int], NewVerdict] = {}
        for stratum in self.strata.values():
            if stratum.arms is None:
                continue
            for told in stratum.arms.pronounce(list(stratum.arms.scored)):
                said[stratum.rows[told.number].tree, stratum.seeds[told.number]] = told
        return said

    def _try(self, request: Try) -> Answer:
        stratum = self.strata[request.kind, SECONDS]
        lacking = baseline_replicates(len(stratum.replicates[name(BASELINE)]))
        self._replicate(BASELINE, request.kind, range(lacking), is_idea=False)
        fresh = [k for k in range(request.replicates) if k not in stratum.replicates[name(request.knobs)]]
        self._replicate(request.knobs, request.kind, fresh, is_idea=True)
        if name(request.knobs) in stratum.suspected:
            self._recheck(request)
        return self._answer(request.knobs, request.kind)

    def _recheck(self, request: Try) -> None:
        had = self.strata[request.kind, SECONDS].replicates[name(request.knobs)]
        if len(had) == 1:
            self._replicate(request.knobs, request.kind, [max(had) + 1], is_idea=False)

    def _replicate(self, knobs: Knobs, kind: str, replicates: Iterable[int], *, is_idea: bool) -> None:
        setting, left = self._setting(kind, SECONDS), list(replicates)
        self.strata[kind, SECONDS].replicates[name(knobs)].update(left)
        while left:
            batch, left = left[:AT_ONCE], left[AT_ONCE:]
            self._settle(
                kind, SECONDS, [(knobs, SeedStream.of_replicates(self._lab, setting).seed(k)) for k in batch], is_idea=is_idea
            )

    def _settle(self, kind: str, seconds: float, runs: Sequence[tuple[Knobs, int]], *, is_idea: bool = False) -> list[float]:
        stratum = self.strata[kind, seconds]
        fresh: list[ScoredExperiment] = []
        for knobs, drawn in runs:
            self._number += 1
            self.spent += seconds / SECONDS
            score = self._score(knobs, drawn, kind, seconds)
            fresh.append(ScoredExperiment(self._number, name(knobs), score, is_reference=False, is_idea=is_idea))
            stratum.seeds[self._number] = drawn
        stratum.add(fresh, self._reference({*stratum.sources, *(row.tree for row in fresh)} if len(self.champions) > 1 else ()))
        return [row.score for row in fresh]

    def _reference(self, names: Collection[str]) -> str:
        """The newest champion of those that have run in a stratum."""
        return next((name(knobs) for knobs in reversed(self.champions) if name(knobs) in names), name(BASELINE))

    def _validate(self, request: Validate) -> Answer:
        number = len(self.tests) + 1
        confirmed = [place for place, test in enumerate(self.tests, 1) if test.trial.verdict is Verdict.CONFIRMED]
        held_to = level(number, confirmed)
        trial = self._test(request.knobs, number, held_to)
        promoted = trial.verdict is Verdict.CONFIRMED and all(
            not_worse(self._pairs(request.knobs, self.champions[-1], number, "horizon", HORIZON_PAIRS, SECONDS * times))
            for times in request.horizons
        )
        self.tests.append(Test(request.knobs, self.champions[-1], held_to, trial, promoted))
        if promoted:
            self.champions.append(request.knobs)
            for stratum in self.strata.values():
                stratum.add([], self._reference(stratum.sources))
            reported = estimate(self._pairs(request.knobs, BASELINE, number, "report", PAIRS))
            self.tests[-1] = replace(self.tests[-1], reported=reported)
        return self._answer(request.knobs, KIND, promoted=promoted, verdict=trial.verdict)

    def _test(self, knobs: Knobs, number: int, held_to: float) -> Trial:
        sources: defaultdict[str, list[float]] = defaultdict(list)
        for row in self.strata[KIND, SECONDS].rows.values():
            if row.must_beat is None:
                sources[row.tree].append(row.score)
        moderated = moderate(list(sources.values()))
        prior = of_difference(moderated.prior) if moderated else None
        gains: list[float] = []
        trial = decide(gains, PAIRS, held_to, prior)
        for look in looks(PAIRS):
            if trial.verdict is Verdict.PENDING:
                gains += self._pairs(knobs, self.champions[-1], number, "test", look, first=len(gains))
                trial = decide(gains, PAIRS, held_to, prior)
        return trial

    def _pairs(
        self, knobs: Knobs, against: Knobs, number: int, stage: str, count: int, seconds: float = SECONDS, first: int = 0
    ) -> list[float]:
        setting = f"{self._setting(KIND, seconds)}/v{number:03}/{stage}"
        gains: list[float] = []
        for place in range(first, count):
            drawn = SeedStream.of_replicates(self._lab, setting).seed(place)
            candidate, other = self._settle(KIND, seconds, [(knobs, drawn), (against, drawn)])
            gains.append(METRIC.gain(candidate, other))
        return gains

    def _answer(self, knobs: Knobs, kind: str, *, promoted: bool = False, verdict: Verdict | None = None) -> Answer:
        said = self.strata[kind, SECONDS].pronounced(name(knobs))
        gains = [told.gain for told in said if told.gain is not None]
        first = min(said, key=lambda told: told.number)
        return Answer(str(verdict or first.verdict), fmean(gains) if gains else None, promoted, self.spent)
