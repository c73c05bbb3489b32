"""The analyses of a report, recomputed: effects, importance, what a gain is made of, yardsticks, Pareto fronts, captions."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from statistics import fmean, median
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState, create_trial
from scipy import special, stats

from .page import Page, num
from .raw import Ledger, arms, interval, two_sided, within

Row = dict[str, Any]


def claim_all(page: Page, ledger: Ledger, sign: int) -> None:
    """Claim what analyses say, and the captions of pictures."""
    noise = within(arms(e for e in ledger.scored if e["must_beat"] is None).values())
    codes = codes_of(ledger)
    _effects(page, ledger, codes, noise, sign)
    _importance(page, ledger, codes, sign)
    _made_of(page, ledger, codes, noise, sign)
    _horizons(page, ledger)
    _yardstick(page, ledger, codes, noise[0], sign)
    _pareto(page, ledger, codes, noise[0], sign)
    _captions(page, ledger)


def decimals(noise: float) -> int:
    return max(0, 1 - math.floor(math.log10(noise)))


# ---- which experiments differ in what


def codes_of(ledger: Ledger) -> dict[str, str]:
    """The code of each source, by tree: its text without the values of knobs; empty for the baseline's."""

    def blank(commit: str, knobs: Iterable[str]) -> str:
        names = "|".join(map(re.escape, sorted(knobs)))
        pattern = re.compile(rf"^({names})\b([^=\n;#]*)=[^\n;#]*(?:#[^\n]*)?$", re.MULTILINE)
        files = ledger.source(commit)
        return repr({path: pattern.sub(r"\1\2", text.decode()) for path, text in files.items() if path.endswith(".py")})

    first = ledger.one("SELECT * FROM sources WHERE tree = ? LIMIT 1", ledger.baseline_tree)
    given = blank(first["commit_hash"], json.loads(first["knobs"]))
    told = {e["tree"]: blank(e["commit_hash"], e["knobs"]) for e in ledger.experiments}
    return {tree: "" if text == given else text for tree, text in told.items()}


def failed_by_own_fault(ledger: Ledger) -> list[Row]:
    settings = {e["setting"] for e in ledger.scored}
    return [
        e
        for e in ledger.experiments
        if e["setting"] in settings
        and (e["status"] == "stopped" or (e["failure"] and e["failure"] not in {"lost_machine", "no_capacity"}))
    ]


def left_out(ledger: Ledger, shown: Iterable[Row], more: Sequence[str] = ()) -> str:
    here = {e["number"] for e in shown}
    why: Counter[str] = Counter()
    for e in ledger.experiments:
        if e["number"] in here:
            continue
        if e["score"] is not None:
            why[f"in another stratum, s{e['stratum']}, whose scores don't compare"] += 1
        elif e["status"] in {"queued", "starting", "running", "evaluating"}:
            why["not finished"] += 1
        else:
            why[f"failed ({e['failure']})" if e["failure"] else e["status"]] += 1
    told = [f"{count} {reason}" for reason, count in why.most_common()] + list(more)
    return f". Left out: {'; '.join(told)}." if told else "."


