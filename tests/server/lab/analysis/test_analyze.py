"""Analyses of a campaign whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.lab import Lab

from ..campaign import bowl, run_all
from ..writing import launch, launch_grid, opened

pytestmark = pytest.mark.anyio
DOUBLE = {"file": "train.py", "find": "return WEIGHTS[0]", "replace": "return 2 * WEIGHTS[0]"}


def linear(knobs: Mapping[str, Any]) -> float:
    """X = 2 gains 1, Y = -1 gains 0.5, both together 0.25 more; NAME does nothing."""
    x, y = int(knobs["X"] == 2), int(knobs["Y"] == -1)
    return 10.0 - 1.0 * x - 0.5 * y - 0.25 * (x and y)


async def factorial(lab: Lab) -> None:
    await launch_grid(lab, factors={"X": [1, 2], "Y": [0, -1], "NAME": ["plain", "other"]}, replicates=3)
    await run_all(lab, linear, noise=0.05)


async def test_effects_and_interactions_are_those_of_the_landscape(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await factorial(lab)
        told = await analyze(lab, "effects", ["g001"])
    main = {effect.term: effect for effect in told.main}
    assert main["X 1.0→2.0"].gain == pytest.approx(1.125, abs=0.06)  # averaged over Y
    assert main["Y 0.0→-1.0"].gain == pytest.approx(0.625, abs=0.06)
    nothing = main["NAME plain→other"].interval
    assert nothing[0] < 0 < nothing[1]
    (together, *rest) = told.interactions
    assert together.term == "X 1.0→2.0 * Y 0.0→-1.0"
    assert together.gain == pytest.approx(0.25, abs=0.12)
    assert len(rest) == 2
    assert told.experiments == 24
    assert told.left_out == []


async def test_changed_code_is_a_factor(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        variants: list[dict[str, Any]] = [{"name": "plain"}, {"name": "double", "edits": [DOUBLE]}]
        await launch_grid(lab, factors={"X": [1, 2]}, variants=variants, replicates=2)
        await run_all(lab, linear)
        told = await analyze(lab, "effects", ["g001"])
    assert {effect.term for effect in told.main} == {"X 1.0→2.0", "code baseline→double (e0005)"}


async def test_a_knob_with_many_values_is_split_at_its_median_and_a_lone_code_left_out(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [x / 10 for x in range(20)], "Y": [0, -1]})
        await launch(lab, edits=[DOUBLE])
        await run_all(lab, bowl)
        told = await analyze(lab, "effects")
    assert [effect.term for effect in told.main if effect.term.startswith("X")] == ["X ≤0.95→>0.95"] or [
        effect.term for effect in told.main if effect.term.startswith("X")
    ] == ["X >0.95→≤0.95"]
    assert any("Split at the median" in line and "X" in line for line in told.tells)
    assert "1 on a code that ran only once: get_results has its gain" in told.left_out


async def test_strata_are_never_mixed_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [1, 2, 3]})
        await run_all(lab, linear)
        await launch_grid(lab, factors={"X": [1, 2, 3, 4, 5], "Y": [0, -1]}, budget_seconds=10)
        await run_all(lab, lambda knobs: None if knobs["X"] == 5 else linear(knobs) + 3, budget=10.0)
        await launch_grid(lab, factors={"X": [7]})
        told = await analyze(lab, "noise")
    assert told.stratum is not None
    assert told.stratum.id == "s2"
    assert told.experiments == 11
    assert set(told.left_out) == {
        "6 in another stratum, s1, whose scores don't compare",
        "2 failed (out_of_memory)",
        "1 not finished",
    }


async def test_noise_is_told_with_what_it_takes_to_see_beside_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await factorial(lab)
        told = await analyze(lab, "noise")
    assert told.noise is not None
    assert told.noise.sd == pytest.approx(0.05, rel=0.5)
    one, four = told.noise.shown_by_one_seed, told.noise.shown_by_four_seeds
    assert isinstance(one, float)
    assert isinstance(four, float)
    assert 0.05 < four < one < 0.3
    assert "16 seeds" in told.tells[0]


async def test_importance_takes_twenty_and_finds_the_knob_that_matters(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(
            lab, factors={"X": [0, 1, 2, 3, 4], "NAME": ["a", "b", "c"], "STEPS": [1, 2]}, design="random", size=12
        )
        await run_all(lab)
        assert "Too few" in (await analyze(lab, "importance")).tells[0]
        await launch_grid(lab, factors={"X": [0, 1, 2, 3, 4], "NAME": ["a", "b", "c"], "STEPS": [1, 2]})
        await run_all(lab)
        told = await analyze(lab, "importance")
    assert next(iter(told.importance)) == "X"
    assert told.importance["X"] > 0.7


async def test_the_front_has_what_nothing_beats_in_score_and_cost(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [0, 1, 2, 3, 4]})
        await run_all(lab, noise=0.01)
        told = await analyze(lab, "pareto")
    # Memory grows with X, and the score is best at 3: of X = 4 nothing is better.
    memory = [point.value for point in told.pareto["peak_memory_gib"]]
    assert len(memory) == 4
    assert memory == sorted(memory, reverse=True)
    assert "lines_of_code" not in told.pareto  # it is the same for all


async def test_horizons_tell_a_rank_correlation_where_enough_ran_at_both(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [x / 3 for x in range(10)]})
        await run_all(lab, noise=0.01)
        assert "one budget" in (await analyze(lab, "horizons")).tells[0]
        await launch_grid(lab, factors={"X": [x / 3 for x in range(10)]}, budget_seconds=10)
        await run_all(lab, noise=0.01, budget=10.0)
        (told,) = (await analyze(lab, "horizons")).horizons
    assert told.budgets == [5.0, 10.0]
    assert told.tau == pytest.approx(1.0)


async def test_efficiency_is_that_of_the_ledger(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [1, 2, 3, 4, 5]})
        numbers = await run_all(lab, lambda knobs: None if knobs["X"] == 5 else bowl(knobs))
        told = await analyze(lab, "efficiency")
    assert len(numbers) == 7
    assert told.efficiency is not None
    assert told.efficiency.useful_share == pytest.approx(7 * 5 / (8 * 9), rel=0.01)
    assert told.efficiency.gpu_hours == pytest.approx(8 * 9 / 3600, rel=0.01)
    assert told.efficiency.speed_up == pytest.approx((7 * 8 + 3) / 39, rel=0.01)


async def test_what_a_shorter_run_has_trained_is_useful_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [1, 2, 3]})
        await run_all(lab)
        async with lab.db.transaction() as tx:
            seconds = '{"startup": 2.0, "training": 6.0, "evaluation": 1.0, "held": 9.0, "extended_wall": 4.0}'
            await tx.execute("UPDATE experiments SET result = json_set(result, '$.seconds', json(?))", (seconds,))
        told = await analyze(lab, "efficiency")
    assert told.efficiency is not None
    assert told.efficiency.useful_share == pytest.approx((6 - 4) / 9, abs=0.001)


async def test_efficiency_is_in_wall_seconds_where_a_budget_counts_cpu_seconds(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [1, 2, 3]})
        await run_all(lab)
        await launch(lab, overrides={"X": 7})
        async with lab.db.transaction() as tx:  # the processor was shared: 1.5 s of CPU in 6 s
            seconds = '{"startup": 2.0, "training": 1.5, "training_wall": 6.0, "evaluation": 1.0, "held": 9.0}'
            await tx.execute(
                "UPDATE experiments SET result = json_set(result, '$.seconds', json(?)) WHERE score > -1", (seconds,)
            )
        told = await analyze(lab, "efficiency")
    assert told.efficiency is not None
    assert told.efficiency.scheduling == pytest.approx(6 / (9 - 3))
    assert told.efficiency.useful_share == pytest.approx(6 / 9, abs=0.001)
    assert told.experiments == 6, "what isn't finished doesn't count"
    assert told.left_out == ["1 not finished, or never started"]


async def test_a_rehearsal_has_no_speed_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [1, 2, 3]})
        await run_all(lab)
        async with lab.db.transaction() as tx:  # simulated: each says that it took 300 s, and was over at once
            await tx.execute(
                "UPDATE experiments SET result = json_set(result, '$.seconds.held', 300), finished_at = started_at"
            )
        told = await analyze(lab, "efficiency")
    assert told.efficiency is not None
    assert (told.efficiency.speed_up, told.efficiency.wall_hours) == (None, None)
    assert any("rehearsed" in line for line in told.tells)


async def test_the_yardstick_compares_at_equal_numbers_of_experiments(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [0, 1.5, 2, 3, 4, 5], "Y": [-2, -1, 0, 1]}, design="random", size=16)
        await run_all(lab, lambda knobs: None if knobs["X"] == 5 else bowl(knobs))
        told = await analyze(lab, "yardstick")
    assert [step.experiments for step in told.yardstick] == [5, 10, 15, 20]
    last = told.yardstick[-1]
    assert last.as_run == last.random_search == last.optimiser
    assert all(step.optimiser is not None for step in told.yardstick)
    means = [step.random_search for step in told.yardstick]
    assert means == sorted(means)


async def test_the_summary_is_short_and_says_what_more_there_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await factorial(lab)
        told = await analyze(lab)
    assert len(told.model_dump_json()) < 3000
    assert told.main[0].term == "X 1.0→2.0"
    assert [effect.term for effect in told.interactions] == ["X 1.0→2.0 * Y 0.0→-1.0"]
    assert "yardstick" in told.tells[-1]


async def test_what_is_not_scored_or_not_there_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        with pytest.raises(BadInputError, match="No experiment has a score yet"):
            await analyze(lab)
        await launch(lab)
        with pytest.raises(BadInputError, match="None of the experiments e0001 has a score yet"):
            await analyze(lab, "effects", ["e0001"])
        with pytest.raises(NotFoundError, match="e0099"):
            await analyze(lab, "effects", ["e0099"])
