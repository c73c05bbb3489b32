"""Prints the table that stands in docs/evidence.md.

Run: python -m benchmarks.evidence [--quick] [WAY ...]
`--quick` gives a coarse one; ways (climber, surveyor, keep_if_lower, random, optuna) are run alone.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import fmean, stdev

import anyio
from scipy.stats import beta

from .agent import climber
from .outcomes import LONGER, Horizons, Outcome, Way, across_kinds, at_longer_horizons, outcome, verdicts_due_to_kinds
from .whole_lab import compare
from .worlds import SIGMA, World

WAYS: tuple[Way, ...] = ("climber", "surveyor", "keep_if_lower", "random", "optuna")
NAMES = ("labhand, climbing", "labhand, its optimiser", "keep if lower", "random search", "Optuna alone")
SLOW: frozenset[Way] = frozenset({"surveyor", "optuna"})
NOTHING = {"effect": 0.0}
UNEQUAL = {"effect": 0.0, "noisier": 0.1}
SMOOTH = {"effect": 0.1}
CROSSING = {"effect": 0.1, "crossing": 0.3}
SHORT, LONG = 200, 1000
QUICK = "--quick" in sys.argv[1:]
ASKED: frozenset[Way] = frozenset(way for way in WAYS if sys.argv.count(way)) or frozenset(WAYS)

Figure = Callable[[Sequence[Outcome]], str]
"""What is told of many campaigns."""


@dataclass(frozen=True, slots=True)
class Study:
    """Campaigns of one length on one kind of landscape.

    Attributes:
        campaigns: Of the ways that are quick, and of those that take seconds each.
    """

    title: str
    settings: Mapping[str, float]
    experiments: int
    campaigns: tuple[int, int]
    planted: tuple[str, float, float] | None = None

    def outcomes(self, pool: ProcessPoolExecutor) -> dict[Way, list[Outcome]]:
        """Run them all. Every way meets the same landscapes."""
        outcomes: dict[Way, list[Outcome]] = {way: [] for way in WAYS}
        for way in filter(ASKED.__contains__, WAYS):
            count = math.ceil(self.campaigns[way in SLOW] / (20 if QUICK else 1))
            run = partial(_outcome, way, self)
            outcomes[way] = list(pool.map(run, range(count), chunksize=max(1, count // 50)))
        return outcomes


def _outcome(way: Way, study: Study, seed: int) -> Outcome:
    return outcome(way, World(seed, study.settings, planted=study.planted), study.experiments, seed)


def main() -> None:
    """Run everything and print the table."""
    _print("measure", "landscape", "experiments", *NAMES)
    _print(*["---"] * (3 + len(NAMES)))
    with ProcessPoolExecutor(2) as pool:
        for study in (
            Study("nothing matters", NOTHING, SHORT, (500, 0)),
            Study("nothing matters, noise unequal", UNEQUAL, SHORT, (1000, 200)),
            Study("nothing matters, noise unequal", UNEQUAL, LONG, (200, 0)),
        ):
            _tell("false progress", study, study.outcomes(pool), _progress)
        planted = Study("one value of one knob gains 3 sd", NOTHING, SHORT, (200, 60), ("C", 2.0, 3 * SIGMA))
        _tell("power", planted, planted.outcomes(pool), _found)
        if "climber" in ASKED:
            _kinds(pool)
            _horizons(pool)
        for study in (Study("smooth", SMOOTH, SHORT, (300, 100)), Study("smooth", SMOOTH, LONG, (40, 4))):
            outcomes = study.outcomes(pool)
            _tell("told gain less true gain, sd", study, outcomes, _error)
            _tell("intervals that cover", study, outcomes, _coverage)
            _tell("regret, sd", study, outcomes, _regret)
    if "climber" in ASKED:
        _whole_lab()


def _kinds(pool: ProcessPoolExecutor) -> None:
    count = 5 if QUICK else 60
    answers = list(pool.map(_due_to_kinds, range(count)))
    claims = list(pool.map(_across_kinds, range(count)))
    changed = f"{sum(different for different, _ in answers)} of {sum(total for _, total in answers)} answers"
    _print("due to the kind of GPU", "nothing matters; kinds 5 sd apart", str(SHORT), changed, "", _error(claims), "", "")


def _due_to_kinds(seed: int) -> tuple[int, int]:
    return verdicts_due_to_kinds(World(seed, NOTHING, offset=-5 * SIGMA), World(seed, NOTHING), SHORT, seed)


def _across_kinds(seed: int) -> Outcome:
    return across_kinds(World(seed, NOTHING, offset=-5 * SIGMA), SHORT, seed)


def _horizons(pool: ProcessPoolExecutor) -> None:
    count = 8 if QUICK else 80
    for horizons in ((), (LONGER,)):
        runs = list(pool.map(partial(_at_longer_horizons, horizons), range(count)))
        misleading, caught = sum(run.misleading for run in runs), sum(run.caught for run in runs)
        sound, kept = sum(run.sound for run in runs), sum(run.kept for run in runs)
        result = f"caught {caught} of {misleading} that mislead, kept {kept} of {sound} that don't"
        measure = f"short runs mislead, horizons {[1, *horizons]}"
        _print(measure, f"crossing, {count} campaigns", str(SHORT), result, *[""] * 4)


def _at_longer_horizons(horizons: tuple[int, ...], seed: int) -> Horizons:
    return at_longer_horizons(World(seed, CROSSING), SHORT, seed, horizons)


def _whole_lab() -> None:
    statements = alike = tests = crowned = 0
    campaigns = [(seed, settings) for seed in range(1 if QUICK else 2) for settings in (SMOOTH, UNEQUAL)]
    for seed, settings in campaigns:
        agent, same_agent = climber(Random(seed), 120), climber(Random(seed), 120)
        agreement = anyio.run(compare, agent, same_agent, {**settings, "seed": seed})
        statements, alike = statements + agreement.statements, alike + agreement.alike
        tests, crowned = tests + agreement.tests, crowned + agreement.champions
    result = f"{alike} of {statements} alike, {tests} validations and {crowned} champions among them"
    _print("driver against whole lab", f"smooth, and unequal noise: {len(campaigns)} campaigns", "120", result, *[""] * 4)


def _tell(measure: str, study: Study, outcomes: Mapping[Way, Sequence[Outcome]], figure: Figure) -> None:
    _print(measure, study.title, str(study.experiments), *(figure(outcomes[way]) if outcomes[way] else "" for way in WAYS))


def _progress(outcomes: Sequence[Outcome]) -> str:
    return _share(sum(outcome.progress for outcome in outcomes), len(outcomes))


def _found(outcomes: Sequence[Outcome]) -> str:
    return _share(sum(outcome.found for outcome in outcomes), len(outcomes))


def _coverage(outcomes: Sequence[Outcome]) -> str:
    covered = [outcome.covered for outcome in outcomes if outcome.covered is not None]
    return _share(sum(covered), len(covered)) if covered else ""


def _error(outcomes: Sequence[Outcome]) -> str:
    return _mean([outcome.error for outcome in outcomes if outcome.error is not None])


def _regret(outcomes: Sequence[Outcome]) -> str:
    return _mean([outcome.regret for outcome in outcomes])


def _mean(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ""
    return f"{fmean(values):.2f} ± {stdev(values) / math.sqrt(len(values)):.2f} (n {len(values)})"


def _share(count: int, of: int) -> str:
    """A share with its 95 % bounds, each one-sided (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.05, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(0.95, count + 1, of - count)) if count < of else 1.0
    return f"{count / of:.1%} ({low:.1%} to {high:.1%}; n {of})"


def _print(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
