"""Speed is not effect: a run that got less of the machine is told as such, from its result to its row."""

from __future__ import annotations

import math

import pytest
from labhand.server.dispatcher.follow_ups import FollowUps
from labhand.server.dispatcher.settler import Settler
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.lab import Lab
from labhand.server.lab.manage.database_audit import audit
from labhand.server.lab.monitor.alerts import scan
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.results import ResultsQuery, Row
from labhand.server.settings import Allowance

from .. import support
from ..test_settler import queue_trees, settle

pytestmark = pytest.mark.anyio

USUAL, SLOWED, SLOPE = 275, 205, 0.13


async def settle_at(lab: Lab, settler: Settler, scores: dict[int, float], steps: int) -> None:
    """Let experiments end with these scores, each after so many steps."""
    await settle(lab, settler, scores, measures={"steps": steps})


async def uneven(lab: Lab, usual: tuple[float, float, float] = (2.0, 2.006, 1.995)) -> tuple[int, int]:
    """A baseline with one slowed replicate, a slowed idea and an equal one; gives the two ideas' numbers."""
    settler = Settler(lab.trainer.metric)
    lost = SLOPE * math.log(USUAL / SLOWED)
    replicates = await queue_trees(lab, *[""] * 4, purpose="baseline")
    await settle_at(lab, settler, dict(zip(replicates[:3], usual, strict=True)), USUAL)
    await settle_at(lab, settler, {replicates[3]: 2.0 + lost}, SLOWED)
    [slowed] = await support.queue_source(lab, "# slowed\n")
    [equal] = await support.queue_source(lab, "# equal\n")
    await move_to_the_past(lab)
    await settle_at(lab, settler, {slowed: 2.001 + lost}, SLOWED)
    await settle_at(lab, settler, {equal: 1.965}, USUAL)
    return slowed, equal


async def test_candidates_and_reference_are_paired_in_time_while_runs_are_slowed(lab: Lab) -> None:
    settler = Settler(lab.trainer.metric, FollowUps(lab.sources, Allowance()))
    lost = SLOPE * math.log(USUAL / SLOWED)
    replicates = await queue_trees(lab, *[""] * 4, purpose="baseline")
    await settle_at(lab, settler, {replicates[3]: 2.0 + lost}, SLOWED)
    await settle_at(lab, settler, dict(zip(replicates[:3], (2.0, 2.006, 1.995), strict=True)), USUAL)
    ideas = [number for place in range(9) for number in await support.queue_source(lab, f"# {place}\n")]
    await move_to_the_past(lab)
    for number in ideas[:4]:
        await settle_at(lab, settler, {number: 2.0 + number / 1e4}, USUAL)
    assert await count_of_baseline(lab) == 4
    await settle_at(lab, settler, {ideas[4]: 2.0 + lost}, SLOWED)
    assert await count_of_baseline(lab) == 5, "one more, beside the ideas that are still queued"


async def count_of_baseline(lab: Lab) -> int:
    [row] = await lab.db.rows("SELECT count(*) FROM experiments WHERE purpose = 'baseline'")
    return int(row[0])


async def move_to_the_past(lab: Lab) -> None:
    """Let what is scored have run long ago, rather than beside what runs next."""
    async with lab.db.transaction() as tx:
        await tx.execute(
            "UPDATE experiments SET started_at = launched_at - 900, finished_at = launched_at - 600 WHERE score > 0"
        )


async def rows_of(lab: Lab) -> dict[str, Row]:
    return {row.id: row for row in (await get_results(lab, ResultsQuery(limit=50, detail="detailed"))).rows}


async def test_steps_stand_in_rows_and_a_slowed_run_is_flagged_and_not_worse(lab: Lab) -> None:
    slowed, equal = await uneven(lab)
    rows = await rows_of(lab)
    assert {rows[f"e{number:04}"].steps for number in (4, slowed)} == {SLOWED}
    assert {rows[f"e{number:04}"].steps for number in (1, 2, 3, equal)} == {USUAL}
    assert rows["e0004"].flags == ["contended"]
    row = rows[f"e{slowed:04}"]
    assert (row.verdict, row.flags) == ("inconclusive", ["slow"])
    assert (row.reason or "").startswith("slow: it made 205 steps where the reference makes 275")
    assert rows[f"e{equal:04}"].verdict == "promising"


async def test_steps_are_not_shown_where_all_runs_make_about_as_many(lab: Lab) -> None:
    settler = Settler(lab.trainer.metric)
    for number, steps in zip(await queue_trees(lab, *[""] * 3, purpose="baseline"), (275, 272, 277), strict=True):
        await settle_at(lab, settler, {number: 2.0 + number / 1000}, steps)
    assert {row.steps for row in (await rows_of(lab)).values()} == {None}


async def test_the_noise_says_what_steps_explain_and_an_audit_agrees(lab: Lab) -> None:
    await uneven(lab, (2.0, 2.002, 1.999))
    analysis = await analyze(lab, "noise")
    assert analysis.noise is not None
    assert 0.9 < (analysis.noise.explained_by_steps or 0.0) <= 1
    # With the slowed replicate as it is, it would be 0.019.
    assert analysis.noise.sd < 0.008
    assert any("a slower change has to pay for that" in line for line in analysis.tells)
    assert [line for line in (await audit(lab.root)).differences if "verdict" in line or "noise" in line] == []


async def test_drift_uses_every_run_of_the_baseline_those_of_validations_included_and_shows_in_attention(lab: Lab) -> None:
    settler = Settler(lab.trainer.metric)
    first = await queue_trees(lab, *[""] * 4, purpose="baseline")
    await settle(lab, settler, {number: 2.0 + number / 1e4 for number in first})
    assert not [alert for alert in await scan(lab) if alert.key.startswith("drift")]
    later = await queue_trees(lab, *[""] * 6, purpose="validation")
    await settle(lab, settler, {number: 2.0 + 0.01 * number for number in later})
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET finished_at = launched_at + 3600 * number")
    analysis = await analyze(lab, "noise")
    assert analysis.noise is not None
    assert analysis.noise.drift_runs == 10
    [alert] = [alert for alert in await scan(lab) if alert.key.startswith("drift")]
    assert alert.line.startswith("the baseline's scores drift: +0.")
    assert " in 9 h, 10 runs (p " in alert.line
    assert (await support.experiment(lab, later[0])).purpose == "validation"
