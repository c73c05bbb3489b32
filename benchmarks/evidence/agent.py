"""A simple scripted agent. It asks, and is answered, whoever runs its experiments: the driver, or a whole lab."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from random import Random

from labhand.server.research.tpe import TrialRecord, propose

from .worlds import BASELINE, FACTORS, KIND, Knobs, mutated, name

REPLICATES = 4
"""Seeds that a source is given before it is built upon."""
PATIENCE = 25
"""Ideas in a row that were no better, after which what is promising is validated."""
BATCH, FINALISTS = 8, 6
"""Of the optimiser's cells that are asked for together, and of those that are given more seeds."""
VALIDATION = 32
"""Experiments that a validation at one horizon takes at the most."""


@dataclass(frozen=True, slots=True)
class Try:
    """Run a source on so many seeds of its setting."""

    knobs: Knobs
    replicates: int = 1
    kind: str = KIND


@dataclass(frozen=True, slots=True)
class Validate:
    """Test a source that has run; at these multiples of the budget, too, if it is confirmed."""

    knobs: Knobs
    horizons: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known.

    Attributes:
        verdict: Of the source.
        gain: Of the source, against the reference, in the mean of its scores; None where none counts.
        promoted: By this validation.
        spent: In experiments of the usual budget.
    """

    verdict: str
    gain: float | None
    promoted: bool
    spent: float


Agent = Generator[Try | Validate, Answer, None]


def climber(random: Random, budget: float, horizons: Sequence[int] = ()) -> Agent:
    """Climbs from source to better source, and validates what looks promising when it finds nothing better.

    Args:
        random: For its ideas.
        budget: In experiments of the usual budget.
        horizons: That it asks for.
    """
    reserved = VALIDATION + 8 * sum(horizons) + REPLICATES
    best, gain, verdict = BASELINE, 0.0, ""
    tried, tested = {name(BASELINE)}, {name(BASELINE)}
    without_news, spent = 0, 0.0
    while spent + reserved < budget:
        idea = mutated(best, random)
        if name(idea) in tried:
            continue
        tried.add(name(idea))
        answer = yield from _look_closer(idea, gain)
        spent, without_news = answer.spent, without_news + 1
        if answer.gain is not None and answer.gain > gain:
            best, gain, verdict, without_news = idea, answer.gain, answer.verdict, 0
        is_time = without_news >= PATIENCE or spent + reserved >= budget
        if is_time and verdict == "promising" and name(best) not in tested:
            tested.add(name(best))
            answer = yield Validate(best, horizons)
            # Either it is what others are compared with now, or it was luck.
            best, gain, without_news, spent = best if answer.promoted else BASELINE, 0.0, 0, answer.spent


def _look_closer(idea: Knobs, bar: float) -> Generator[Try | Validate, Answer, Answer]:
    """Give a source more seeds for as long as it is ahead."""
    answer = yield Try(idea)
    for replicates in range(2, REPLICATES + 1):
        if answer.gain is None or answer.gain <= bar:
            break
        answer = yield Try(idea, replicates)
    return answer


def surveyor(random: Random, budget: float) -> Agent:
    """Runs batches of the lab's optimiser, gives the best of them more seeds, and validates in the order of what they say."""
    ledger: list[TrialRecord] = []
    spent = 0.0
    while spent + BATCH + FINALISTS * (REPLICATES - 1) + VALIDATION <= budget:
        for cell in propose(ledger, FACTORS, BATCH, "maximize", seed=random.getrandbits(31)):
            answer = yield Try(cell)
            ledger.append(TrialRecord(cell, "scored", answer.gain))
            spent = answer.spent
    ranked = sorted(ledger, key=lambda entry: entry.score or 0.0, reverse=True)
    finalists: list[tuple[float, Knobs]] = []
    for entry in ranked[:FINALISTS]:
        answer = yield Try(entry.knobs, REPLICATES)
        spent = answer.spent
        if answer.verdict == "promising":
            finalists.append((answer.gain or 0.0, entry.knobs))
    for _, knobs in sorted(finalists, key=lambda one: -one[0]):
        if spent + VALIDATION > budget:
            return
        answer = yield Validate(knobs)
        spent = answer.spent
        if answer.promoted:
            return


def wanderer(random: Random, budget: float, kinds: Sequence[str]) -> Agent:
    """Tries ideas at random on one kind of GPU after another, and validates every one that is promising."""
    spent = 0.0
    while spent + VALIDATION < budget:
        idea = mutated(BASELINE, random)
        answer = yield Try(idea, kind=random.choice(kinds))
        if answer.verdict == "promising":
            answer = yield Validate(idea)
        spent = answer.spent
