"""Simulate research campaigns, and print the table that stands in docs/evidence.md: `python -m benchmarks.evidence`.

Each row is a measure on landscapes whose truth is known; each column is a way to do research on them.
"""

from __future__ import annotations

import argparse
import math
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

Figure = Callable[[Sequence[Outcome]], str]
"""A cell of the table, computed from the outcomes of many campaigns."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What of the table to compute.

    Attributes:
        ways: The columns.
        quick: Run a twentieth of the campaigns: minutes instead of hours, and wide intervals.
    """

    ways: frozenset[Way]
    quick: bool


@dataclass(frozen=True, slots=True)
class Study:
    """Campaigns of one length on one kind of landscape.

    Attributes:
        campaigns: Number of campaigns of a fast way, and of a way that takes seconds a campaign.
    """

    title: str
    settings: Mapping[str, float]
    experiments: int
    campaigns: tuple[int, int]
    planted: tuple[str, float, float] | None = None

    def outcomes(self, pool: ProcessPoolExecutor, effort: Effort) -> dict[Way, list[Outcome]]:
        """Run the study's campaigns. Every way meets the same landscapes."""
        outcomes: dict[Way, list[Outcome]] = {way: [] for way in WAYS}
        for way in effort.ways:
            count = math.ceil(self.campaigns[way in SLOW] / (20 if effort.quick else 1))
            run = partial(_outcome, way, self)
            outcomes[way] = list(pool.map(run, range(count), chunksize=max(1, count // 50)))
        return outcomes


def _outcome(way: Way, study: Study, seed: int) -> Outcome:
    return outcome(way, World(seed, study.settings, planted=study.planted), study.experiments, seed)


def main() -> None:
    """Read the command line, run the campaigns and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the campaigns: three minutes, and wide intervals")
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"compute only these columns: {', '.join(WAYS)}")
    options = parser.parse_args()
    if unknown := set(options.ways) - set(WAYS):
        parser.error(f"unknown ways: {', '.join(sorted(unknown))}; choose from {', '.join(WAYS)}")
    effort = Effort(frozenset(way for way in WAYS if way in options.ways) or frozenset(WAYS), options.quick)
    _print("measure", "landscape", "experiments", *NAMES)
    _print(*["---"] * (3 + len(NAMES)))
    with ProcessPoolExecutor(2) as pool:
        _print_table(pool, effort)
    if "climber" in effort.ways:
        _whole_lab(effort)


def _print_table(pool: ProcessPoolExecutor, effort: Effort) -> None:
    for study in (
        Study("nothing matters", NOTHING, SHORT, (500, 0)),
        Study("nothing matters, noise unequal", UNEQUAL, SHORT, (1000, 200)),
        Study("nothing matters, noise unequal", UNEQUAL, LONG, (200, 0)),
    ):
        _row("false progress", study, study.outcomes(pool, effort), _progress)
    planted = Study("one value of one knob gains 3 sd", NOTHING, SHORT, (200, 60), ("C", 2.0, 3 * SIGMA))
    _row("power", planted, planted.outcomes(pool, effort), _power)
    if "climber" in effort.ways:
        _kinds(pool, effort)
        _horizons(pool, effort)
    for study in (Study("smooth", SMOOTH, SHORT, (300, 100)), Study("smooth", SMOOTH, LONG, (40, 4))):
        outcomes = study.outcomes(pool, effort)
        _row("told gain less true gain, sd", study, outcomes, _error)
        _row("intervals that cover", study, outcomes, _coverage)
        _row("regret, sd", study, outcomes, _regret)


def _kinds(pool: ProcessPoolExecutor, effort: Effort) -> None:
    count = 5 if effort.quick else 60
    verdicts = list(pool.map(_due_to_kinds, range(count)))
    claims = list(pool.map(_across_kinds, range(count)))
    changed = f"{sum(differing for differing, _ in verdicts)} of {sum(total for _, total in verdicts)} answers"
    _print("due to the kind of GPU", "nothing matters; kinds 5 sd apart", str(SHORT), changed, "", _error(claims), "", "")


def _due_to_kinds(seed: int) -> tuple[int, int]:
    return verdicts_due_to_kinds(World(seed, NOTHING, offset=-5 * SIGMA), World(seed, NOTHING), SHORT, seed)


def _across_kinds(seed: int) -> Outcome:
    return across_kinds(World(seed, NOTHING, offset=-5 * SIGMA), SHORT, seed)


def _horizons(pool: ProcessPoolExecutor, effort: Effort) -> None:
    count = 8 if effort.quick else 80
    for horizons in ((), (LONGER,)):
        outcomes = list(pool.map(partial(_at_longer_horizons, horizons), range(count)))
        misleading, caught = sum(each.misleading for each in outcomes), sum(each.caught for each in outcomes)
        sound, promoted = sum(each.sound for each in outcomes), sum(each.kept for each in outcomes)
        cell = f"caught {caught} of {misleading} that mislead, kept {promoted} of {sound} that don't"
        title = f"short runs mislead, horizons {[1, *horizons]}"
        _print(title, f"crossing, {count} campaigns", str(SHORT), cell, *[""] * 4)


def _at_longer_horizons(horizons: tuple[int, ...], seed: int) -> Horizons:
    return at_longer_horizons(World(seed, CROSSING), SHORT, seed, horizons)


def _whole_lab(effort: Effort) -> None:
    said = alike = tests = crowned = 0
    campaigns = [(seed, settings) for seed in range(1 if effort.quick else 2) for settings in (SMOOTH, UNEQUAL)]
    for seed, settings in campaigns:
        agent, same_agent = climber(Random(seed), 120), climber(Random(seed), 120)
        comparison = anyio.run(compare, agent, same_agent, {**settings, "seed": seed})
        said, alike, tests = said + comparison.statements, alike + comparison.alike, tests + comparison.tests
        crowned += comparison.champions
    cell = f"{alike} of {said} alike, {tests} validations and {crowned} champions among them"
    _print("driver against whole lab", f"smooth, and unequal noise: {len(campaigns)} campaigns", "120", cell, *[""] * 4)


def _row(measure: str, study: Study, outcomes: Mapping[Way, Sequence[Outcome]], figure: Figure) -> None:
    _print(measure, study.title, str(study.experiments), *(figure(outcomes[way]) if outcomes[way] else "" for way in WAYS))


def _progress(outcomes: Sequence[Outcome]) -> str:
    return _share(sum(each.progress for each in outcomes), len(outcomes))


def _power(outcomes: Sequence[Outcome]) -> str:
    return _share(sum(each.found for each in outcomes), len(outcomes))


def _coverage(outcomes: Sequence[Outcome]) -> str:
    covered = [each.covered for each in outcomes if each.covered is not None]
    return _share(sum(covered), len(covered)) if covered else ""


def _error(outcomes: Sequence[Outcome]) -> str:
    return _mean([each.error for each in outcomes if each.error is not None])


def _regret(outcomes: Sequence[Outcome]) -> str:
    return _mean([each.regret for each in outcomes])


def _mean(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ""
    return f"{fmean(values):.2f} ± {stdev(values) / math.sqrt(len(values)):.2f} (n {len(values)})"


def _share(count: int, of: int) -> str:
    """Return a share with its 95 % bounds, each one-sided (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.05, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(0.95, count + 1, of - count)) if count < of else 1.0
    return f"{count / of:.1%} ({low:.1%} to {high:.1%}; n {of})"


def _print(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
