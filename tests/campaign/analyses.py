"""The analyses of a report, recomputed: those of effects and searches beside, here horizons, Pareto fronts and captions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from scipy import stats

from .effects import claim_effects, claim_made_of
from .page import Page, num
from .raw import Ledger, Row, arms, id_of
from .searches import claim_importance, claim_yardstick
from .views import codes_of, decimals, differing, failed_by_own_fault, left_out, stratum_line

DRAWN = 400
"""Experiments that the plot of knobs against scores draws; of more, the newest."""
NAMED = 5
"""Sources of a front that its caption names."""


def claim_all(page: Page, ledger: Ledger, noise: tuple[float, int], sign: int) -> None:
    """Claim what analyses say, and the captions of pictures."""
    codes = codes_of(ledger)
    claim_effects(page, ledger, codes, noise, sign)
    claim_importance(page, ledger, codes, sign)
    claim_made_of(page, ledger, codes, noise, sign)
    _horizons(page, ledger)
    claim_yardstick(page, ledger, codes, noise[0], sign)
    _pareto(page, ledger, noise[0], sign)
    _captions(page, ledger)


def _horizons(page: Page, ledger: Ledger) -> None:
    strata = {row["number"]: json.loads(row["facts"]) for row in ledger.rows("SELECT * FROM strata")}

    def rest(facts: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in facts.items() if name != "budget_seconds"}

    alike = [number for number, facts in strata.items() if rest(facts) == rest(strata[ledger.stratum])]
    alike.sort(key=lambda number: strata[number]["budget_seconds"])
    captions: list[str] = []
    for short, longer in pairwise(alike):
        means = [
            {
                tree: fmean(arm)
                for tree, arm in arms(e for e in ledger.experiments if e["stratum"] == number and e["score"]).items()
            }
            for number in (short, longer)
        ]
        both = [tree for tree in means[0] if tree in means[1]]
        budgets = [f"{strata[number]['budget_seconds']:g}" for number in (short, longer)]
        tau, ends = _tau(means[0], means[1], both)
        page.row(f"{budgets[0]}, {budgets[1]}", len(both), num(tau, digits=2), ", ".join(num(end, digits=2) for end in ends))
        if both:
            told = f"{len(both)} ran at both, which are too few or too similar for a rank correlation"
            if tau is not None:
                told = f"Kendall's tau {num(tau, places=2)} ({num(ends[0], places=2)} to {num(ends[1], places=2)})"
            captions.append(f"{budgets[0]} s and {budgets[1]} s: {told}")
    if captions:
        page.claim(f"Scores at one budget against a longer one. {'; '.join(captions)}.")


def _tau(short: Mapping[str, float], longer: Mapping[str, float], both: Sequence[str]) -> tuple[float | None, Sequence[float]]:
    ranked = sorted(short, key=lambda tree: short[tree])
    quarters = {ranked.index(tree) * 4 // len(ranked) for tree in both}
    if len(both) < 8 or len(quarters) < 4:
        return None, ()
    tau = float(stats.kendalltau([short[tree] for tree in both], [longer[tree] for tree in both]).statistic)
    half = float(stats.norm.ppf(0.975)) * math.sqrt(0.437 / (len(both) - 4))
    return tau, (math.tanh(math.atanh(tau) - half), math.tanh(math.atanh(tau) + half))


Measure = Callable[[Row], float | None]


def _pareto(page: Page, ledger: Ledger, noise: float, sign: int) -> None:
    page.drop(r"best for its .* \| score \| .*")
    groups: dict[str, list[Row]] = {}
    for e in ledger.scored:
        groups.setdefault(e["tree"], []).append(e)
    is_drawn = False
    for name, measure, less in _measures(ledger):
        means: dict[str, tuple[float, float]] = {}
        for tree, group in groups.items():
            if values := [value for e in group if (value := measure(e)) is not None]:
                means[tree] = (sign * fmean(e["score"] for e in group), less * fmean(values))
        if len({value for _, value in means.values()}) > 1:
            front = [(id_of(groups[tree][0]["number"]), sign * score, less * value) for score, value, tree in _front(means)]
            for source, score, value in front[:10]:
                page.row(source, num(score, places=decimals(noise)), num(value, digits=4))
            if not is_drawn:
                _drawn_front(page, ledger, name, len(means), front)
            is_drawn = True


def _drawn_front(page: Page, ledger: Ledger, measure: str, sources: int, front: Sequence[tuple[str, float, float]]) -> None:
    """Claim the caption of the front that is drawn: the first in which sources differ."""
    line = next((line for line in page.lines.values() if f" against {measure}, " in line), "")
    best = ", ".join(f"{source} ({num(score, digits=5)} at {num(value, digits=4)})" for source, score, value in front[:NAMED])
    page.claim(
        f"{line.split(' ')[0]} against {measure}, {sources} sources; on the front, best score first: {best}."
        f" {stratum_line(ledger)}{left_out(ledger, ledger.scored)}"
    )


def _front(means: Mapping[str, tuple[float, float]]) -> list[tuple[float, float, str]]:
    """What nothing else beats in both, by looking at every pair."""
    return sorted(
        (score, value, tree)
        for tree, (score, value) in means.items()
        if not any(a <= score and b <= value and (a, b) != (score, value) for a, b in means.values())
    )


def _measures(ledger: Ledger) -> list[tuple[str, Measure, int]]:
    """What a score may cost, each by name with 1 where less of it is better: memory, speed, parameters, lines."""
    lines = {
        e["tree"]: sum(bool(line.strip()) for text in _editable(ledger, e).values() for line in text.splitlines())
        for e in ledger.scored
    }

    def told(e: Row, name: str, unit: float | None) -> float | None:
        value: float | None = e["measures"].get(name)
        return value / unit if value is not None and unit else None

    def training(e: Row) -> float | None:
        seconds: dict[str, float] = e["seconds"]
        return seconds.get("training_wall") or seconds.get("training")

    return [
        ("peak_memory_gib", lambda e: told(e, "peak_memory_bytes", float(1 << 30)), 1),
        ("steps_per_second", lambda e: told(e, "steps", training(e)), -1),
        ("parameters", lambda e: told(e, "parameters", 1.0), 1),
        ("lines_of_code", lambda e: float(lines[e["tree"]]), 1),
    ]


def _editable(ledger: Ledger, experiment: Row) -> dict[str, bytes]:
    """The Python files that experiments may change: of the trainers used here, `train.py`."""
    return {path: data for path, data in ledger.source(experiment["commit_hash"]).items() if path == "train.py"}


def _captions(page: Page, ledger: Ledger) -> None:
    ended = [*ledger.scored, *failed_by_own_fault(ledger)]
    led = [
        f"{id_of(c['experiment'])} at {num(fmean(scores), digits=5)}"
        for c in ledger.champions
        if (scores := [e["score"] for e in ledger.scored if e["tree"] == c["tree"]])
    ]
    page.claim(
        f"{len(ended)} experiments in order of completion. Champions: {', '.join(led) or 'none has a score here'}."
        f" {stratum_line(ledger)}{left_out(ledger, ended)}"
    )
    drawn = sorted(ledger.scored, key=lambda e: e["number"])[-DRAWN:]
    which = f"The newest {len(drawn)}" if len(drawn) < len(ledger.scored) else f"{len(drawn)}"
    if knobs := list(differing(drawn))[:9]:
        page.claim(f"{which} experiments by {', '.join(knobs)}. {stratum_line(ledger)}{left_out(ledger, ledger.scored)}")
    page.drop(r"Training curves, best score first: .*")
    runs = ledger.rows("SELECT runs.status, score, e.status AS state FROM runs JOIN experiments AS e ON e.number = experiment")
    finished = {"succeeded", "stopped", "failed", "cancelled"}
    wasted = sum(run["status"] == "lost" or (run["state"] in finished and run["score"] is None) for run in runs)
    if runs:
        page.claim(f"{len(runs)} runs by slot over time; {wasted} ended without a score.")
