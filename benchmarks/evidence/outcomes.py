"""What one campaign came to, in standard deviations between seeds, beside what is true."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from labhand.server.domain import Verdict

from .agent import climber, surveyor, wanderer
from .driver import Campaign
from .searches import Claim, keep_if_lower, optuna_alone, random_search
from .worlds import KIND, OTHER_KIND, SECONDS, SIGMA, Knobs, World

Way = Literal["climber", "surveyor", "keep_if_lower", "random", "optuna"]
LONGER = 4
"""The horizon that is asked for where short runs mislead."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a campaign tells, and what is so.

    Attributes:
        progress: It tells of an improvement.
        error: The gain that it tells less the true one; None where it tells none.
        covered: The true gain lies within the interval that it tells; None where it tells none.
        regret: Of what it would build on, against the best there is.
        found: It would build on the planted value.
    """

    progress: bool
    error: float | None
    covered: bool | None
    regret: float
    found: bool


@dataclass(frozen=True, slots=True)
class Horizons:
    """What came of candidates that were confirmed at the usual budget.

    Attributes:
        misleading: That are worse than the champion at the longer horizon, in truth.
        caught: Of these, not promoted.
        sound: The others.
        kept: Of these, promoted.
    """

    misleading: int
    caught: int
    sound: int
    kept: int


def outcome(way: Way, world: World, experiments: int, seed: int) -> Outcome:
    """Run one campaign."""
    random = Random(f"{way}/{seed}")
    if way in {"climber", "surveyor"}:
        agent = climber(random, experiments) if way == "climber" else surveyor(random, experiments)
        return _of_campaign(world, Campaign(world.score, f"lab {seed}").run(agent))
    search = {"keep_if_lower": keep_if_lower, "random": random_search, "optuna": optuna_alone}[way]
    return _of_claim(world, search(world, random, experiments))


def across_kinds(world: World, experiments: int, seed: int) -> Outcome:
    """The original's rule, on whichever kind of GPU is free."""
    return _of_claim(world, keep_if_lower(world, Random(seed), experiments, (KIND, OTHER_KIND)))


def verdicts_due_to_kinds(world: World, level: World, experiments: int, seed: int) -> tuple[int, int]:
    """How many answers of a campaign on two kinds are others than they are without an offset, and how many there are."""
    apart, alike = (
        Campaign(place.score, f"lab {seed}").run(wanderer(Random(seed), experiments, (KIND, OTHER_KIND)))
        for place in (world, level)
    )
    answers = [[(answer.verdict, answer.promoted) for answer in campaign.answers] for campaign in (apart, alike)]
    different = sum(left != right for left, right in zip(*answers, strict=False))
    return different + abs(len(answers[0]) - len(answers[1])), len(answers[0])


def at_longer_horizons(world: World, experiments: int, seed: int, horizons: tuple[int, ...]) -> Horizons:
    """Run one campaign, and look at what it confirmed."""
    campaign = Campaign(world.score, f"lab {seed}").run(climber(Random(seed), experiments, horizons))
    confirmed = [test for test in campaign.tests if test.trial.verdict is Verdict.CONFIRMED]
    gains = [world.gain(test.knobs, LONGER * SECONDS) - world.gain(test.against, LONGER * SECONDS) for test in confirmed]
    bad = [test for test, gain in zip(confirmed, gains, strict=True) if gain < 0]
    good = [test for test, gain in zip(confirmed, gains, strict=True) if gain >= 0]
    return Horizons(len(bad), sum(not test.promoted for test in bad), len(good), sum(test.promoted for test in good))


def _of_claim(world: World, claim: Claim) -> Outcome:
    told = claim.gain > 0
    error = (claim.gain - world.gain(claim.knobs)) / SIGMA if told else None
    return Outcome(told, error, None, _regret(world, claim.knobs), _found(world, claim.knobs))


def _of_campaign(world: World, campaign: Campaign) -> Outcome:
    champion = campaign.champions[-1]
    reported = next((test.reported for test in reversed(campaign.tests) if test.promoted), None)
    if reported is None:
        return Outcome(progress=False, error=None, covered=None, regret=_regret(world, champion), found=_found(world, champion))
    true = world.gain(champion)
    low, high = reported.interval
    error, covered = (reported.gain - true) / SIGMA, low <= true <= high
    return Outcome(progress=True, error=error, covered=covered, regret=_regret(world, champion), found=_found(world, champion))


def _regret(world: World, knobs: Knobs) -> float:
    return (world.truth(knobs) - world.best()) / SIGMA


def _found(world: World, knobs: Knobs) -> bool:
    return world.planted is not None and knobs[world.planted[0]] == world.planted[1]
