"""While a setting is busy the baseline runs once more now and then, so that a drift shows."""

from __future__ import annotations

import pytest
from labhand.server.dispatcher.follow_ups import FollowUps
from labhand.server.dispatcher.settler import Settler
from labhand.server.domain import Experiment
from labhand.server.lab.analysis import analyze
from labhand.server.lab.lab import Lab
from labhand.server.seeds import SeedStream
from labhand.server.settings import Allowance

from .. import support
from ..test_settler import queue_trees, settle

pytestmark = pytest.mark.anyio

EVERY = 5


async def baselines(lab: Lab) -> list[Experiment]:
    rows = await lab.db.rows("SELECT number FROM experiments WHERE purpose = 'baseline' ORDER BY number")
    return [await support.experiment(lab, row["number"]) for row in rows]


async def play(lab: Lab, ideas: int, *, every: int = EVERY, allowance: Allowance | None = None) -> None:
    """Let the baseline end, then ideas one by one, and whatever the lab adds as soon as it is queued."""
    settler = Settler(lab.trainer.metric, FollowUps(lab.sources, allowance or Allowance(), every))
    [first] = await queue_trees(lab, "", purpose="baseline")
    numbers = [number for place in range(ideas) for number in await support.queue_source(lab, f"# {place}\n")]
    await settle(lab, settler, {first: 2.0})
    for place, number in enumerate(numbers):
        await settle(lab, settler, {number: 2.0 + 0.01 * (place % 3)})
        for added in await baselines(lab):
            if added.finished_at is None:
                await settle(lab, settler, {added.number: 2.0 + 0.01 * place})


async def test_the_baseline_runs_again_on_its_next_seed_after_so_many_experiments_while_more_are_to_come(lab: Lab) -> None:
    await play(lab, 4 * EVERY)
    [first, *added] = await baselines(lab)
    assert len(added) == 3  # after the last ones nothing is to come, that a drift could spoil
    assert [one.replicate for one in added] == [1, 2, 3]
    assert [one.seed for one in added] == [
        SeedStream.of_replicates(lab.identity, first.setting).seed(replicate) for replicate in (1, 2, 3)
    ]
    assert {(one.tree, one.launched_by, one.priority) for one in added} == {(first.tree, "labhand", 2)}


async def test_a_drift_that_it_shows_is_told_and_so_is_what_it_cost(lab: Lab) -> None:
    await play(lab, 8 * EVERY)
    async with lab.db.transaction() as tx:  # as if each experiment took ten minutes
        await tx.execute("UPDATE experiments SET finished_at = finished_at + 600 * finished_seq")
    told = await analyze.analyze(lab, "noise")
    assert told.noise is not None
    assert (told.noise.drift_p or 1) < 0.01
    assert any(line.startswith("The baseline's scores drift: +0.34 in 7 h, 8 runs (p ") for line in told.tells)
    assert (
        "The baseline ran 8 times, to measure the noise and to detect drift: 17 % of the GPU time of the scored experiments."
        in told.tells
    )


async def test_it_can_be_switched_off(lab: Lab) -> None:
    await play(lab, 4 * EVERY, every=0)
    assert len(await baselines(lab)) == 1


async def test_it_keeps_within_the_allowance(lab: Lab) -> None:
    await play(lab, 4 * EVERY, allowance=Allowance(experiments=4 * EVERY + 2))
    assert len(await baselines(lab)) == 2
