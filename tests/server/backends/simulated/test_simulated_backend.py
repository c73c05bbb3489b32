"""GPUs that aren't there: their runs, and the landscape that they are on."""

# ruff: noqa: ANN401

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from labhand.server.backends.base import Backend, StartRequest
from labhand.server.backends.simulated.landscape import Landscape
from labhand.server.backends.simulated.simulated_backend import SimulatedBackend
from labhand.server.pool_settings import SimulatedPool
from labhand.server.testing import sample_runs
from labhand.server.testing.conformance import BackendConformance
from typing_extensions import override

SPEC = StartRequest(
    "e0001-1", Path("nowhere"), seed=7, budget_seconds=300.0, commit="c0ffee", knobs={"DEPTH": 8, "NAME": "plain"}
)


def pool(**settings: Any) -> SimulatedPool:
    return SimulatedPool.model_validate({"backend": "simulated", "count": 2} | settings)


async def run(spec: StartRequest = SPEC, **settings: Any) -> Any:
    """The result of one run."""
    backend = SimulatedBackend("h200", pool(**settings))
    return (await sample_runs.look(backend, sample_runs.sample_run(spec.id, await backend.start(spec)))).result


class TestSimulated(BackendConformance):
    @override
    def backend(self, place: Path) -> Backend:
        return SimulatedBackend("h200", pool())


@pytest.mark.anyio
async def test_a_run_held_its_gpu_for_the_budget_start_up_and_evaluation() -> None:
    seconds = (await run()).seconds
    assert seconds["training"] == 300.0
    assert seconds["held"] == seconds["startup"] + 300.0 + seconds["evaluation"] > 300.0


@pytest.mark.anyio
async def test_the_same_run_scores_the_same_and_another_seed_or_source_does_not() -> None:
    once, other_seed, other_code = await run(), await run(replace(SPEC, seed=8)), await run(replace(SPEC, commit="decaf"))
    assert await run() == once
    assert len({once.score, other_seed.score, other_code.score}) == 3


@pytest.mark.anyio
async def test_a_metric_that_is_maximized_has_the_landscape_turned_over() -> None:
    upside_down = SimulatedBackend("h200", pool(), "maximize")
    told = (await upside_down.start(SPEC))["result"]
    assert told["score"] == -(await run()).score


@pytest.mark.anyio
async def test_as_many_runs_crash_as_the_person_wants() -> None:
    results = [await run(replace(SPEC, seed=seed), failures=0.25) for seed in range(400)]
    failed = [result for result in results if result.status == "failed"]
    assert len(failed) == pytest.approx(100, abs=35)
    assert {result.failure.kind for result in failed} == {"crashed"}
    assert {result.score for result in failed} == {None}


def scores(landscape: Landscape, count: int = 400, **knobs: Any) -> list[float]:
    found = [landscape.score(knobs, seed, "c0ffee") for seed in range(count)]
    return [score for score in found if score is not None]


def test_scores_lie_around_the_truth_as_far_as_the_noise_says() -> None:
    landscape = Landscape(pool(noise=0.01))
    drawn = scores(landscape, DEPTH=8)
    assert fmean(drawn) == pytest.approx(landscape.truth({"DEPTH": 8}), abs=4 * 0.01 / 20)
    assert stdev(drawn) == pytest.approx(0.01, rel=0.15)


def test_a_share_of_the_configurations_is_noisier() -> None:
    landscape = Landscape(pool(noise=0.01, noisier=0.2))
    noises = [landscape.noise({"DEPTH": depth}) for depth in range(500)]
    assert set(noises) == {0.01, 0.03}
    assert noises.count(0.03) == pytest.approx(100, abs=40)


def test_every_knob_has_a_best_value_within_two_octaves_of_any() -> None:
    landscape = Landscape(pool())
    for start in (0.003, 1.0, 40.0):
        near = [landscape.truth({"LR": start * 2 ** (step / 16)}) for step in range(-32, 33)]
        assert min(near) == pytest.approx(1.0, abs=1e-3)


def test_nothing_matters_where_effects_are_nothing() -> None:
    landscape = Landscape(pool(effect=0.0))
    assert {landscape.truth({"LR": 2.0**step, "NAME": f"{step}"}) for step in range(9)} == {1.0}


def test_what_is_best_in_short_runs_is_not_best_in_long_ones_where_curves_cross() -> None:
    values: list[float] = [2.0 ** (step / 16) for step in range(64)]

    def best(budget: float, crossing: float) -> float:
        landscape = Landscape(pool(crossing=crossing))
        truths = {value: landscape.truth({"LR": value}, budget) for value in values}
        return min(values, key=truths.__getitem__)

    assert best(300, 0.0) == best(1200, 0.0)
    assert best(300, 0.5) != best(1200, 0.5)


def test_an_offset_is_the_kinds_own() -> None:
    here, there = Landscape(pool(offset=0.0)), Landscape(pool(offset=0.5, gpu="H100"))
    assert there.truth({"LR": 0.1}) - here.truth({"LR": 0.1}) == pytest.approx(0.5)
