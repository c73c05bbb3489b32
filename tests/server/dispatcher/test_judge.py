from __future__ import annotations

import statistics
import time

import pytest
from labhand.server.dispatcher.settler import Settler
from labhand.server.domain import Stratum, Verdict
from labhand.server.lab.lab import Lab
from labhand.server.store.comparison import champions, strata

from . import support
from .test_settler import queue_trees, settle

pytestmark = pytest.mark.anyio

BASELINE = (2.00, 2.01, 1.99, 2.00)


async def test_without_a_noise_floor_nothing_is_said(lab: Lab) -> None:
    baseline, idea = await queue_trees(lab, "", "idea")
    await settle(lab, Settler(lab.trainer.metric), {baseline: 2.0, idea: 1.5})
    experiment = await support.experiment(lab, idea)
    assert experiment.verdict is Verdict.INCONCLUSIVE
    assert (experiment.reason or "").startswith("no_noise_floor")
    assert experiment.gain == pytest.approx(0.5)
    stratum = await _stratum(lab)
    assert (stratum.reference, stratum.replicates, stratum.noise) == (2.0, 1, None)


async def test_when_the_noise_becomes_known_earlier_scores_are_judged_by_it(lab: Lab) -> None:
    settler = Settler(lab.trainer.metric)
    better, worse, same = await queue_trees(lab, "better", "worse", "same")
    await settle(lab, settler, {better: 1.96, worse: 2.5, same: 2.001})
    replicates = await queue_trees(lab, *[""] * 4, purpose="baseline")
    for number, score in zip(replicates, BASELINE, strict=True):
        await settle(lab, settler, {number: score})
    verdicts = [(await support.experiment(lab, number)).verdict for number in (better, worse, same)]
    assert verdicts == [Verdict.PROMISING, Verdict.WORSE, Verdict.INCONCLUSIVE]
    assert ((await support.experiment(lab, same)).reason or "").startswith("within_noise")
    replicate = await support.experiment(lab, replicates[0])
    assert (replicate.verdict, replicate.gain) == (Verdict.REFERENCE, None)
    assert replicate.reason == "baseline, the reference that others are compared with: 2 ± 0.0082, 4 seeds"
    stratum = await _stratum(lab)
    assert stratum.reference == pytest.approx(2.0)
    assert (stratum.replicates, stratum.degrees) == (4, 3)
    assert stratum.noise == pytest.approx(statistics.stdev(BASELINE))


async def test_a_later_dispatcher_says_the_same(lab: Lab) -> None:
    replicates = await queue_trees(lab, *[""] * 4, purpose="baseline")
    await settle(lab, Settler(lab.trainer.metric), dict(zip(replicates, BASELINE, strict=True)))
    one, other = await queue_trees(lab, "one", "other")
    await settle(lab, Settler(lab.trainer.metric), {one: 1.9})
    await settle(lab, Settler(lab.trainer.metric), {other: 1.9})
    first, second = await support.experiment(lab, one), await support.experiment(lab, other)
    assert (first.verdict, first.reason, first.gain) == (second.verdict, second.reason, second.gain)
    assert first.verdict is Verdict.PROMISING


async def test_all_seeds_of_a_source_are_judged_together_and_each_keeps_its_own_gain(lab: Lab) -> None:
    settler = Settler(lab.trainer.metric)
    replicates = await queue_trees(lab, *[""] * 4, purpose="baseline")
    await settle(lab, settler, dict(zip(replicates, BASELINE, strict=True)))
    seeds = await queue_trees(lab, "idea", "idea", "idea")
    for number, score in zip(seeds, (1.97, 1.98, 1.96), strict=True):
        await settle(lab, settler, {number: score})
    told = [await support.experiment(lab, number) for number in seeds]
    assert {experiment.verdict for experiment in told} == {Verdict.PROMISING}
    assert len({experiment.reason for experiment in told}) == 1
    assert [experiment.gain for experiment in told] == [pytest.approx(gain) for gain in (0.03, 0.02, 0.04)]


async def test_a_new_champion_is_what_the_others_are_compared_with(lab: Lab) -> None:
    settler = Settler(lab.trainer.metric)
    replicates = await queue_trees(lab, *[""] * 4, purpose="baseline")
    await settle(lab, settler, dict(zip(replicates, BASELINE, strict=True)))
    winner, idea = await queue_trees(lab, "winner", "idea")
    await settle(lab, settler, {winner: 1.5, idea: 1.9})
    assert (await support.experiment(lab, idea)).verdict is Verdict.PROMISING
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET verdict = 'confirmed' WHERE number = ?", (winner,))
        await tx.execute("INSERT INTO sources SELECT 'won', 'winner', '', '', '{}', '[]'")
        await champions.add_champion(tx, "won", winner, time.time())
    [later] = await queue_trees(lab, "later")
    await settle(lab, settler, {later: 1.4})
    assert (await support.experiment(lab, idea)).verdict is Verdict.WORSE
    assert (await support.experiment(lab, later)).verdict is Verdict.PROMISING
    assert (await support.experiment(lab, winner)).verdict is Verdict.CONFIRMED
    assert (await support.experiment(lab, replicates[0])).verdict is Verdict.WORSE
    assert (await _stratum(lab)).reference == pytest.approx(1.5)


async def _stratum(lab: Lab) -> Stratum:
    [described] = (await strata.all_strata(lab.db)).values()
    return described
