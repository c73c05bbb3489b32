"""The ledger of a lab as it lies on disk, read with SQL and git alone, and the statistics of it by SciPy and NumPy."""

from __future__ import annotations

import json
import math
import sqlite3
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, special, stats

Row = dict[str, Any]


class Ledger:
    """A lab's database and history. Nothing of labhand is used.

    Args:
        root: Where its `.labhand` lies.
        sign: 1 where lower scores are better, otherwise -1.
    """

    def __init__(self, root: Path, sign: int = 1) -> None:
        self.sign = sign
        self.folder = root / ".labhand"
        self._db = sqlite3.connect(f"file:{self.folder / 'lab.db'}?mode=ro", uri=True)
        self._db.row_factory = sqlite3.Row

    def rows(self, sql: str, *parameters: object) -> list[Row]:
        return [dict(row) for row in self._db.execute(sql, parameters)]

    def one(self, sql: str, *parameters: object) -> Row:
        [row] = self.rows(sql, *parameters)
        return row

    @cached_property
    def experiments(self) -> list[Row]:
        """All, with their knobs, and the seconds and measures of their results."""
        rows = self.rows("SELECT e.*, s.knobs FROM experiments AS e JOIN sources AS s USING (commit_hash) ORDER BY number")
        for row in rows:
            told: Row = json.loads(row["result"])
            row["knobs"] = json.loads(row["knobs"])
            row["seconds"], row["measures"] = told.get("seconds") or {}, told.get("measures") or {}
        return rows

    @cached_property
    def stratum(self) -> int:
        """Which most of the newest scores belong to."""
        newest = sorted((e for e in self.experiments if e["score"] is not None), key=lambda e: -e["finished_seq"])[:200]
        counts = Counter(e["stratum"] for e in newest)
        most: int = max(counts, key=lambda number: (counts[number], number))
        return most

    @cached_property
    def scored(self) -> list[Row]:
        """The experiments of that stratum that have a score."""
        return [e for e in self.experiments if e["score"] is not None and e["stratum"] == self.stratum]

    @cached_property
    def champions(self) -> list[Row]:
        return self.rows("SELECT champions.*, tree FROM champions JOIN sources USING (commit_hash) ORDER BY champions.number")

    @cached_property
    def baseline_tree(self) -> str:
        return str(self.champions[0]["tree"])

    def source(self, commit: str) -> dict[str, bytes]:
        """The files of a commit."""
        names = self._git("ls-tree", "-r", "--name-only", "--full-tree", commit).decode().split()
        return {name: self._git("show", f"{commit}:{name}") for name in names}

    def _git(self, *arguments: str) -> bytes:
        return subprocess.run(
            ["git", f"--git-dir={self.folder / 'source.git'}", *arguments], check=True, capture_output=True
        ).stdout


def id_of(experiment: int | None) -> str:
    """As the report names it; a champion without an experiment is the baseline."""
    return "baseline" if experiment is None else f"e{experiment:04d}"


def arms(experiments: Iterable[Row]) -> dict[str, list[float]]:
    """The scores of each source."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for one in experiments:
        found[one["tree"]].append(one["score"])
    return dict(found)


def within(groups: Iterable[Sequence[float]], spent_degrees: int = 0) -> tuple[float, int]:
    """Standard deviation within groups, and its degrees of freedom: the residual of a one-way analysis of variance."""
    known = [np.asarray(group) for group in groups if len(group) > 1]
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in known)
    degrees = max(1, sum(len(group) - 1 for group in known) - spent_degrees)
    return math.sqrt(squares / degrees), degrees


def squeezed(groups: Sequence[Sequence[float]]) -> tuple[float, float]:
    """s0 and d0 of limma's fitFDist and squeezeVar (Smyth 2004), as of an arm without replicates."""
    known = [(float(np.var(group, ddof=1)), len(group) - 1) for group in groups if len(group) > 1]
    sd, degrees = within(groups)
    if len(known) < 2:
        return sd, degrees
    floor = 1e-5 * (float(np.median([own for own, _ in known])) or sd**2)
    z = np.array([math.log(max(own, floor)) for own, _ in known])
    d = np.array([own for _, own in known], dtype=float)
    e = z - special.digamma(d / 2) + np.log(d / 2)
    spread = e.var(ddof=1) - special.polygamma(1, d / 2).mean()
    if spread <= 0:
        return sd, degrees
    half = optimize.brentq(lambda x: float(special.polygamma(1, x)) - spread, 1e-6, 1e9)
    prior = math.exp(e.mean() + float(special.digamma(half)) - math.log(half))
    return math.sqrt(prior), min(2 * half, degrees)


def interval(centre: float, error: float, degrees: float) -> tuple[float, float]:
    """95 %, by Student's t."""
    half = float(stats.t.ppf(0.975, degrees)) * error
    return centre - half, centre + half


def two_sided(gain: float, error: float, degrees: float) -> float:
    return float(2 * stats.t.sf(abs(gain) / error, degrees))


def lord(test: int, confirmations: Sequence[int]) -> float:
    """LORD++ at 5 %, half of it staked before the first discovery (Ramdas et al. 2017)."""

    def g(j: int) -> float:
        return 0.07720838 * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))

    known = sorted(confirmations)
    return 0.025 * g(test) + sum((0.025 if place == 0 else 0.05) * g(test - when) for place, when in enumerate(known))


def spent(level: float, share: float) -> float:
    """What O'Brien and Fleming's manner of spending allows by a share of the pairs (Lan and DeMets 1983)."""
    return float(2 * stats.norm.sf(stats.norm.isf(level / 2) / math.sqrt(share)))
