"""What searches say, with Optuna alone: which knobs matter, and what random search or the optimiser would have reached."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState, create_trial
from scipy import special
from typing_extensions import override

from .page import Page, num
from .raw import Ledger, Row
from .views import decimals, differing, failed_by_own_fault, is_number, of_main_code

REPLAYED = 50
"""Experiments up to which labhand replays the optimiser."""
SAMPLED = 500
"""Experiments that the replay chooses from; of more, a sample spread evenly over the order of their ends."""


class Space:
    """The values that ran, as Optuna sees them: numbers by their place, anything else as a category."""

    def __init__(self, values: Mapping[str, Sequence[Any]]) -> None:
        self.values = values

    def params(self, knobs: Mapping[str, Any]) -> dict[str, int]:
        return {name: list(values).index(knobs[name]) for name, values in self.values.items()}

    def _ordered(self, name: str) -> bool:
        return len(self.values[name]) > 2 and all(map(is_number, self.values[name]))

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


def claim_importance(page: Page, ledger: Ledger, codes: Mapping[str, str], sign: int) -> None:
    chosen = of_main_code(ledger, codes, ledger.scored)
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
    start = "Knobs that separate the best quarter from the rest: "
    line = next((line for line in page.lines.values() if line.startswith(start)), "")
    # Equal shares may stand in either order.
    ordered = sorted(shares, key=lambda name: (-round(shares[name], 9), line.find(f"{name} ")))
    page.claim(start + ", ".join(f"{name} {num(shares[name], digits=2)}" for name in ordered) + ".")


def claim_yardstick(page: Page, ledger: Ledger, codes: Mapping[str, str], noise: float, sign: int) -> None:
    ran = of_main_code(ledger, codes, sorted([*ledger.scored, *failed_by_own_fault(ledger)], key=lambda e: e["number"]))
    ran.sort(key=lambda e: (e["finished_at"], e["number"]))
    baseline = [e["score"] for e in ran if e["purpose"] == "baseline" and e["score"] is not None]
    page.drop("Gains of the best score so far against the mean of the baseline\\. .*|random_search is the mean over .*")
    page.drop("The optimiser is replayed for the first .*")
    page.drop("after experiments \\| as run \\| random search \\| optimiser|Nothing to compare: .*")
    if len(ran) < 8 or not baseline:
        return
    zero = fmean(baseline)
    gains = [0.0 if e["score"] is None else sign * (zero - e["score"]) for e in ran]
    replayed = _replays(ran, sign, zero)
    for after in sorted({max(1, len(ran) * step // 4) for step in range(1, 5)} | ({len(replayed)} if replayed else set())):
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
    stride = max(1.0, len(ran) / SAMPLED)
    sample = [ran[int(place * stride)] for place in range(min(SAMPLED, len(ran)))]
    courses = [_replay(sample, values, sign, seed) for seed in range(3)]
    return [
        fmean(0.0 if best is None else max(0.0, sign * (zero - best)) for best in after) for after in zip(*courses, strict=True)
    ]


def _replay(ran: Sequence[Row], values: Mapping[str, Sequence[Any]], sign: int, seed: int) -> list[float | None]:
    space = _SearchSpace(values)
    table = [(space.params(e["knobs"]), e["score"]) for e in ran]
    study, best, course = _study(sign, seed), None, list[float | None]()
    for _ in range(min(REPLAYED, len(table))):
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
        return (min(values), max(values)) if len(values) == 2 and all(map(is_number, values)) else None

    def _is_log(self, name: str) -> bool:
        low, high = self._ends(name) or (0, 0)
        return low > 0 and high / low >= 10

    @override
    def params(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: knobs[name] if self._ends(name) else list(values).index(knobs[name]) for name, values in self.values.items()
        }

    @override
    def distributions(self) -> dict[str, Any]:
        told = super().distributions()
        for name in self.values:
            if ends := self._ends(name):
                kind: Any = optuna.distributions.FloatDistribution
                if all(isinstance(end, int) for end in ends):
                    kind = optuna.distributions.IntDistribution
                told[name] = kind(*ends, log=self._is_log(name))
        return told

    @override
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
