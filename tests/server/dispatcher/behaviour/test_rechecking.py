"""Scores that are too good to be true, and sources whose seeds vary nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pytest
from labhand.server.dispatcher.follow_ups import FollowUps
from labhand.server.dispatcher.settler import Settler
from labhand.server.domain import Experiment, Status, Verdict
from labhand.server.lab.lab import Lab
from labhand.server.seeds import SeedStream
from labhand.server.settings import Allowance
from labhand.server.source import git
from labhand.server.store.database import Transaction
from typing_extensions import override

from .. import support
from ..test_settler import queue_trees, settle

pytestmark = pytest.mark.anyio

BASELINE = (2.00, 2.01, 1.99, 2.00)
IDEAS = (1.99, 2.02)
SETTING = "parabola-0/cpu/5s"


def settler(lab: Lab, allowance: Allowance | None = None) -> Settler:
    """As a dispatcher has it."""
    return Settler(lab.trainer.metric, FollowUps(lab.sources, allowance or Allowance()))


async def settled(lab: Lab, tree: str, *scores: float, by: Settler | None = None) -> list[Experiment]:
    """Queue an idea with this source in name, and let it end with these scores."""
    numbers = await queue_trees(lab, *[tree] * len(scores))
    await settle(lab, by or settler(lab), dict(zip(numbers, scores, strict=True)))
    return [await support.experiment(lab, number) for number in numbers]


async def known(lab: Lab) -> None:
    """Let the lab know its noise, and what to expect."""
    numbers = await queue_trees(lab, *[""] * len(BASELINE), purpose="baseline")
    await settle(lab, settler(lab), dict(zip(numbers, BASELINE, strict=True)))
    for number, score in enumerate(IDEAS):
        await settled(lab, f"idea {number}", score)


async def rechecks(lab: Lab) -> list[Experiment]:
    """What the lab runs again."""
    rows = await lab.db.rows("SELECT number FROM experiments WHERE purpose = 'recheck' ORDER BY number")
    return [await support.experiment(lab, row["number"]) for row in rows]


async def answer(lab: Lab, score: float, by: Settler | None = None) -> None:
    """Let the one recheck end with a score."""
    [again] = await rechecks(lab)
    await settle(lab, by or settler(lab), {again.number: score})


async def test_a_score_that_is_too_good_does_not_count_and_is_run_again_on_a_fresh_seed(lab: Lab) -> None:
    await known(lab)
    [leap] = await settled(lab, "leap", 1.2)
    assert leap.verdict is Verdict.INCONCLUSIVE
    assert (leap.reason or "").startswith("suspected: 1.2 is too good to be true")
    assert leap.gain is None
    assert leap.flags == ("suspected",)
    [again] = await rechecks(lab)
    assert (again.status, again.tree, again.commit, again.setting) == (Status.QUEUED, "leap", leap.commit, leap.setting)
    assert again.replicate == leap.replicate + 1
    assert again.seed == SeedStream.of_replicates(lab.identity, leap.setting).seed(again.replicate) != leap.seed
    assert (again.launched_by, again.gpu_seconds) == ("labhand", leap.gpu_seconds)
    assert leap.id in again.hypothesis
    tags = git.run(f"--git-dir={lab.sources.path}", "tag", "--list", again.id).decode().split()
    assert tags == [again.id]


async def test_when_another_seed_agrees_both_count(lab: Lab) -> None:
    await known(lab)
    [leap] = await settled(lab, "leap", 1.2)
    await answer(lab, 1.25)
    for number in (leap.number, leap.number + 1):
        experiment = await support.experiment(lab, number)
        assert experiment.verdict is Verdict.PROMISING
        assert "2 seeds" in (experiment.reason or "")
        assert experiment.flags == ()
    assert len(await rechecks(lab)) == 1


async def test_when_another_seed_does_not_agree_it_is_flagged_and_never_counts(lab: Lab) -> None:
    await known(lab)
    [leap] = await settled(lab, "leap", 1.2)
    await answer(lab, 1.995)
    flagged = await support.experiment(lab, leap.number)
    assert (flagged.verdict, flagged.gain, flagged.score) == (Verdict.INCONCLUSIVE, None, 1.2)
    assert flagged.flags == ("not_reproduced",)
    assert (flagged.reason or "").startswith("not_reproduced: 1.2")
    [again] = await rechecks(lab)
    assert "1 seed against 4" in (again.reason or "")
    assert again.gain == pytest.approx(0.005)
    [stratum] = await lab.db.rows("SELECT noise FROM strata")
    assert stratum["noise"] < 0.02


async def test_a_recheck_is_never_run_again(lab: Lab) -> None:
    await known(lab)
    await settled(lab, "leap", 1.2)
    await answer(lab, 0.4)
    [again] = await rechecks(lab)
    assert again.gain == pytest.approx(1.6)
    assert "2 seeds" in (again.reason or "")


async def test_a_seed_that_waits_already_is_as_good_as_another_run(lab: Lab) -> None:
    await known(lab)
    first, second = await queue_trees(lab, "leap", "leap")
    await settle(lab, settler(lab), {first: 1.2})
    assert await rechecks(lab) == []
    await settle(lab, settler(lab), {second: 1.21})
    assert [(await support.experiment(lab, number)).verdict for number in (first, second)] == [Verdict.PROMISING] * 2
    assert await rechecks(lab) == []


async def test_two_that_leap_alike_do_not_vouch_for_each_other(lab: Lab) -> None:
    await known(lab)
    one, other = await queue_trees(lab, "one", "other")
    await settle(lab, settler(lab), {one: 1.2, other: 1.2})
    for number in (one, other):
        assert ((await support.experiment(lab, number)).reason or "").startswith("suspected")
    assert len(await rechecks(lab)) == 2


@pytest.mark.parametrize("later", [BASELINE, (*BASELINE, 2.02, 1.98)])
async def test_coming_before_anything_it_could_be_compared_with_does_not_help(lab: Lab, later: Sequence[float]) -> None:
    [early] = await settled(lab, "leap", 0.2)
    assert (early.reason or "").startswith("no_reference: baseline")
    for score in later:
        [number] = await queue_trees(lab, "", purpose="baseline")
        await settle(lab, settler(lab), {number: score})
    assert ((await support.experiment(lab, early.number)).reason or "").startswith("suspected")
    assert len(await rechecks(lab)) == 1


async def test_what_the_allowance_does_not_cover_waits_until_it_does(lab: Lab) -> None:
    await known(lab)
    spent = len(BASELINE) + len(IDEAS) + 1
    [leap] = await settled(lab, "leap", 1.2, by=settler(lab, Allowance(experiments=spent)))
    assert await rechecks(lab) == []
    assert "allowance" in (leap.reason or "")
    await settled(lab, "plain", 2.0, by=settler(lab, Allowance(experiments=spent + 2)))
    assert len(await rechecks(lab)) == 1


async def test_a_recheck_that_fails_is_not_tried_for_ever(lab: Lab) -> None:
    await known(lab)
    [leap] = await settled(lab, "leap", 1.2)
    [again] = await rechecks(lab)
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET status = 'failed' WHERE number = ?", (again.number,))
    await settled(lab, "plain", 2.0)
    assert len(await rechecks(lab)) == 1
    assert ((await support.experiment(lab, leap.number)).reason or "").startswith("suspected")


async def test_a_crash_in_between_leaves_neither_the_score_nor_the_recheck(lab: Lab) -> None:
    await known(lab)
    [number] = await queue_trees(lab, "leap")
    with pytest.raises(RuntimeError, match="crash"):
        await _settle_and_crash(lab, number)
    assert (await support.experiment(lab, number)).score is None
    assert await rechecks(lab) == []


async def _settle_and_crash(lab: Lab, number: int) -> None:
    class Crashing(FollowUps):
        @override
        async def queue(
            self, tx: Transaction, settings: Iterable[str], now: float, scored: Mapping[int, Sequence[int]] | None = None
        ) -> None:
            await super().queue(tx, settings, now, scored)
            raise RuntimeError("crash")

    await settle(lab, Settler(lab.trainer.metric, Crashing(lab.sources, Allowance())), {number: 1.2})


async def test_seeds_that_agree_to_the_bit_are_flagged_and_no_more_than_promising(lab: Lab) -> None:
    await known(lab)
    same = await settled(lab, "same", 1.95, 1.95)
    assert [(one.flags, one.verdict) for one in same] == [(("unseeded",), Verdict.PROMISING)] * 2
    [other] = await settled(lab, "same", 1.951)
    assert other.flags == ()
    assert (await support.experiment(lab, same[0].number)).flags == ()
