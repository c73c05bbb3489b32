"""What a person is told of: each thing once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.domain import Cluster
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor import alerts, notable
from labhand.server.lab.monitor.notable import Marks, NotableEvents
from labhand.server.store.comparison import champions
from labhand.server.store.money import clusters

from .. import builders, hiring
from ..approval import planning

pytestmark = pytest.mark.anyio


async def names(events: NotableEvents, *, is_last: bool = True) -> list[str]:
    return [event.name for event in await events.look(is_last=is_last)]


async def test_what_ended_is_told_once_when_nothing_is_left_to_run(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=2.5)
        events = NotableEvents(lab, Marks())
        await events.skip()
        queued = await builders.experiment(lab)
        await builders.experiment(lab, score=1.9, verdict="promising", changes="DEPTH 4→8")
        await builders.failure(lab)
        with builders.dispatcher(lab):
            assert await names(events) == []
            await builders.finish(lab, queued, score=1.95)
            [done] = await events.look(is_last=True)
            assert await names(events) == []
    assert (done.name, done.title) == ("done", "3 experiments have ended, and nothing is left to run")
    assert "1 promising" in done.text
    assert "Failures: 1 crashed." in done.text
    assert "Best: e0003 val_loss 1.9, gain +0.1: DEPTH 4→8" in done.text
    assert done.details == {
        "experiments": 3,
        "verdicts": {"inconclusive": 1, "none": 1, "promising": 1},
        "failures": {"crashed": 1},
    }


async def test_while_more_may_follow_it_waits_for_a_quiet_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with builders.lab(tmp_path) as lab:
        events = NotableEvents(lab, Marks())
        await builders.experiment(lab, score=1.9)
        assert await names(events, is_last=False) == []
        assert events.expects_more
        monkeypatch.setattr(notable, "QUIET_SECONDS", 0.0)
        assert await names(events, is_last=False) == ["done"]
        assert not events.expects_more


async def test_a_new_champion_is_told_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        events = NotableEvents(lab, Marks())
        await events.skip()
        commit, tree = await builders.source(lab, {"train.py": "X = 2\n"})
        number = await builders.experiment(lab, score=1.9, verdict="confirmed", commit=(commit, tree))
        async with lab.db.transaction() as tx:
            await champions.add_champion(tx, commit, number, time.time())
        told = await events.look(is_last=True)
        assert [event.name for event in told] == ["champion", "done"]
        assert told[0].title == "e0001 is the new champion"
        assert told[0].details["id"] == "e0001"
        assert await names(events) == []


@pytest.mark.parametrize(
    ("hours", "told", "then"),
    [(0.7, [], []), (0.8, ["allowance_80"], []), (1.0, ["allowance_spent"], [])],
)
async def test_the_allowance_is_told_of_at_80_percent_and_when_it_is_spent(
    tmp_path: Path, hours: float, told: list[str], then: list[str]
) -> None:
    async with builders.lab(tmp_path, more="[allowance]\ngpu_hours = 1\n") as lab:
        await spend(lab, hours)
        events = NotableEvents(lab, Marks())
        assert await names(events) == told
        assert await names(events) == then


async def test_80_percent_and_spent_are_two_messages_and_a_higher_allowance_begins_anew(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, more="[allowance]\ngpu_hours = 1\n") as lab:
        events = NotableEvents(lab, Marks())
        await spend(lab, 0.9)
        [nearly] = await events.look()
        assert (nearly.title, nearly.text) == ("90 % of the allowance of GPU-hours is used", "0.9 of 1 GPU-hours are used.")
        await spend(lab, 0.2)
        [spent] = await events.look()
        assert spent.title == "The allowance of GPU-hours is spent"
        settings = lab.root / "labhand.toml"
        settings.write_text(settings.read_text("utf-8").replace("gpu_hours = 1", "gpu_hours = 1.2"), "utf-8")
        assert await names(events) == ["allowance_80"]


async def test_an_alert_is_told_once_also_if_it_comes_and_goes(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        events = NotableEvents(lab, Marks())
        grid = await builders.grid(lab)
        await builders.experiment(lab, grid=grid)
        with builders.dispatcher(lab):
            await builders.storm(lab, grid)
            [held] = await events.look()
            assert held.name == "attention"
            assert "are held because others failed with crashed" in held.text
            async with lab.db.transaction() as tx:
                await tx.execute("DELETE FROM holds")
            assert await names(events) == []
            await builders.storm(lab, grid)
            assert await names(events) == []


async def test_a_missing_dispatcher_is_nothing_that_a_dispatcher_tells(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab)
        assert await names(NotableEvents(lab, Marks())) == []


async def test_a_cluster_that_failed_is_told_once(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        events = NotableEvents(lab, Marks())
        broken = Cluster("h100-1", "h100", 8, "failed", 16.0, time.time() - 60, note="no image")
        async with lab.db.transaction() as tx:
            await clusters.save(tx, "h100", [broken], time.time())
        with builders.dispatcher(lab):
            [event] = await events.look()
            assert await names(events) == []
    assert (event.name, event.title, event.text) == ("cluster_failed", "The cluster h100-1 can't be used", "no image")
    assert event.details["pool"] == "h100"


async def test_a_look_that_fails_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with builders.lab(tmp_path) as lab:
        marks = Marks()
        events = NotableEvents(lab, marks)
        await builders.experiment(lab, score=1.9)

        async def fails(_: Lab) -> None:
            raise OSError("the disk is away")

        with monkeypatch.context() as patch:
            patch.setattr(alerts, "scan", fails)
            with pytest.raises(OSError, match="away"):
                await events.look(is_last=True)
        assert marks == Marks()
        assert await names(events) == ["done"]


async def test_a_plan_is_told_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        events = NotableEvents(lab, Marks())
        await events.skip()
        with builders.dispatcher(lab):
            plan = await planning.proposed(lab, 2.0)
            [wanted] = await events.look(is_last=True)
            assert await names(events) == []
            await planning.proposed(lab, 4.0, revises=plan.plan)
            assert await names(events) == ["approval_wanted"]
            await planning.approved(lab, 4.0)
            assert await names(events) == [], "the person knows what the person decided"
    assert (wanted.name, wanted.title) == ("approval_wanted", "p001 waits for your approval: 2 GPU-hours and $6.00 at most")
    for words in ("Does it help?", f"Digest: {plan.digest}", "labhand approve p001"):
        assert words in wanted.text
    assert wanted.details["digest"] == plan.digest


async def spend(lab: Lab, hours: float) -> None:
    """Settle GPU-hours on the lab's own slots."""
    async with lab.db.transaction() as tx:
        await tx.execute(
            "INSERT INTO spent (pool, hired, experiments, gpu_seconds, usd, useful_seconds) VALUES ('local', 0, 1, ?, 0, 0)"
            " ON CONFLICT DO UPDATE SET gpu_seconds = gpu_seconds + excluded.gpu_seconds",
            (hours * 3600,),
        )