def differing(experiments: Sequence[Row]) -> dict[str, list[Any]]:
    """Knobs that all have and that differ, with their values in order."""
    first = experiments[0]["knobs"]
    values = {name: {repr(e["knobs"].get(name)): e["knobs"].get(name) for e in experiments} for name in first}
    return {
        name: sorted(known.values(), key=lambda value: value if _is_number(value) else repr(value))
        for name, known in values.items()
        if len(known) > 1 and all(name in e["knobs"] for e in experiments)
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# ---- effects


def _effects(page: Page, ledger: Ledger, codes: Mapping[str, str], noise: tuple[float, int], sign: int) -> None:
    frequent = Counter(codes[e["tree"]] for e in ledger.scored)
    chosen = [e for e in ledger.scored if frequent[codes[e["tree"]]] > 1]
    knobs = differing(chosen)
    cuts = {name: median(values) for name, values in knobs.items() if len(values) > 6 and all(map(_is_number, values))}
    if cuts:
        page.claim(f"Split at the median, as they took many values: {', '.join(sorted(cuts))}.")
    page.drop("What is unknown is mixed up with something else in these experiments: a design would tell it\\.")
    names: dict[str, str] = {"": "baseline"}
    for e in chosen:
        names.setdefault(codes[e["tree"]], f"e{e['number']:04d}")
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


def _side(value: Any, cut: float | None) -> Any:
    if cut is None or not _is_number(value):
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
    import statsmodels.api as sm

    columns = [[float(all(repr(p.get(knob)) == value for knob, _, value in term)) for p in points] for term in terms]
    columns += [[float(block == one) for block in blocks] for one in dict.fromkeys(blocks)]
    design = np.array(columns).T
    fit = sm.OLS(np.array(gains), design).fit(method="pinv")
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
    more = f"; {unknown} effects can't be told" if unknown else ""
    page.claim(
        f"Effects over {len(chosen)} experiments; the largest: {told}{more}. {_stratum(ledger)}{left_out(ledger, ledger.scored)}"
    )


# ---- what sets the best apart


def _one_code(ledger: Ledger, codes: Mapping[str, str], experiments: Iterable[Row]) -> list[Row]:
    main = Counter(codes[e["tree"]] for e in ledger.scored).most_common(1)[0][0]
    return [e for e in experiments if codes[e["tree"]] == main]


class Space:
    """The values that ran, as Optuna sees them: numbers by their place, anything else as a category."""

    def __init__(self, values: Mapping[str, Sequence[Any]]) -> None:
        self.values = values

    def params(self, knobs: Mapping[str, Any]) -> dict[str, int]:
        return {name: list(values).index(knobs[name]) for name, values in self.values.items()}

    def _ordered(self, name: str) -> bool:
        return len(self.values[name]) > 2 and all(map(_is_number, self.values[name]))

    def distributions(self) -> dict[str, Any]:
        return {
            name: optuna.distributions.IntDistribution(0, len(values) - 1)
            if self._ordered(name)
            else optuna.distributions.CategoricalDistribution(list(range(len(values))))
            for name, values in self.values.items()
        }

    def distance(self, one: Mapping[str, int], other: Mapping[str, int]) -> float:
        parts = [
            abs(one[name] - other[name]) / (len(values) - 1) if self._ordered(name) else float(one[name] != other[name])
            for name, values in self.values.items()
        ]
        return math.fsum(parts) / len(parts)


def _study(sign: int, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    return optuna.create_study(direction="minimize" if sign > 0 else "maximize", sampler=sampler)


def _importance(page: Page, ledger: Ledger, codes: Mapping[str, str], sign: int) -> None:
    chosen = _one_code(ledger, codes, ledger.scored)
    space = Space(differing(chosen)) if chosen else Space({})
    groups: dict[str, tuple[dict[str, int], list[float]]] = {}
    for e in chosen:
        params = space.params(e["knobs"])
        groups.setdefault(repr(params), (params, []))[1].append(e["score"])
    if len(groups) < 20 or not space.values:
        return
    study = _study(sign, 0)
    for params, scores in groups.values():
        study.add_trial(create_trial(params=params, distributions=space.distributions(), value=fmean(scores)))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=0.25, evaluate_on_local=True)
    shares = get_param_importances(study, evaluator=evaluator)
    start = "Which knobs set the best quarter apart: "
    line = next((line for line in page.lines.values() if line.startswith(start)), "")
    # Equal shares may stand in either order.
    ordered = sorted(shares, key=lambda name: (-round(shares[name], 9), line.find(f"{name} ")))
    page.claim(start + ", ".join(f"{name} {num(shares[name], digits=2)}" for name in ordered) + ".")


# ---- what a gain is made of


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


def _made_of(page: Page, ledger: Ledger, codes: Mapping[str, str], noise: tuple[float, int], sign: int) -> None:
    champion = ledger.champions[-1]
    if champion["experiment"] is None:
        return
    grids = {row["number"] for row in ledger.rows("SELECT number FROM grids WHERE design = 'ablation'")}
    trees = {e["variant"]: e["tree"] for e in ledger.experiments if e["grid"] in grids}
    scores = arms(ledger.scored)
    whole = [e["score"] for e in ledger.scored if e["tree"] == champion["tree"]]
    baseline = scores.get(ledger.baseline_tree, [])
    parts: list[tuple[str, list[tuple[float, list[float]]]]] = [("all of it", [(1, whole), (-1, baseline)])]
    code, knobs = (scores.get(trees.get(name, ""), []) for name in ("code alone", "knobs alone"))
    halves: list[tuple[str, list[tuple[float, list[float]]]]] = []
    if code and knobs:
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
    for name, weighted in [*parts, *halves, *hunks]:
        gain = -sign * math.fsum(weight * fmean(arm) for weight, arm in weighted)
        error = noise[0] * math.sqrt(math.fsum(weight**2 / len(arm) for weight, arm in weighted))
        gains[name] = gain
        _effect_row(page, name, gain, error, noise[1], at)
    if halves:
        shares = [100 * gains[name] / gains["all of it"] for name in ("code", "retuned knobs")]
        page.claim(
            f"{num(shares[0], places=0)} % of the gain is code, {num(shares[1], places=0)} % retuned knobs, each in the mean over"
            " both orders of adding them."
        )


# ---- horizons


def _horizons(page: Page, ledger: Ledger) -> None:
    strata = {row["number"]: json.loads(row["facts"]) for row in ledger.rows("SELECT * FROM strata")}

    def rest(facts: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in facts.items() if name != "budget_seconds"}

    alike = [number for number, facts in strata.items() if rest(facts) == rest(strata[ledger.stratum])]
    alike.sort(key=lambda number: strata[number]["budget_seconds"])
    captions: list[str] = []
    for short, longer in zip(alike, alike[1:], strict=False):
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
            told = f"{len(both)} ran at both: too few, or too much alike, for a rank correlation"
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


# ---- what a search would have reached


def _yardstick(page: Page, ledger: Ledger, codes: Mapping[str, str], noise: float, sign: int) -> None:
    ran = _one_code(ledger, codes, sorted([*ledger.scored, *failed_by_own_fault(ledger)], key=lambda e: e["number"]))
    ran.sort(key=lambda e: (e["finished_at"], e["number"]))
    baseline = [e["score"] for e in ran if e["purpose"] == "baseline" and e["score"] is not None]
    page.drop("Gains of the best score so far on the baseline's mean, with its luck: .*|random_search is the mean over .*")
    page.drop("after experiments \\| as run \\| random search \\| optimiser|Nothing to compare: .*")
    if len(ran) < 8 or not baseline:
        return
    zero = fmean(baseline)
    gains = [0.0 if e["score"] is None else sign * (zero - e["score"]) for e in ran]
    replayed = _replays(ran, sign, zero)
    for after in sorted({max(1, len(ran) * step // 4) for step in range(1, 5)}):
        best = max(0.0, *gains[:after])
        drawn = _expected_best([max(0.0, gain) for gain in gains], after)
        told = "" if after > len(replayed) else num(replayed[after - 1], places=decimals(noise))
        page.row(after, num(best, places=decimals(noise)), num(drawn, places=decimals(noise)), told)


def _expected_best(gains: Sequence[float], draws: int) -> float:
    """The mean of the best of so many drawn without replacement: over order statistics, by binomial coefficients."""
    ordered, total = sorted(gains), special.comb(len(gains), draws, exact=True)
    return math.fsum(gain * special.comb(place, draws - 1, exact=True) / total for place, gain in enumerate(ordered))


def _replays(ran: Sequence[Row], sign: int, zero: float) -> list[float]:
    values = differing(ran)
    if not values:
        return []
    # Two numbers are the ends of a range to the optimiser: here they are all there is, and it takes the nearer one.
    courses = [_replay(ran, values, sign, seed) for seed in range(3)]
    return [
        fmean(0.0 if best is None else max(0.0, sign * (zero - best)) for best in after) for after in zip(*courses, strict=True)
    ]


def _replay(ran: Sequence[Row], values: Mapping[str, Sequence[Any]], sign: int, seed: int) -> list[float | None]:
    space = _SearchSpace(values)
    table = [(space.params(e["knobs"]), e["score"]) for e in ran]
    study, best, course = _study(sign, seed), None, list[float | None]()
    for _ in range(min(100, len(table))):
        asked = study.ask(space.distributions())
        distances = [space.distance(asked.params, params) for params, _ in table]
        study.tell(asked, state=TrialState.FAIL)
        params, score = table.pop(int(np.argmin(distances)))
        state = TrialState.PRUNED if score is None else TrialState.COMPLETE
        study.add_trial(create_trial(state=state, params=params, distributions=space.distributions(), value=score))
        if score is not None:
            best = score if best is None or sign * (best - score) > 0 else best
        course.append(best)
    return course


class _SearchSpace(Space):
    """As a search sees knobs: two different numbers are the ends of a range, on a logarithmic scale from a ratio of ten on."""

    def _ends(self, name: str) -> tuple[float, float] | None:
        values = self.values[name]
        return (min(values), max(values)) if len(values) == 2 and all(map(_is_number, values)) else None

    def _is_log(self, name: str) -> bool:
        low, high = self._ends(name) or (0, 0)
        return low > 0 and high / low >= 10

    def params(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: knobs[name] if self._ends(name) else list(values).index(knobs[name]) for name, values in self.values.items()
        }

    def distributions(self) -> dict[str, Any]:
        told = super().distributions()
        for name in self.values:
            if ends := self._ends(name):
                whole = all(isinstance(end, int) for end in ends)
                kind = optuna.distributions.IntDistribution if whole else optuna.distributions.FloatDistribution
                told[name] = kind(*ends, log=self._is_log(name))
        return told

    def distance(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        parts: list[float] = []
        for name in self.values:
            ends = self._ends(name)
            if ends is None:
                parts.append(Space({name: self.values[name]}).distance({name: one[name]}, {name: other[name]}))
            elif self._is_log(name):
                parts.append(abs(math.log(one[name] / other[name])) / math.log(ends[1] / ends[0]))
            else:
                parts.append(abs(one[name] - other[name]) / (ends[1] - ends[0]))
        return math.fsum(parts) / len(parts)


# ---- what a score costs


def _pareto(page: Page, ledger: Ledger, codes: Mapping[str, str], noise: float, sign: int) -> None:
    del codes
    page.drop(r"best for its .* \| score \| .*")
    lines = {
        e["tree"]: sum(bool(line.strip()) for text in _editable(ledger, e).values() for line in text.splitlines())
        for e in ledger.scored
    }

    def training(e: Row) -> float | None:
        seconds = e["result"].get("seconds") or {}
        return seconds.get("training_wall") or seconds.get("training")

    def measured(name: str, unit: Callable[[Row], float | None]) -> Callable[[Row], float | None]:
        def of(e: Row) -> float | None:
            value, per = (e["result"].get("measures") or {}).get(name), unit(e)
            return value / per if value is not None and per else None

        return of

    measures: dict[str, tuple[Callable[[Row], float | None], int]] = {
        "peak_memory_gib": (measured("peak_memory_bytes", lambda _: float(1 << 30)), 1),
        "steps_per_second": (measured("steps", training), -1),
        "parameters": (measured("parameters", lambda _: 1.0), 1),
        "lines_of_code": (lambda e: float(lines[e["tree"]]), 1),
    }
    groups: dict[str, list[Row]] = {}
    for e in ledger.scored:
        groups.setdefault(e["tree"], []).append(e)
    for measure, less in measures.values():
        means: dict[str, tuple[float, float]] = {}
        for tree, group in groups.items():
            values = [value for e in group if (value := measure(e)) is not None]
            if values:
                means[tree] = (sign * fmean(e["score"] for e in group), less * fmean(values))
        if len({value for _, value in means.values()}) < 2:
            continue
        front = [
            (score, value, tree)
            for tree, (score, value) in means.items()
            if not any(a <= score and b <= value and (a, b) != (score, value) for a, b in means.values())
        ]
        for score, value, tree in sorted(front)[:10]:
            name = f"e{groups[tree][0]['number']:04d}"
            page.row(name, num(sign * score, places=decimals(noise)), num(less * value, digits=4))


def _editable(ledger: Ledger, experiment: Row) -> dict[str, bytes]:
    """The Python files that experiments may change: of the trainers used here, `train.py`."""
    return {path: data for path, data in ledger.source(experiment["commit_hash"]).items() if path == "train.py"}


# ---- captions


def _stratum(ledger: Ledger) -> str:
    facts = json.loads(ledger.one("SELECT facts FROM strata WHERE number = ?", ledger.stratum)["facts"])
    return f"Stratum s{ledger.stratum}: {facts.get('device')}, {facts.get('budget_seconds')} s"


def _captions(page: Page, ledger: Ledger) -> None:
    ended = [*ledger.scored, *failed_by_own_fault(ledger)]
    led = [
        f"{'baseline' if c['experiment'] is None else 'e%04d' % c['experiment']} at {num(fmean(scores), digits=5)}"
        for c in ledger.champions
        if (scores := [e["score"] for e in ledger.scored if e["tree"] == c["tree"]])
    ]
    page.claim(
        f"{len(ended)} experiments in the order of finishing; champions: {', '.join(led) or 'none scored here'}."
        f" {_stratum(ledger)}{left_out(ledger, ended)}"
    )
    if knobs := list(differing(ledger.scored))[:9]:
        page.claim(
            f"{len(ledger.scored)} experiments by {', '.join(knobs)}. {_stratum(ledger)}{left_out(ledger, ledger.scored)}"
        )
    page.drop(r"Training curves, best score first: .*")
    runs = ledger.rows("SELECT runs.status, score, e.status AS state FROM runs JOIN experiments AS e ON e.number = experiment")
    finished = {"succeeded", "stopped", "failed", "cancelled"}
    wasted = sum(run["status"] == "lost" or (run["state"] in finished and run["score"] is None) for run in runs)
    if runs:
        page.claim(f"{len(runs)} runs by slot over time; {wasted} led to no score.")
