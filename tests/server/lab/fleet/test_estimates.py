"""What a launch costs and when it will be done: all figures in one currency."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.domain import Status
from labhand.server.lab.fleet.estimates import estimate, estimate_stages
from labhand.server.lab.fleet.launch_stratum import LaunchStratum
from labhand.server.lab.lab import Lab
from labhand.server.store.experiments.workload import QueueAhead

from ...dispatcher.scripted import by_x, script
from ..writing import end, launch, launch_grid, opened

pytestmark = pytest.mark.anyio


def slots(count: int) -> LaunchStratum:
    return LaunchStratum("lab", "parabola-0/cpu/5s", "cpu", "cpu", 5.0, count, 0.0)


async def test_a_launch_with_high_priority_starts_before_what_waits_with_a_lower_one(tmp_path: Path) -> None:
    async with opened(tmp_path, slots=2) as lab:
        await launch_grid(lab, factors={"X": [5 + place / 10 for place in range(60)]})
        await start(lab, 2, gone_seconds=4.0)
        normal = await launch(lab, overrides={"X": 21.0}, dry_run=True)
        high = await launch(lab, overrides={"X": 21.0}, dry_run=True, priority="high")
        low = await launch(lab, overrides={"X": 21.0}, dry_run=True, priority="low")
    # Two run, each 6.5 s by estimate, of which 4 s are gone; two of the baseline have high priority, too.
    assert high.estimate.starts_in_seconds == pytest.approx(2.5 + 6.5, abs=0.5)
    assert normal.estimate.starts_in_seconds == pytest.approx(2.5 + 31 * 6.5, abs=0.5)
    assert low.estimate.starts_in_seconds == pytest.approx(normal.estimate.starts_in_seconds, abs=1.0)


async def start(lab: Lab, count: int, *, gone_seconds: float) -> None:
    """Let the first experiments of the queue run for so many seconds."""
    async with lab.db.transaction() as tx:
        await tx.execute(
            "UPDATE experiments SET status = 'running', started_at = ? WHERE number IN"
            " (SELECT number FROM experiments WHERE status = 'queued' ORDER BY priority DESC, number LIMIT ?)",
            (time.time() - gone_seconds, count),
        )


async def test_a_shorter_run_is_never_priced_above_a_longer_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2.0}, budget_seconds=20)
        await end(lab, "e0001", Status.SUCCEEDED, gpu_seconds=20.5)
        each: list[float] = []
        for budget in (1, 5, 19, 20, 40):
            told = await launch(lab, overrides={"X": 3.0}, budget_seconds=budget, dry_run=True)
            each.append(told.estimate.gpu_seconds / (1 if budget == 20 else 5))
    assert each == pytest.approx([1.5, 5.5, 19.5, 20.5, 40.5])


async def test_what_went_on_from_a_shorter_run_says_nothing_of_what_a_whole_run_takes(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2.0}, budget_seconds=20)
        await end(lab, "e0001", Status.SUCCEEDED, gpu_seconds=20.5)
        for budget in (20, 40):
            longer = await launch(lab, overrides={"X": 4.0}, budget_seconds=budget)
            await end(lab, longer.experiments[0], Status.SUCCEEDED, gpu_seconds=3.0)
            async with lab.db.transaction() as tx:
                await tx.execute(
                    "UPDATE experiments SET purpose = 'validation', result = ? WHERE number = ?",
                    ('{"seconds": {"extended": 18.0}}', int(longer.experiments[0][1:])),
                )
        told = [await launch(lab, overrides={"X": 3.0}, budget_seconds=budget, dry_run=True) for budget in (20, 40)]
    assert [launched.estimate.gpu_seconds for launched in told] == pytest.approx([20.5, 40.5])


async def test_a_validation_takes_as_long_as_all_its_stages_in_turn(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True) as lab:
        launched = await launch(lab.lab, overrides={"X": 1.5})
        await lab.play()
        told = await lab.validate(launched.experiments[0], replicates=6, horizons=[1, 3], dry_run=True)
        slot_count = sum(pool.slots for pool in await lab.lab.pools())
    in_turn = sum(cost.gpu_seconds / slot_count for cost in told.tests[0].costs)
    assert told.estimate.done_in_seconds == pytest.approx(in_turn, rel=0.15)


@pytest.mark.parametrize(("extends", "horizons", "is_told"), [("true", [2], True), ("true", [1], False), ("false", [2], False)])
async def test_a_price_of_whole_runs_at_longer_horizons_is_told_where_they_go_on_from_shorter_ones(
    tmp_path: Path,
    extends: str,
    horizons: list[int],
    is_told: bool,  # noqa: FBT001
) -> None:
    toml = f'[checkpoint]\npath = "out"\nextends = {extends}\n'
    async with script(tmp_path, by_x, is_stretched=True, trainer_toml=toml) as lab:
        launched = await launch(lab.lab, overrides={"X": 2.5})
        await lab.play()
        told = await lab.validate(launched.experiments[0], horizons=horizons, dry_run=True)
    assert ("the longer horizons are priced as whole runs" in (told.note or "")) == is_told


async def test_a_dry_run_that_adds_four_runs_of_the_baseline_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        one = await launch(lab, overrides={"X": 2.0}, dry_run=True)
        grid = await launch_grid(lab, factors={"X": [5.0, 6.0, 7.0]}, dry_run=True)
        assert one.note == "4 of the 5 experiments are replicates of the baseline, which every verdict needs"
        assert grid.note == "4 of the 7 experiments are replicates of the baseline, which every verdict needs"
        await launch(lab, overrides={"X": 2.0})
        assert (await launch(lab, overrides={"X": 3.0}, dry_run=True)).note == ""


def test_experiments_start_on_the_slot_that_is_free_first() -> None:
    ahead = QueueAhead([10.0, 1.0], queued=2, queued_seconds=8.0)
    told = estimate(slots(2), 3.0, 2, ahead)
    # The second slot is free after 1, 5 and 9 s; then both slots take one each.
    assert (told.starts_in_seconds, told.done_in_seconds) == (9.0, 13.0)
    assert estimate(slots(3), 3.0, 1, QueueAhead([10.0, 1.0])).starts_in_seconds == 0.0


def test_a_stage_begins_when_the_one_before_has_ended() -> None:
    told = estimate_stages(slots(2), [(3, 2.0), (1, 5.0)], QueueAhead())
    assert (told.gpu_seconds, told.done_in_seconds) == (11.0, 9.0)
