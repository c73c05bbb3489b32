"""Scores at the usual pace of their source, by NumPy and SciPy: what noise and verdicts rest on where a machine was busy.

The rules are those of docs/evidence.md, "Speed is not effect".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high

import numpy as np
from scipy import stats

from .page import Page, num
from .raw import Ledger, Row

MIN_LAG, MAX_LAG = -math.log(0.95), math.log(4.0)
LEVEL = 0.05
_SENTENCE = (
    "Of the variance between replicates, {share} % is explained by the steps that their runs made: the machine gave some less"
    " than others. At equal steps the sd is {sd}. Verdicts bring a run that lags behind its own source to that source's usual"
    " pace. Between sources they don't: a slower change has to pay for that. Fewer runs at once would help."
)


@dataclass(frozen=True)
class Run:
    """A score with the logarithm of its steps, None if it reported none, and the time of its run."""

    score: float
    log_steps: float | None
    began: float
    ended: float


def runs_of(rows: Sequence[Row]) -> list[Run]:
    """Read the runs of experiments."""
    found: list[Run] = []
    for row in rows:
        steps = row["measures"].get("steps") or row["measures"].get("tokens")
        log_steps = math.log(steps) if steps and None not in (row["started_at"], row["finished_at"]) else None
        found.append(Run(row["score"], log_steps, row["started_at"] or 0.0, row["finished_at"] or 0.0))
    return found


def at_usual_pace(arms: Mapping[str, Sequence[Row]], led: Sequence[str], sign: int) -> tuple[dict[str, list[float]], int]:
    """Return the scores of each source brought to its usual pace, and the degrees of freedom that this took: 0 or 1.

    Args:
        arms: The experiments of each source.
        led: The champions' sources among them; gains are against the last.
        sign: 1 where lower scores are better.
    """
    runs, reference = {tree: runs_of(rows) for tree, rows in arms.items()}, led[-1] if led else ""
    of_reference = [run for run in runs.get(reference, []) if run.log_steps is not None]
    replicated = {tree: group for tree, group in runs.items() if len(group) > 1}
    lags = {tree: _lags(group, of_reference, is_reference=tree == reference) for tree, group in replicated.items()}
    uneven = [lag for tree, group in replicated.items() if len({run.log_steps for run in group}) > 1 for lag in lags[tree]]
    worst = max((lag for lag in uneven if lag <= MAX_LAG), default=0.0)
    slope = _fit(list(replicated.values()), sign, LEVEL).slope if worst > MIN_LAG else 0.0
    brought = {tree: _brought(group, lags.get(tree, [0.0] * len(group)), slope, sign) for tree, group in runs.items()}
    return brought, int(slope > 0)


def _lags(group: Sequence[Run], reference: Sequence[Run], *, is_reference: bool) -> list[float]:
    free = [run.log_steps + (0.0 if is_reference else _beside(run, reference)) for run in group if run.log_steps is not None]
    if not free:
        return [0.0] * len(group)
    usual = median_high(free)
    return [0.0 if run.log_steps is None else max(0.0, usual - run.log_steps) for run in group]


def _beside(run: Run, reference: Sequence[Run]) -> float:
    """What the reference's runs at the same time lacked on average, if one of them lagged."""
    if not reference:
        return 0.0
    usual = median_high([other.log_steps or 0.0 for other in reference])
    length = run.ended - run.began
    beside = [
        usual - (other.log_steps or 0.0)
        for other in reference
        if length > 0 and min(run.ended, other.ended) - max(run.began, other.began) >= length / 2
    ]
    if not beside or max(beside) <= MIN_LAG:
        return 0.0
    mean = float(np.mean(beside))
    return mean if mean > MIN_LAG else 0.0


@dataclass(frozen=True)
class Steps:
    """The common slope of gains on log steps within sources; 0 if it isn't shown."""

    slope: float = 0.0
    explained: float = 0.0
    sd: float = 0.0

    @property
    def figures(self) -> str:
        if not self.slope:
            return ""
        return f", explained by steps {num(self.explained, digits=2)}, sd at equal steps {num(self.sd, digits=3)}"

    def claim(self, page: Page) -> None:
        """Claim the sentence on steps, if there has to be one."""
        if self.slope:
            page.claim(_SENTENCE.format(share=num(100 * self.explained, places=0), sd=num(self.sd, digits=2)))


def explained_by_steps(ledger: Ledger) -> Steps:
    """What steps explain of the scores within the sources of a stratum, if that is shown at 1 %."""
    groups: dict[str, list[Row]] = {}
    for row in ledger.scored:
        groups.setdefault(row["tree"], []).append(row)
    return _fit([runs_of(group) for group in groups.values()], ledger.sign, 0.01)


def _fit(groups: Sequence[Sequence[Run]], sign: int, level: float) -> Steps:
    steps: list[float] = []
    gains: list[float] = []
    degrees = -1
    for group in groups:
        points = [(run.log_steps, -sign * run.score) for run in group if run.log_steps is not None]
        middle = float(np.median([x for x, _ in points])) if points else 0.0
        points = [(x, y) for x, y in points if abs(x - middle) <= MAX_LAG]
        if len(points) > 1:
            x, y = np.array(points).T
            steps += (x - x.mean()).tolist()
            gains += (y - y.mean()).tolist()
            degrees += len(points) - 1
    x, y = np.array(steps), np.array(gains)
    squares, variation = float((x**2).sum()), float((y**2).sum())
    if degrees < 2 or not squares or not variation:
        return Steps()
    slope = float((x * y).sum()) / squares
    residual = float(((y - slope * x) ** 2).sum())
    error = math.sqrt(residual / degrees / squares)
    is_shown = slope > 0 and (error == 0 or stats.t.sf(slope / error, degrees) < level)
    return Steps(slope, 1 - residual / variation, math.sqrt(residual / degrees)) if is_shown else Steps()


def _brought(group: Sequence[Run], lags: Sequence[float], slope: float, sign: int) -> list[float]:
    """Scores of runs that lag, improved by what the lag costs, to the best of the others at the most."""
    others = [sign * run.score for run, lag in zip(group, lags, strict=True) if lag <= MIN_LAG]
    brought: list[float] = []
    for run, lag in zip(group, lags, strict=True):
        badness = sign * run.score
        if slope and MIN_LAG < lag <= MAX_LAG:
            improved = badness - slope * lag
            best = min(others) if others else improved
            badness = max(improved, best) if best < badness else badness if others else improved
        brought.append(sign * badness)
    return brought
