"""Effects of knobs and code, and what the champion's gain is made of, by statsmodels and by contrasts of means."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from importlib import import_module
from itertools import combinations
from statistics import fmean, median
from typing import Any

import numpy as np

from .page import Page, num
from .raw import Ledger, Row, arms, id_of, interval, two_sided
from .views import decimals, differing, is_number, left_out, stratum_line

Contrast = tuple[str, list[tuple[float, list[float]]]]
"""A name, and the arms of scores with their weights."""


def claim_effects(page: Page, ledger: Ledger, codes: Mapping[str, str], noise: tuple[float, int], sign: int) -> None:
    frequent = Counter(codes[e["tree"]] for e in ledger.scored)
    chosen = [e for e in ledger.scored if frequent[codes[e["tree"]]] > 1]
    knobs = differing(chosen)
    cuts = {name: median(values) for name, values in knobs.items() if len(values) > 6 and all(map(is_number, values))}
    if cuts:
        page.claim(f"Split at the median, because they have many values: {', '.join(sorted(cuts))}.")
    page.drop("These experiments can't tell the unknown effects from others: .*")
    names: dict[str, str] = {"": "baseline"}
    for e in chosen:
        names.setdefault(codes[e["tree"]], f"{e['variant']} ({id_of(e['number'])})" if e["variant"] else id_of(e["number"]))
    several = len({codes[e["tree"]] for e in chosen}) > 1

    def placed(code: str, values: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: _side(values[name], cuts.get(name)) for name in knobs if name in values}
        return told | {"code": names.get(code, "")} if several else told

    points = [placed(codes[e["tree"]], e["knobs"]) for e in chosen]
    best = ledger.champions[-1]
    known = ledger.one("SELECT knobs FROM sources WHERE commit_hash = ?", best["commit_hash"])
    reference = placed(codes.get(best["tree"], ""), json.loads(known["knobs"]))
    gains = [-sign * e["score"] for e in chosen]
    seeds = [e["seed"] for e in chosen]
    changes = _changes(points, reference)
    known_noise = None if cuts else noise
    main = _fit(points, gains, seeds, [(change,) for change in changes], known_noise)
    pairs = [(one, other) for one, other in combinations(changes, 2) if one[0] != other[0]]
    both = _fit(points, gains, seeds, [*((change,) for change in changes), *pairs], known_noise)
    told_main = {name: found for name, found in main.items() if found is not None}
    told_pairs = {name: found for name, found in both.items() if found is not None and " * " in name}
    at = decimals(noise[0])
    for told in (told_main, told_pairs):
        for name, (gain, error, degrees) in sorted(told.items(), key=lambda one: -abs(one[1][0]))[:10]:
            _effect_row(page, name, gain, error, degrees, at)
    _effects_caption(page, ledger, chosen, told_main, (main, {name: both[name] for name in both if " * " in name}))


def _effect_row(page: Page, name: str, gain: float, error: float, degrees: float, at: int) -> None:
    low, high = interval(gain, error, degrees)
    p = two_sided(gain, error, degrees)
    ends = [f"\u27e8{end!r}|{max(0.51 * 10.0**-at, 0.0051 * abs(end))!r}\u27e9" for end in (low, high)]
    page.row(name, num(gain, places=at), ", ".join(ends), num(p, digits=2))


def _side(value: object, cut: float | None) -> object:
    if cut is None or not isinstance(value, int | float):
        return value
    return f"\u2264{cut:.3g}" if value <= cut else f">{cut:.3g}"


Change = tuple[str, str, str]


def _changes(points: Sequence[Mapping[str, Any]], reference: Mapping[str, Any]) -> list[Change]:
    found: list[Change] = []
    for knob in dict.fromkeys(knob for point in points for knob in point):
        counts = Counter(repr(point.get(knob)) for point in points)
        wanted = repr(reference.get(knob))
        start = wanted if knob in reference and wanted in counts else counts.most_common(1)[0][0]
        found += [(knob, start, value) for value in counts if value != start]
    return found


Fitted = dict[str, tuple[float, float, float] | None]


def _fit(
    points: Sequence[Mapping[str, Any]],
    gains: Sequence[float],
    blocks: Sequence[int],
    terms: Sequence[tuple[Change, ...]],
    noise: tuple[float, int] | None,
) -> Fitted:
    """Least squares by statsmodels; gain, error and degrees of freedom of every term that can be told, None for the others."""
    columns = [[float(all(repr(p.get(knob)) == value for knob, _, value in term)) for p in points] for term in terms]
    columns += [[float(block == one) for block in blocks] for one in dict.fromkeys(blocks)]
    design = np.array(columns).T
    least_squares: Any = import_module("statsmodels.api").OLS  # its import changes the filters of warnings
    with warnings.catch_warnings(action="ignore"):  # what can't be told is left out below
        fit = least_squares(np.array(gains), design).fit(method="pinv")
    rank = np.linalg.matrix_rank(design, tol=1e-10 * np.linalg.norm(design, 2))
    left = len(gains) - rank
    sd, degrees = noise if noise else (math.sqrt(fit.ssr / left) if left else 0.0, left)
    _, values, vectors = np.linalg.svd(design)
    null = vectors[np.concatenate([values, np.zeros(len(vectors) - len(values))]) < 1e-10 * values.max()]
    found: Fitted = {}
    for place, term in enumerate(terms):
        name = " * ".join(f"{knob} {start}\u2192{value}".replace("'", "") for knob, start, value in term)
        told = not len(null) or np.abs(null[:, place]).max() < 1e-6
        error = sd * math.sqrt(max(0.0, fit.normalized_cov_params[place, place]))
        found[name] = (float(fit.params[place]), error, degrees) if told else None
    return found


def _effects_caption(
    page: Page,
    ledger: Ledger,
    chosen: Sequence[Row],
    main: Mapping[str, tuple[float, float, float]],
    fits: tuple[Fitted, Fitted],
) -> None:
    if not main:
        return
    largest = sorted(main.items(), key=lambda one: -abs(one[1][0]))[:3]
    told = ", ".join(f"{name} {num(gain, digits=3)}" for name, (gain, _, _) in largest)
    unknown = sum(found is None for fit in fits for found in fit.values())
    more = f"; {unknown} effects can't be estimated" if unknown else ""
    page.claim(
        f"Effects over {len(chosen)} experiments; the largest: {told}{more}."
        f" {stratum_line(ledger)}{left_out(ledger, ledger.scored)}"
    )


def _alone(ledger: Ledger, codes: Mapping[str, str], champion: Row) -> dict[str, str]:
    """The trees of experiments that are the champion in its code or in its knobs and the baseline in the rest, or empty."""
    leading, given = (
        next((codes[e["tree"]], e["knobs"]) for e in ledger.scored if e["tree"] == tree)
        for tree in (champion["tree"], ledger.baseline_tree)
    )

    def tree(code: str, knobs: object) -> str:
        return next((e["tree"] for e in ledger.scored if codes[e["tree"]] == code and e["knobs"] == knobs), "")

    return {"code alone": tree(leading[0], given[1]), "knobs alone": tree(given[0], leading[1])}


def _earlier(ledger: Ledger, codes: Mapping[str, str], champion: Row, name: str) -> str:
    """The tree of an experiment that is the champion less this part; empty where none is."""
    leading = next(e for e in ledger.experiments if e["tree"] == champion["tree"])
    given = json.loads(ledger.one("SELECT knobs FROM sources WHERE tree = ? LIMIT 1", ledger.baseline_tree)["knobs"])
    knob = name.split(" ")[0]
    if knob in given:
        wanted = leading["knobs"] | {knob: given[knob]}
        return next(
            (e["tree"] for e in ledger.scored if e["knobs"] == wanted and codes[e["tree"]] == codes[leading["tree"]]), ""
        )
    first, last = re.match(r"\S+ (\d+)(?:-(\d+))?", name).groups()  # type: ignore[union-attr]
    span = range(int(first) - 1, int(last or first))
    before = set(ledger.source(ledger.champions[0]["commit_hash"])["train.py"].splitlines())
    after = ledger.source(leading["commit_hash"])["train.py"].splitlines()
    for e in {e["tree"]: e for e in ledger.scored if e["knobs"] == leading["knobs"]}.values():
        lines = ledger.source(e["commit_hash"])["train.py"].splitlines()
        changes = [code for code in SequenceMatcher(None, after, lines, autojunk=False).get_opcodes() if code[0] != "equal"]
        if changes and all(
            low in span and high - 1 in span and before.issuperset(lines[a:b]) for _, low, high, a, b in changes
        ):
            return str(e["tree"])
    return ""


def _own_changes(ledger: Ledger, champion: Row, scores: Mapping[str, list[float]]) -> list[Contrast]:
    """Each source on the way from the baseline to the champion, against the last one before it that is scored."""
    by_number = {e["number"]: e for e in ledger.experiments}
    lineage = [by_number[champion["experiment"]]]
    while (base := lineage[-1]["base"]) is not None:
        lineage.append(by_number[base])
    way: list[Row] = []
    for e in lineage:  # a replicate of its successor, or of the baseline, adds nothing
        if e["tree"] != ledger.baseline_tree and all(e["tree"] != later["tree"] for later in way[-1:]):
            way.append(e)
    if len(way) < 2:
        return []
    changes: list[Contrast] = []
    before = scores.get(ledger.baseline_tree, [])
    for e in reversed(way):
        if after := scores.get(e["tree"]):
            changes.append((f"own change of e{e['number']:04}", [(1.0, after), (-1.0, before)]))
            before = after
    return changes


def claim_made_of(page: Page, ledger: Ledger, codes: Mapping[str, str], noise: tuple[float, int], sign: int) -> None:
    champion = ledger.champions[-1]
    if champion["experiment"] is None:
        return
    page.drop(r"\d+ of \d+ runs without a part have no score: .*")
    grids = {row["number"] for row in ledger.rows("SELECT number FROM grids WHERE design = 'ablation'")}
    trees = {e["variant"]: e["tree"] for e in ledger.experiments if e["grid"] in grids}
    scores = arms(ledger.scored)
    whole = [e["score"] for e in ledger.scored if e["tree"] == champion["tree"]]
    baseline = scores.get(ledger.baseline_tree, [])
    parts: list[Contrast] = [("all of it", [(1, whole), (-1, baseline)])]
    alone = _alone(ledger, codes, champion)
    code, knobs = (scores.get(trees.get(name, alone[name]), []) for name in ("code alone", "knobs alone"))
    halves: list[Contrast] = []
    if code and knobs and code != baseline and knobs != baseline:  # the report says in words that it is all of one kind
        halves = [
            ("code", [(0.5, code), (0.5, whole), (-0.5, knobs), (-0.5, baseline)]),
            ("retuned knobs", [(0.5, knobs), (0.5, whole), (-0.5, code), (-0.5, baseline)]),
        ]
    without = {name.removeprefix("without "): tree for name, tree in trees.items() if name.startswith("without ")}
    # What had run before under another name isn't among the grid's experiments.
    parts_told = [line.split(" | ")[0] for line in page.lines.values() if re.match(r"(\w+ \S+→|\S+\.py \d).* \| .* \| ", line)]
    for name in parts_told:
        without.setdefault(name, _earlier(ledger, codes, champion, name))
    hunks = [(name, [(1.0, whole), (-1.0, scores[tree])]) for name, tree in without.items() if tree in scores]
    at = decimals(noise[0])
    gains: dict[str, float] = {}
    for name, weighted in [*parts, *halves, *hunks, *_own_changes(ledger, champion, scores)]:
        gain = -sign * math.fsum(weight * fmean(arm) for weight, arm in weighted)
        error = noise[0] * math.sqrt(math.fsum(weight**2 / len(arm) for weight, arm in weighted))
        gains[name] = gain
        _effect_row(page, name, gain, error, noise[1], at)
    if halves:
        shares = [100 * gains[name] / gains["all of it"] for name in ("code", "retuned knobs")]
        page.claim(
            f"{num(shares[0], places=0)} % of the gain is code, {num(shares[1], places=0)} % retuned knobs: each averaged"
            " over both orders of adding them."
        )
