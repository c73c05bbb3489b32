from __future__ import annotations

from importlib import import_module
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from labhand.server.research.designs import plan
from labhand.server.research.effects import Effects, Point, attribution, effects, pareto_front
from labhand.server.research.noise import Noise


def ols(formula: str, **data: Any) -> Any:  # noqa: ANN401  statsmodels is untyped
    """A fit by statsmodels."""
    frame = import_module("pandas").DataFrame(data)
    return import_module("statsmodels.formula.api").ols(formula, frame).fit()


def named(found: Effects, term: str) -> Any:  # noqa: ANN401
    return next(effect for effect in [*found.main, *found.interactions] if effect.term == term)


def points_of(depth: list[int], act: list[str], gain: list[float], block: list[int] | None = None) -> list[Point]:
    blocks: list[int] | list[None] = block if block is not None else [None] * len(gain)
    return [Point({"depth": d, "act": a}, g, b) for d, a, g, b in zip(depth, act, gain, blocks, strict=True)]


@pytest.fixture
def unbalanced() -> dict[str, list[Any]]:
    rng = np.random.default_rng(8)
    cells = [*product([4, 6, 8], ["relu", "gelu"]), (4, "relu"), (6, "relu"), (8, "gelu"), (8, "gelu"), (4, "gelu")]
    return {
        "depth": [depth for depth, _ in cells],
        "act": [act for _, act in cells],
        "gain": [0.1 * depth + (act == "gelu") * 0.05 * depth + 0.03 * float(rng.standard_normal()) for depth, act in cells],
        "block": [place % 2 for place in range(len(cells))],
    }


def test_main_effects_are_those_of_statsmodels_in_an_unbalanced_set_with_blocks(unbalanced: dict[str, list[Any]]) -> None:
    fit = ols("gain ~ C(depth) + C(act, Treatment('relu')) + C(block)", **unbalanced)
    found = effects(points_of(**unbalanced), {"depth": 4, "act": "relu"})
    for term, name in [("depth 4→8", "C(depth)[T.8]"), ("act 'relu'→'gelu'", "C(act, Treatment('relu'))[T.gelu]")]:
        effect = named(found, term)
        assert effect.gain == pytest.approx(fit.params[name])
        assert effect.interval == pytest.approx(tuple(fit.conf_int(0.05).loc[name]))
        assert effect.p == pytest.approx(fit.pvalues[name])


def test_interactions_are_those_of_statsmodels(unbalanced: dict[str, list[Any]]) -> None:
    fit = ols("gain ~ C(depth) * C(act, Treatment('relu'))", **unbalanced)
    found = effects(points_of(unbalanced["depth"], unbalanced["act"], unbalanced["gain"]), {"depth": 4, "act": "relu"})
    effect = named(found, "depth 4→8 * act 'relu'→'gelu'")
    name = "C(depth)[T.8]:C(act, Treatment('relu'))[T.gelu]"
    assert effect.gain == pytest.approx(fit.params[name])
    assert effect.interval == pytest.approx(tuple(fit.conf_int(0.05).loc[name]))
    assert found.unknown == []


def test_the_stratums_noise_makes_intervals_where_a_design_leaves_no_residuals() -> None:
    cells = plan("fractional", {name: [0, 1] for name in "ABC"}, size=4).cells
    points = [Point(cell, 3.0 * cell["A"] - cell["B"]) for cell in cells]
    alone = effects(points, dict.fromkeys("ABC", 0))
    assert named(alone, "A 0→1").interval is None
    known = named(effects(points, dict.fromkeys("ABC", 0), Noise(0.5, 1e9)), "A 0→1")
    assert known.gain == pytest.approx(3)
    assert known.interval == pytest.approx((3 - 1.96 * 0.5, 3 + 1.96 * 0.5), abs=1e-4)  # two runs against two


def test_what_a_fraction_mixes_up_is_told_as_unknown() -> None:
    cells = plan("fractional", {name: [0, 1] for name in "ABCD"}).cells
    found = effects([Point(cell, cell["A"] * cell["B"]) for cell in cells], dict.fromkeys("ABCD", 0), Noise(0.1, 9))
    assert len(found.main) == 4
    assert found.interactions == []
    assert len(found.unknown) == 6


def test_knobs_that_always_moved_together_are_unknown() -> None:
    points = [Point({"A": a, "B": a, "C": c}, a + 2 * c) for a, c in product([0, 1], [0, 1])]
    found = effects(points, {"A": 0, "B": 0, "C": 0})
    assert [effect.term for effect in found.main] == ["C 0→1"]
    assert {"A 0→1", "B 0→1"} <= set(found.unknown)


def test_a_knob_that_some_sources_lack_and_values_that_are_lists_are_levels_like_others() -> None:
    old, new = {"BETAS": [0.8, 0.95]}, {"BETAS": [0.9, 0.95]}
    found = effects([Point(old, 1.0), Point({**new, "NEW": 3}, 2.0), Point(new, 1.5)])
    assert named(found, "NEW None→3").gain == pytest.approx(0.5)


def test_nothing_that_varies_has_no_effects() -> None:
    assert effects([Point({"A": 1}, 0.5)] * 3) == Effects([], [], [])
    assert effects([]) == Effects([], [], [])


def test_code_and_knobs_share_a_gain_that_adds_up() -> None:
    code, knobs = attribution([1.0], [0.98], [0.99], [0.95], None, "minimize")
    assert (code.gain, knobs.gain) == pytest.approx((0.03, 0.02))
    assert code.interval is None


def test_the_interval_of_a_part_is_that_of_a_contrast_in_a_fit_by_statsmodels() -> None:
    rng = np.random.default_rng(3)
    arms = {name: (rng.normal(mean, 0.01, size=5)).tolist() for name, mean in zip("bcko", (1.0, 0.98, 0.99, 0.95), strict=True)}
    score = [value for values in arms.values() for value in values]
    source = [name for name in arms for _ in range(5)]
    fit = ols("score ~ 0 + source", score=score, source=source)
    told = fit.t_test([-0.5, 0.5, -0.5, 0.5])  # in the order b, c, k, o
    noise = Noise(float(np.sqrt(fit.mse_resid)), fit.df_resid)
    code, knobs = attribution(arms["b"], arms["c"], arms["k"], arms["o"], noise, "maximize")
    assert code.gain == pytest.approx(float(told.effect[0]))
    ends: list[float] = told.conf_int()[0].tolist()
    assert list(code.interval or ()) == pytest.approx(ends)
    p: float = told.pvalue.item()
    assert code.p == pytest.approx(p)
    assert code.gain + knobs.gain == pytest.approx(fmean(arms["o"]) - fmean(arms["b"]))


def test_the_pareto_front_is_what_no_row_beats() -> None:
    rows = [(1.0, 5.0), (2.0, 2.0), (3.0, 3.0), (0.5, 9.0), (2.0, 2.0), (2.0, 4.0)]
    front = pareto_front(rows)
    beaten = {
        place
        for place, row in enumerate(rows)
        for other in rows
        if other != row and all(one <= two for one, two in zip(other, row, strict=True))
    }
    assert set(front) == set(range(len(rows))) - beaten
    assert front[0] == 3
    assert pareto_front([]) == []
