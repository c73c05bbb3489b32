from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import pytest
from labhand.server.domain import Experiment, Status, Verdict
from labhand.server.errors import ConflictError
from labhand.server.ids import experiment_id, parse_ids
from labhand.server.lab.manage import cancel
from labhand.server.research.online_fdr import level
from labhand.server.research.paired_test import estimate
from labhand.server.source import git
from labhand.server.store.comparison import validation_pairs, validations
from labhand.server.store.money import spending

from ...lab import writing
from ..scripted import ME, NOISE, Score, Script, by_x, luck, of_luck_alone, script

pytestmark = pytest.mark.anyio


async def candidate(lab: Script, **overrides: object) -> str:
    """Launch an idea and let it run; gives its id."""
    launched = await writing.launch(lab.lab, overrides=overrides)
    await lab.play()
    return launched.experiments[0]


async def of(lab: Script, *purposes: str) -> list[Experiment]:
    """The experiments of these purposes."""
    return [experiment for experiment in await writing.experiments(lab.lab) if experiment.purpose in purposes]


async def test_a_better_candidate_is_confirmed_and_becomes_what_the_others_are_compared_with(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        other = await candidate(lab, X=0.8)
        name = await candidate(lab, X=1.1)
        told = await lab.validate(name)
        assert told.tests[0].level == pytest.approx(level(1, ()), rel=0.01)
        await lab.play()
        row = await lab.row("v001")
        assert (row.verdict, row.promoted, row.state) == ("confirmed", True, None)
        assert await lab.champion() == int(name[1:])
        confirmed = await writing.find(lab.lab, name)
        assert confirmed.verdict is Verdict.CONFIRMED
        assert (confirmed.reason or "").startswith("v001, against the baseline: a mean gain of")
        assert (await writing.find(lab.lab, other)).verdict is Verdict.WORSE
        [stratum] = await lab.lab.db.rows("SELECT * FROM strata")
        scores = [
            one.score for one in await writing.experiments(lab.lab) if one.tree == confirmed.tree and one.score is not None
        ]
        assert stratum["reference"] == pytest.approx(fmean(scores))


async def test_the_reported_gain_is_that_of_pairs_that_decided_nothing(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        await lab.validate(await candidate(lab, X=1.1))
        await lab.play()
        ran = await validation_pairs.of_stage(lab.lab.db, 1, 1)
        gains = [(pair.against.score or 0.0) - (pair.candidate.score or 0.0) for pair in ran]
        recomputed = estimate(gains)
        row = await lab.row("v001")
        assert recomputed is not None
        assert row.gain == pytest.approx(recomputed.gain, rel=0.01)
        assert row.interval == pytest.approx(recomputed.interval, rel=0.01)
        assert recomputed.interval[0] < (1.1 - 3) ** 2 * -1 + 4 < recomputed.interval[1]
        reporting, deciding = await of(lab, "report"), await of(lab, "validation")
        earlier = await of(lab, "idea", "baseline")
        assert len({one.seed for one in reporting}) == 8
        assert not {one.seed for one in reporting} & {one.seed for one in (*deciding, *earlier)}
        assert not {one.seed for one in deciding} & {one.seed for one in earlier}
        tags = git.run(f"--git-dir={lab.lab.sources.path}", "tag").decode().split()
        assert {one.id for one in (*reporting, *deciding)} <= set(tags)


async def test_a_candidate_that_is_no_better_stays_a_candidate_and_costs_no_more_than_its_test(tmp_path: Path) -> None:
    async with script(tmp_path, of_luck_alone) as lab:
        name = await candidate(lab, X=1.1)
        await lab.validate(name)
        await lab.play()
        row = await lab.row("v001")
        assert (row.verdict, row.promoted, row.gain) == ("not_shown", False, None)
        assert (await writing.find(lab.lab, name)).verdict is Verdict.NOT_SHOWN
        assert await lab.champion() is None
        assert await of(lab, "report") == []
        assert (await spending.committed(lab.lab.db, time.time())).gpu_seconds == sum(
            one.gpu_seconds for one in await writing.experiments(lab.lab)
        )


async def test_what_is_decided_at_half_cancels_the_other_half(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        await lab.validate(await candidate(lab, X=2.0))
        await lab.play(at_once=2)
        deciding = await of(lab, "validation")
        assert [one.status for one in deciding] == [Status.SUCCEEDED] * 8 + [Status.CANCELLED] * 8
        assert deciding[-1].cancel_reason == "v001 needs it no more"


async def test_every_test_is_held_to_what_the_history_leaves_it(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        worse, better, best = [await candidate(lab, X=x) for x in (0.9, 1.5, 2.0)]
        for name in (worse, better, best):
            await lab.validate(name)
            await lab.play()
        levels = [one.level for one in await validations.numbered(lab.lab.db, [1, 2, 3])]
        assert levels == [level(1, ()), level(2, ()), level(3, [2])]
        assert levels[2] > levels[1]


async def test_of_two_that_were_tested_against_one_champion_one_becomes_champion(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        first, second = await candidate(lab, X=1.5), await candidate(lab, X=1.6)
        await lab.validate(first, second)
        await lab.play()
        rows = [await lab.row("v001"), await lab.row("v002")]
        assert [row.verdict for row in rows] == ["confirmed", "confirmed"]
        assert [row.promoted for row in rows] == [True, False]
        assert "there is another champion since" in (rows[1].reason or "")
        deciding = await of(lab, "validation")
        assert not {one.seed for one in deciding[:16]} & {one.seed for one in deciding[16:]}


def crossing(experiment: Experiment, knobs: Mapping[str, object]) -> float:
    """Each step of X helps at the trainer's own budget; at a longer one it does harm."""
    gain = 0.2 * (float(str(knobs["X"])) - 1)
    return 4.0 - (gain if experiment.budget_seconds == 5 else -gain) + luck(experiment)


async def test_a_confirmed_candidate_that_is_behind_at_a_longer_horizon_is_not_promoted(tmp_path: Path) -> None:
    async with script(tmp_path, crossing, is_stretched=True) as lab:
        told = await lab.validate(await candidate(lab, X=2.0), horizons=[1, 2, 4])
        assert [(cost.stage, cost.horizon, cost.seeds) for cost in told.tests[0].costs] == [
            ("test", 1, 8),
            ("horizon", 2, 4),
            ("horizon", 4, 4),
            ("report", 1, 8),
        ]
        await lab.play()
        row = await lab.row("v001")
        assert (row.verdict, row.promoted) == ("confirmed", False)
        assert "not promoted: behind" in (row.reason or "")
        assert [one.horizon for one in row.horizons] == [2]
        assert row.horizons[0].gain == pytest.approx(-0.2, abs=3 * NOISE)
        assert {one.budget_seconds for one in await of(lab, "validation")} == {5.0, 10.0}
        assert await lab.champion() is None
        with pytest.raises(ConflictError, match="confirmed against this champion by v001"):
            await lab.validate(row.candidate, horizons=[1, 2, 4])


async def test_a_candidate_that_holds_at_longer_horizons_leads_and_tau_is_told_where_enough_ran(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True) as lab:
        values = [0.5, 0.7, 0.9, 1.2, 1.4, 1.6, 1.8, 2.0]
        short = await writing.launch_grid(lab.lab, factors={"X": values})
        await writing.launch_grid(lab.lab, factors={"X": values}, budget_seconds=10.0)
        await lab.play()
        best = experiment_id(parse_ids(short.experiments).experiments[-1])
        await lab.validate(best, horizons=[2])
        await lab.play()
        row = await lab.row("v001")
        assert row.promoted
        assert row.horizons[0].tau == pytest.approx(1.0, abs=0.15)
        assert row.horizons[0].tau_interval[0] > 0.5


def failing(*, candidate: frozenset[int] = frozenset(), champion: frozenset[int] = frozenset()) -> Score:
    """Parabola, where runs of validations fail at these pairs."""

    def score(experiment: Experiment, knobs: Mapping[str, object]) -> float | None:
        fails = champion if knobs["X"] == 1.0 else candidate
        if experiment.purpose == "validation" and experiment.replicate in fails:
            return None
        return by_x(experiment, knobs)

    return score


async def test_a_seed_on_which_the_champion_fails_is_replaced_by_the_next(tmp_path: Path) -> None:
    async with script(tmp_path, failing(champion=frozenset({1, 5}))) as lab:
        await lab.validate(await candidate(lab, X=1.1))
        await lab.play()
        assert len(await validation_pairs.of_stage(lab.lab.db, 1, 0)) == 10
        assert (await lab.row("v001")).promoted


async def test_a_champion_that_keeps_failing_ends_the_test_without_a_verdict(tmp_path: Path) -> None:
    async with script(tmp_path, failing(champion=frozenset(range(100)))) as lab:
        name = await candidate(lab, X=1.1)
        await lab.validate(name)
        await lab.play()
        row = await lab.row("v001")
        assert (row.verdict, row.promoted) == ("none", False)
        assert (await writing.find(lab.lab, name)).verdict is Verdict.PROMISING


async def test_nothing_is_gained_by_crashing_on_bad_luck(tmp_path: Path) -> None:
    async with script(tmp_path, failing(candidate=frozenset({2}))) as lab:
        name = await candidate(lab, X=2.0)
        await lab.validate(name)
        await lab.play()
        row = await lab.row("v001")
        assert row.verdict == "not_shown"
        assert "failed on a seed on which the champion succeeded" in (row.reason or "")


async def test_a_cancelled_test_comes_to_no_verdict_and_keeps_its_place(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        name = await candidate(lab, X=1.1)
        await lab.validate(name)
        await lab.step(at_once=2)
        refused = await cancel.cancel(lab.lab, ["v001"], "it looks bad", "someone else")
        assert refused.refused
        single = (await of(lab, "validation"))[-1].id
        assert (await cancel.cancel(lab.lab, [single], "it looks bad", ME)).refused
        await cancel.cancel(lab.lab, ["v001"], "it looks bad", ME)
        await lab.play()
        row = await lab.row("v001")
        assert (row.verdict, row.state) == ("none", None)
        assert {one.status for one in (await of(lab, "validation"))[2:]} == {Status.CANCELLED}
        assert (await lab.validate(name)).tests[0].level == pytest.approx(level(2, ()), rel=0.01)


async def test_a_dispatcher_that_dies_before_a_step_is_kept_has_not_taken_it(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        await lab.validate(await candidate(lab, X=1.1))
        with pytest.raises(InterruptedError):
            await lab.step(dies=True)
        assert (await lab.row("v001")).state == "test"
        lab.settler.forget()
        await lab.play()
        assert (await lab.row("v001")).promoted
        assert len(await lab.lab.db.rows("SELECT * FROM champions")) == 2
        assert len(await of(lab, "report")) == 16
