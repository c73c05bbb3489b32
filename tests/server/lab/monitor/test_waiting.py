"""Waiting: what is new since the cursor, told once, as soon as there is something worth telling."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

import anyio
import pytest
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor import alerts, waiting
from labhand.server.lab.monitor.reported import ReportedCursors
from labhand.server.schemas.monitor import Waited, WaitQuery

from ....waiting import PATIENCE_SECONDS, until
from .. import builders

pytestmark = pytest.mark.anyio

LONG = 60.0
"""Seconds that no test reaches: whatever waits so long and returns was woken."""


class Heard:
    """Collects progress, and says when some came."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, str]] = []
        self._came = anyio.Event()

    async def __call__(self, done: int, total: int, message: str) -> None:
        self.told.append((done, total, message))
        self._came.set()
        self._came = anyio.Event()

    async def until(self, count: int) -> None:
        while len(self.told) < count:
            await self._came.wait()


async def wait_for(lab: Lab, heard: Heard | None = None, **query: object) -> Waited:
    return await waiting.wait(lab, WaitQuery.model_validate({"timeout_seconds": 0, **query}), "me", heard)


async def wait_while(happens: Callable[[], Coroutine[None, None, None]], lab: Lab, heard: Heard, **query: object) -> Waited:
    """Wait, and meanwhile let something happen."""
    answers: list[Waited] = []

    async def waits() -> None:
        answers.append(await wait_for(lab, heard, timeout_seconds=LONG, **query))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(waits)
        tasks.start_soon(happens)
    return answers[0]


