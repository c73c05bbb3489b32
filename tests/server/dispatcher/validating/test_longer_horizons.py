"""Longer horizons of a trainer whose longer runs may go on from shorter ones: their seeds, and from which run each goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from labhand.server.domain import Experiment
from labhand.server.store.comparison import validation_pairs
from labhand.server.store.running import queue, runs
from labhand.server.store.running.runs import Attempt

from ...lab import writing
from ..scripted import Script, by_x, script

pytestmark = pytest.mark.anyio

EXTENDS = '[checkpoint]\npath = "out"\nextends = true\n'
TEST, TWICE, FOUR_TIMES, REPORT = range(4)


async def validate(lab: Script, **asked: object) -> None:
    launched = await writing.launch(lab.lab, overrides={"X": 2.0})
    await lab.play()
    await lab.validate(launched.experiments[0], horizons=[2, 4], **asked)


async def seeds(lab: Script, stage: int) -> list[int]:
    return [pair.seed for pair in await validation_pairs.of_stage(lab.lab.db, 1, stage)]


async def arms(lab: Script, stage: int) -> list[int]:
    pairs = await validation_pairs.of_stage(lab.lab.db, 1, stage)
    return [arm.number for pair in pairs for arm in (pair.candidate, pair.against)]


async def taken(lab: Script) -> list[Attempt]:
    """Give runs to all that waits, and leave them running."""
    async with lab.lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 1000, time.time())
    return await runs.active(lab.lab.db)


async def test_longer_horizons_have_the_seeds_of_the_test_and_the_report_has_others(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        await lab.play()
        assert (await lab.row("v001")).promoted
        tested = await seeds(lab, TEST)
        assert len(set(tested)) == 8
        assert await seeds(lab, TWICE) == await seeds(lab, FOUR_TIMES) == tested[:4]
        assert not {*await seeds(lab, REPORT)} & {*tested}


@pytest.mark.parametrize("toml", ["", '[checkpoint]\npath = "out"\n'])
async def test_without_the_key_every_stage_has_seeds_of_its_own(tmp_path: Path, toml: str) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=toml) as lab:
        await validate(lab)
        await lab.play()
        assert (await lab.row("v001")).promoted
        every = [seed for stage in (TEST, TWICE, FOUR_TIMES, REPORT) for seed in await seeds(lab, stage)]
        assert len({*every}) == len(every) == 8 + 4 + 4 + 8
        numbers = {*await arms(lab, TEST), *await arms(lab, TWICE), *await arms(lab, FOUR_TIMES)}
        assert {run.seed for run in await writing.experiments(lab.lab) if run.number in numbers} == {*every[:16]}


def failing_twice(experiment: Experiment, knobs: Mapping[str, object]) -> float | None:
    """The champion fails on one seed of the test, and on another one at twice the budget."""
    fails_at = {5.0: 2, 10.0: 1}.get(experiment.budget_seconds)
    if experiment.purpose == "validation" and knobs["X"] == 1.0 and experiment.replicate == fails_at:
        return None
    return by_x(experiment, knobs)


@pytest.mark.parametrize(("pairs", "fresh"), [(8, 0), (4, 1)])
async def test_a_pair_that_is_void_is_replaced_by_the_next_seed_of_the_test_or_by_a_fresh_one(
    tmp_path: Path, pairs: int, fresh: int
) -> None:
    async with script(tmp_path, failing_twice, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab, replicates=pairs)
        await lab.play()
        assert (await lab.row("v001")).promoted
        tested, twice, four_times = [await seeds(lab, stage) for stage in (TEST, TWICE, FOUR_TIMES)]
        scored = [*tested[:2], *tested[3:]]  # the third is void
        assert twice[:4] == scored[:4]
        assert len(twice) == 5
        assert (twice[4] not in tested) == bool(fresh)
        assert fresh or twice[4] == scored[4]
        assert four_times == [twice[0], *twice[2:]]


async def test_a_run_goes_on_from_the_longest_shorter_run_of_its_source_and_seed(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=EXTENDS) as lab:
        await validate(lab)
        assert {attempt.shorter for attempt in await taken(lab)} == {None}
        for stage in (TEST, TWICE):
            await lab.step()
            waiting = {attempt.run.experiment: attempt.shorter for attempt in await taken(lab)}
            following = await arms(lab, stage + 1)
            assert waiting == dict(zip(following, [f"e{number:04d}-1" for number in await arms(lab, stage)], strict=False))
            async with lab.lab.db.transaction() as tx:
                await runs.save_handles(tx, {f"e{following[0]:04d}-1": {"started": True}})
            assert [attempt.shorter for attempt in await runs.active(lab.lab.db) if attempt.run.handle] == [None]
        await lab.step()
        assert {attempt.shorter for attempt in await taken(lab)} == {None}  # the pairs for the report begin anew
