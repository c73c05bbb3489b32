"""Three ways of running as many experiments that keep no evidence: what each would build on, and the gain it tells."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from labhand.server.research.search_space import search_space
from labhand.server.research.tpe import TrialRecord, open_study, tell

from .worlds import BASELINE, FACTORS, KIND, Knobs, World, mutated


@dataclass(frozen=True, slots=True)
class Claim:
    """What a search comes out with."""

    knobs: Knobs
    gain: float


def keep_if_lower(world: World, random: Random, experiments: int, kinds: tuple[str, ...] = (KIND,)) -> Claim:
    """The original's rule: change the best so far, run it on one seed, keep it if its score is lower."""
    first = best = world.score(BASELINE, random.getrandbits(31), random.choice(kinds))
    kept = BASELINE
    for _ in range(experiments - 1):
        idea = mutated(kept, random)
        score = world.score(idea, random.getrandbits(31), random.choice(kinds))
        if score < best:
            best, kept = score, idea
    return Claim(kept, first - best)


def random_search(world: World, random: Random, experiments: int) -> Claim:
    """The lowest of cells drawn at random, the baseline among them."""
    first = world.score(BASELINE, random.getrandbits(31))
    ran = [(first, BASELINE)]
    for _ in range(experiments - 1):
        cell = {knob: random.choice(values) for knob, values in FACTORS.items()}
        ran.append((world.score(cell, random.getrandbits(31)), cell))
    return _lowest(ran)


def optuna_alone(world: World, random: Random, experiments: int) -> Claim:
    """The lowest of what Optuna proposes, one by one, told the baseline."""
    space, study = search_space(FACTORS), open_study("minimize", random.getrandbits(31))
    ran = [(world.score(BASELINE, random.getrandbits(31)), BASELINE)]
    params = space.encode(BASELINE)
    assert params is not None
    tell(study, space, params, [TrialRecord(BASELINE, "scored", ran[0][0])])
    for _ in range(experiments - 1):
        asked = study.ask(space.distributions())
        knobs = space.decode(asked.params)
        score = world.score(knobs, random.getrandbits(31))
        ran.append((score, knobs))
        study.tell(asked, score)
    return _lowest(ran)


def _lowest(ran: list[tuple[float, Knobs]]) -> Claim:
    score, knobs = min(ran, key=lambda one: one[0])
    return Claim(knobs, ran[0][0] - score)
