"""Cancelling."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.domain import Status, Verdict
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.manage.cancel import cancel

from ..builders import Woken
from ..writing import end, find, launch, launch_grid, opened

pytestmark = pytest.mark.anyio


async def test_what_is_queued_ends_at_once_in_the_order_of_finishing_and_costs_nothing(tmp_path: Path) -> None:
    woken = Woken()
    async with opened(tmp_path, woken=woken) as lab:
        await launch_grid(lab, factors={"X": [2, 3, 4]})
        answer = await cancel(lab, ["g001"], "Not worth it", "me")
        assert answer.cancelled == ["e0001-e0003"]
        rows = await lab.db.rows("SELECT finished_seq, gpu_seconds, finished_at > 0 FROM experiments WHERE number <= 3")
        assert [tuple(row) for row in rows] == [(1, 0.0, 1), (2, 0.0, 1), (3, 0.0, 1)]
        ended = await find(lab, "e0002")
        assert (ended.status, ended.verdict, ended.cancel_reason) == (Status.CANCELLED, Verdict.NONE, "Not worth it")
        assert (await find(lab, "e0004")).status is Status.QUEUED
        assert answer.lab is not None
        assert answer.lab.queued == 4
        assert woken.times == 2


async def test_what_runs_is_left_to_the_dispatcher_to_stop(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        await end(lab, "e0001", Status.RUNNING)
        assert (await cancel(lab, ["e0001"], "Enough", "me")).cancelled == ["e0001"]
        asked = await find(lab, "e0001")
        assert (asked.status, asked.cancel_reason) == (Status.RUNNING, "Enough")
        assert (await cancel(lab, ["e0001"], "Again", "me")).cancelled == ["e0001"]
        assert (await find(lab, "e0001")).cancel_reason == "Enough"
        again = await launch(lab, overrides={"X": 2})
        assert again.next == "e0001 is being cancelled: launch it again when it has ended"


async def test_what_is_finished_stays_as_it_is_and_twice_is_no_error(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        await launch(lab, overrides={"X": 3})
        await end(lab, "e0006", Status.SUCCEEDED)
        await cancel(lab, ["e0001"], "", "me")
        assert (await find(lab, "e0001")).cancel_reason == "no reason given"
        answer = await cancel(lab, ["e0001", "e0006"], "Again", "me")
        assert answer.cancelled == []
        assert answer.already_finished == ["e0001", "e0006"]
        assert (await find(lab, "e0006")).status is Status.SUCCEEDED


async def test_what_others_launched_ends_only_by_force(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, caller="another", overrides={"X": 2})
        answer = await cancel(lab, ["e0001-e0005"], "Mine now", "me")
        assert answer.cancelled == []
        assert answer.refused == {
            "launched by another: only with force=true": ["e0001"],
            "launched by labhand: only with force=true": ["e0002-e0005"],
        }
        assert (await find(lab, "e0001")).status is Status.QUEUED
        assert (await cancel(lab, ["e0001"], "Mine now", "me", force=True)).cancelled == ["e0001"]


async def test_a_cancelled_experiment_can_be_launched_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        await cancel(lab, ["e0001"], "Later", "me")
        assert (await launch(lab, overrides={"X": 2})).experiments == ["e0006"]


async def test_unknown_ids_are_refused_and_nothing_is_cancelled(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        with pytest.raises(NotFoundError, match="no e0099"):
            await cancel(lab, ["e0001", "e0099"], "Both", "me")
        with pytest.raises(BadInputError, match="names 999,999,999 experiments"):
            await cancel(lab, ["e0001-e999999999"], "All", "me")
        with pytest.raises(BadInputError, match="is not an id"):
            await cancel(lab, ["e" + "9" * 30], "All", "me")
        with pytest.raises(BadInputError, match="ids is empty"):
            await cancel(lab, [], "All", "me")
        assert (await find(lab, "e0001")).status is Status.QUEUED