async def test_what_is_finished_already_is_told_at_once_best_first(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for score in (1.9, 1.7, 1.8):
            await builders.experiment(lab, score=score)
        told = await wait_for(lab, timeout_seconds=LONG)
    assert [row.id for row in told.finished] == ["e0002", "e0003", "e0001"]
    assert told.finished_total == 3
    assert told.common is not None
    assert told.common.metric == "val_loss"
    assert told.pending is None
    assert told.timed_out is False
    assert told.lab is not None


async def test_it_wakes_when_the_last_one_finishes(tmp_path: Path) -> None:
    heard = Heard()
    async with builders.lab(tmp_path) as lab:
        first, second = await builders.experiment(lab), await builders.experiment(lab)

        async def finish() -> None:
            await heard.until(1)
            await builders.finish(lab, first, score=1.9)
            await heard.until(2)
            await builders.finish(lab, second, score=1.8)

        told = await wait_while(finish, lab, heard, ids=["e0001-e0002"])
    assert [row.id for row in told.finished] == ["e0002", "e0001"]
    assert told.timed_out is False
    assert heard.told == [
        (0, 2, "0 of 2 finished, 2 queued"),
        (1, 2, "1 of 2 finished, 1 queued"),
        (2, 2, "2 of 2 finished"),
    ]


async def test_any_wakes_at_the_first_and_tells_what_is_left(tmp_path: Path) -> None:
    heard = Heard()
    async with builders.lab(tmp_path) as lab:
        for _ in range(3):
            await builders.experiment(lab)

        async def finish() -> None:
            await heard.until(1)
            await builders.finish(lab, 2, score=1.9)

        told = await wait_while(finish, lab, heard, until="any")
    assert [row.id for row in told.finished] == ["e0002"]
    assert told.pending is not None
    assert (told.pending.counts, told.pending.ids) == ({"queued": 2}, ["e0001", "e0003"])
    assert f'after="{told.cursor}"' in told.next


async def test_reaching_the_time_limit_is_a_normal_answer(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab)
        told = await wait_for(lab, timeout_seconds=0.3)
    assert told.timed_out is True
    assert told.finished == []
    assert told.common is None


async def test_chained_calls_tell_everything_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        told: list[str] = []
        cursor: str | None = None
        for _ in range(5):
            await builders.experiment(lab)
        for number in (3, 1, 5, 2, 4):
            await builders.finish(lab, number, score=1.9)
            answer = await wait_for(lab, until="any", after=cursor)
            told += [row.id for row in answer.finished]
            cursor = answer.cursor
        silence = await wait_for(lab, after=cursor)
    assert told == ["e0003", "e0001", "e0005", "e0002", "e0004"]
    assert silence.finished == []
    assert silence.cursor == cursor


async def test_of_more_than_ten_the_best_six_are_shown_and_all_are_counted_by_verdict(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for number in range(12):
            await builders.experiment(lab, score=1.9 - number / 10)
        told = await wait_for(lab)
    assert [row.id for row in told.finished] == [f"e{number:04d}" for number in range(12, 6, -1)]
    assert told.finished_total == sum(told.verdicts.values()) == 12
    assert told.next.startswith("read_source()")


async def test_failures_come_by_class_with_an_example_and_a_fix(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.failure(lab, "out_of_memory", "CUDA out of memory")
        await builders.failure(lab)
        await builders.failure(lab)
        told = await wait_for(lab)
        again = await wait_for(lab, after=told.cursor)
    assert [(one.kind, one.count, one.example) for one in told.failures] == [
        ("crashed", 2, "e0003"),
        ("out_of_memory", 1, "e0001"),
    ]
    assert told.failures[0].message == "KeyError: 'depth'"
    assert told.failures[0].fix == "Read the lines."
    assert again.failures == []


async def test_without_ids_only_what_the_caller_launched_counts(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, launched_by="you")
        await builders.experiment(lab, launched_by="you")
        await builders.experiment(lab, score=1.8)
        told = await wait_for(lab, timeout_seconds=LONG)
    assert [row.id for row in told.finished] == ["e0003"]


async def test_a_grid_stands_for_its_experiments(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        grid = await builders.grid(lab)
        await builders.experiment(lab)
        await builders.experiment(lab, score=1.8, grid=grid)
        told = await wait_for(lab, ids=["g001"], timeout_seconds=LONG)
    assert [row.id for row in told.finished] == ["e0002"]
    assert told.pending is None


@pytest.mark.parametrize(
    ("query", "error"),
    [({"ids": ["e0007"]}, NotFoundError), ({"ids": ["g007"]}, NotFoundError), ({"after": "?"}, BadInputError)],
)
async def test_what_is_unknown_is_refused(tmp_path: Path, query: dict[str, object], error: type[Exception]) -> None:
    async with builders.lab(tmp_path) as lab:
        with pytest.raises(error):
            await waiting.wait(lab, WaitQuery.model_validate(query), "me")


async def test_a_run_that_fell_silent_ends_the_wait_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, slots=1) as lab:
        number = await builders.experiment(lab, status="running")
        await builders.run(lab, number, silent=500)
        with builders.dispatcher(lab):
            told = await wait_for(lab, timeout_seconds=LONG)
            again = await wait_for(lab, after=told.cursor, timeout_seconds=0.1)
    assert told.timed_out is False
    [line] = told.attention
    assert "e0001-1 (running on local) has been silent for 500 s" in line
    assert 'get_logs(id="e0001")' in line
    assert again.timed_out is True
    assert len(again.attention) == 1


async def test_a_storm_ends_the_wait_for_what_it_holds(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        grid = await builders.grid(lab)
        for _ in range(3):
            await builders.failure(lab, grid=grid)
        for _ in range(2):
            await builders.experiment(lab, grid=grid)
        await builders.storm(lab, grid)
        told = await wait_for(lab, timeout_seconds=LONG)
        again = await wait_for(lab, after=told.cursor, timeout_seconds=LONG)
    assert told.attention == [
        "the experiments e0004-e0005 are held because others failed with crashed. Three crashed and none succeeded."
    ]
    assert told.pending is not None
    assert told.pending.ids == ["e0004-e0005"]
    assert "held" in told.next
    assert again.timed_out is False


async def test_what_befalls_the_experiments_of_others_ends_no_wait(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, slots=2) as lab:
        theirs = await builders.experiment(lab, status="running", launched_by="you")
        await builders.run(lab, theirs, silent=500)
        mine = await builders.experiment(lab, status="running")
        await builders.run(lab, mine)
        with builders.dispatcher(lab):
            told = await wait_for(lab, timeout_seconds=0.1)
    assert told.timed_out is True
    assert told.attention == []


async def test_idle_gpus_get_a_line_but_do_not_end_the_wait(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, slots=3) as lab:
        number = await builders.experiment(lab, status="running")
        await builders.run(lab, number)
        with builders.dispatcher(lab):
            told = await wait_for(lab, timeout_seconds=0.1)
            await builders.experiment(lab)
            queued = await wait_for(lab, timeout_seconds=0.1)
    assert told.timed_out is True
    assert told.attention == ["2 of 3 GPUs are idle and nothing is queued"]
    assert queued.attention == []


async def test_a_pool_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        gpu = (await lab.pools())[0].gpu
        await builders.experiment(lab, gpu=gpu)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE pools SET note = 'the data is not prepared'")
        with builders.dispatcher(lab):
            told = await wait_for(lab, timeout_seconds=LONG)
    [line] = told.attention
    assert "the data is not prepared" in line


async def test_work_without_a_dispatcher_wakes_one_and_only_then_complains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = builders.Woken()
    async with builders.lab(tmp_path, woken=woken) as lab:
        gpu = (await lab.pools())[0].gpu
        await builders.experiment(lab, gpu=gpu)
        told = await wait_for(lab, timeout_seconds=0.1)
        assert (woken.times, told.attention) == (1, [])
        monkeypatch.setattr(waiting, "MAX_START_SECONDS", 0.2)
        monkeypatch.setattr(waiting, "MAX_SNAPSHOT_SECONDS", 0.1)
        told = await wait_for(lab, timeout_seconds=LONG)
        assert woken.times == 2
        assert "no dispatcher runs" in told.attention[0]
        with builders.dispatcher(lab):
            told = await wait_for(lab, timeout_seconds=0.1)
        assert (woken.times, told.attention) == (2, [])


async def test_nothing_to_wait_for_wakes_no_dispatcher(tmp_path: Path) -> None:
    woken = builders.Woken()
    async with builders.lab(tmp_path, woken=woken) as lab:
        told = await wait_for(lab, timeout_seconds=LONG)
    assert woken.times == 0
    assert told.finished_total == 0
    assert "launch" in told.next


async def test_a_word_of_progress_comes_even_when_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PROGRESS_SECONDS", 0.1)
    monkeypatch.setattr(waiting, "MAX_SNAPSHOT_SECONDS", 0.05)
    heard = Heard()
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(wait_for, lab, heard, timeout_seconds=PATIENCE_SECONDS))
            await until(lambda: len(heard.told) > 2)
            tasks.cancel_scope.cancel()
    assert len(set(heard.told)) == 1


async def test_while_nothing_changes_rows_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look = alerts.scan

    async def counted(lab: Lab) -> list[alerts.Attention]:
        nonlocal looks
        looks += 1
        return await look(lab)

    monkeypatch.setattr(alerts, "scan", counted)
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab)
        await wait_for(lab, timeout_seconds=1)
    assert looks <= 2


async def test_a_call_without_a_cursor_does_not_repeat_what_was_reported(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        reported = ReportedCursors()

        async def call(**query: object) -> Waited:
            asked = WaitQuery.model_validate({"timeout_seconds": 0, **query})
            return await waiting.wait(lab, asked, "me", reported=reported)

        await builders.experiment(lab, score=1.9)
        await builders.failure(lab)
        first = await call()
        assert ([row.id for row in first.finished], len(first.failures), first.reported_before) == (["e0001", "e0002"], 1, None)
        again = await call()
        assert (again.finished, again.failures, again.finished_total, again.reported_before) == ([], [], 0, 2)
        await builders.experiment(lab, score=1.8)
        third = await call()
        assert ([row.id for row in third.finished], third.reported_before) == (["e0003"], 2)
        assert [row.id for row in (await call(ids=["e0001"])).finished] == ["e0001"], "another selection"
        assert len((await call(after="0")).finished) == 3, "an earlier cursor repeats"
        other = await waiting.wait(lab, WaitQuery(ids=["e0001"], timeout_seconds=0), "you", reported=reported)
        assert len(other.finished) == 1, "another caller"


async def test_metric_direction_and_stratum_are_said_to_a_caller_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        reported = ReportedCursors()
        await builders.experiment(lab, score=1.9)
        first = await waiting.wait(lab, WaitQuery(timeout_seconds=0), "me", reported=reported)
        await builders.experiment(lab, score=1.8)
        second = await waiting.wait(lab, WaitQuery(timeout_seconds=0), "me", reported=reported)
        other = await waiting.wait(lab, WaitQuery(ids=["e0002"], timeout_seconds=0), "you", reported=reported)
    assert first.common is not None
    assert (first.common.metric, first.common.direction) == ("val_loss", "minimize")
    assert first.common.stratum is not None
    assert second.common is not None
    wire = second.common.model_dump()
    assert {"metric", "direction", "stratum", "self_reported"} & wire.keys() == set()
    assert wire["reference"]["id"] == "baseline"  # what a gain is against stands in every answer
    assert "noise" in wire
    assert other.common is not None
    assert other.common.metric == "val_loss"


async def test_a_row_of_wait_has_no_cost_and_no_seed_and_no_status_beside_a_score(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, changes="DEPTH 4→8")
        await builders.failure(lab)
        scored, failed = (await wait_for(lab)).model_dump()["finished"]
    assert scored.keys() == {"id", "verdict", "score", "gain", "changes"}
    assert failed["status"] == "failed"
