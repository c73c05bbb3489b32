"""A database that was put back to an older copy: no experiment gets another one's result, and numbers go on behind."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.errors import ConflictError
from labhand.server.lab.lab import Lab
from labhand.server.lab.lost_experiments import lost_experiments
from labhand.server.lab.monitor import alerts
from labhand.server.settings import DATABASE, SET_ASIDE
from labhand.server.store.experiments.rows import last_used_number
from labhand.server.store.running import queue, runs

from ....waiting import until
from ...lab import builders, writing
from .. import support

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

RIGHT = 3.0
"""The value of `X` at which the trainer `parabola` scores best."""


async def _queue(lab: Lab, x: float, *, duration: float = 0.02) -> int:
    text = (builders.TRAINERS / "parabola" / "train.py").read_text("utf-8")
    text = text.replace("X = 1.0", f"X = {x}").replace("DURATION = 0.02", f"DURATION = {duration}")
    [number] = await support.queue_source(lab, text)
    return number


def _save_copy(lab: Lab, to: Path) -> None:
    with closing(sqlite3.connect(lab.folder / DATABASE)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def _put_back(lab: Lab, copy: Path) -> None:
    """Put a copy back as `sqlite3 lab.db ".restore COPY"` does, which processes that have the database open survive."""
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(lab.folder / DATABASE)) as target:
        source.backup(target)


def _source_of(folder: Path) -> str:
    return (folder / "source" / "train.py").read_text("utf-8")


async def _score(lab: Lab, number: int) -> float:
    score = (await support.experiment(lab, number)).score
    assert score is not None
    return score


async def test_a_result_counts_only_for_its_own_source_after_an_older_database_was_put_back(lab: Lab, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    _save_copy(lab, copy)
    lost = await _queue(lab, 40.0)
    await support.run_all(lab)
    far = await _score(lab, lost)
    _put_back(lab, copy)

    number = await _queue(lab, RIGHT)
    assert number == lost, "the lab was open meanwhile and gives the number again"
    await support.run_all(lab)

    assert await _score(lab, number) < far / 2
    assert "X = 3.0" in _source_of(support.folder_of(lab, "e0001-1"))
    aside = lab.folder / SET_ASIDE / "e0001-1"
    assert "X = 40.0" in _source_of(aside)
    assert "belongs to lab" in (aside / "why-set-aside.txt").read_text("utf-8")
    assert any("e0001-1" in attention.line and "set aside" in attention.line for attention in await alerts.scan(lab))


async def test_numbers_go_on_behind_the_run_folders_when_a_lab_opens_on_an_older_database(tmp_path: Path) -> None:
    async with writing.opened(tmp_path) as lab:
        _save_copy(lab, tmp_path / "copy.db")
        for _ in range(3):
            await _queue(lab, 40.0)
        await support.run_all(lab)
    shutil.copyfile(tmp_path / "copy.db", lab.folder / DATABASE)

    async with writing.opened(tmp_path) as lab:
        assert (await lost_experiments(lab.folder)).experiments == ["e0001-e0003"]
        launched = await writing.launch(lab, overrides={"X": 2.5})
        assert launched.experiments == ["e0004"]
        await support.run_all(lab)
        assert not (lab.folder / SET_ASIDE).exists()
        assert await last_used_number(lab.db) > 4


async def test_a_run_that_the_restored_database_still_knows_keeps_its_result(lab: Lab, tmp_path: Path) -> None:
    number = await _queue(lab, RIGHT)
    _save_copy(lab, tmp_path / "copy.db")
    await support.run_all(lab)
    score = await _score(lab, number)
    _put_back(lab, tmp_path / "copy.db")
    assert await support.statuses(lab) == ["queued"]

    await support.run_all(lab)

    assert await _score(lab, number) == score
    assert [run.id for run in await support.runs(lab)] == ["e0001-1"]
    assert not (lab.folder / SET_ASIDE).exists()


@pytest.mark.slow
async def test_a_runner_of_a_lost_run_is_ended_before_its_folder_is_used_for_another(lab: Lab, tmp_path: Path) -> None:
    _save_copy(lab, tmp_path / "copy.db")
    await _queue(lab, 40.0, duration=support.LONG)
    with support.dispatcher(lab):
        await support.until_status(lab, 1, "running")
        runner = support.runner_of(lab, "e0001-1")
    _put_back(lab, tmp_path / "copy.db")

    number = await _queue(lab, RIGHT)
    await support.run_all(lab)

    await until(lambda: not support.lives(runner))
    assert await _score(lab, number) < 1.0
    result = json.loads((lab.folder / SET_ASIDE / "e0001-1" / "result.json").read_text("utf-8"))
    assert result["status"] == "cancelled"


async def test_a_result_of_another_run_in_the_right_folder_is_set_aside_and_the_experiment_runs_again(lab: Lab) -> None:
    number = await _queue(lab, RIGHT)
    far = await _queue(lab, 40.0)
    await support.run_all(lab)
    own, other = (support.folder_of(lab, f"e{n:04d}-1") for n in (number, far))
    async with lab.db.transaction() as tx:
        await tx.execute(
            "UPDATE experiments SET status = 'running', score = NULL, finished_seq = NULL WHERE number = ?", (number,)
        )
        await tx.execute("UPDATE runs SET status = 'running' WHERE experiment = ?", (number,))
    shutil.copyfile(other / "result.json", own / "result.json")

    await support.run_all(lab)

    assert [(run.id, run.status) for run in await support.runs(lab)][:2] == [("e0001-1", "lost"), ("e0001-2", "finished")]
    assert await _score(lab, number) < 1.0
    assert (lab.folder / SET_ASIDE / "e0001-1").is_dir()


@pytest.mark.parametrize("content", ["", '{"run": "e0001-1"}'])
async def test_a_folder_whose_spec_cannot_be_read_is_nobodys(lab: Lab, content: str) -> None:
    number = await _queue(lab, RIGHT)
    folder = support.folder_of(lab, "e0001-1")
    (folder / "source").mkdir(parents=True)
    (folder / "source" / "train.py").write_text("raise SystemExit('of a source that nobody knows')")
    (folder / "spec.json").write_text(content)

    await support.run_all(lab)

    assert await _score(lab, number) < 1.0
    assert (lab.folder / SET_ASIDE / "e0001-1" / "spec.json").read_text() == content


async def test_a_run_folder_names_lab_commit_and_nonce_and_so_does_its_result(lab: Lab) -> None:
    await _queue(lab, RIGHT)
    await support.run_all(lab)
    [row] = await lab.db.rows("SELECT commit_hash, nonce FROM experiments")
    expected = {"lab": lab.identity, "commit": row["commit_hash"], "nonce": row["nonce"]}
    assert len(row["nonce"]) == 32
    for name in ("spec.json", "result.json"):
        content: Mapping[str, object] = json.loads((support.folder_of(lab, "e0001-1") / name).read_text("utf-8"))
        assert content["identity"] == expected


async def test_an_experiment_of_schema_1_whose_run_folder_names_nobody_goes_on(lab: Lab) -> None:
    number = await _queue(lab, RIGHT)
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET nonce = ''")
    await support.run_all(lab)
    assert await _score(lab, number) < 1.0
    assert json.loads((support.folder_of(lab, "e0001-1") / "spec.json").read_text("utf-8"))["identity"] is None


async def test_a_source_that_came_back_empty_from_a_power_failure_is_laid_out_again(lab: Lab) -> None:
    number = await _queue(lab, RIGHT)
    async with lab.db.transaction() as tx:
        await queue.take(tx, "local", "cpu", 1, time.time())
    [attempt] = await runs.active(lab.db)
    folder = await RunFolders(lab.folder, lab.sources, lab.identity).fill(attempt, sandbox_required=False)
    (folder / "source" / "train.py").write_bytes(b"")

    await support.run_all(lab)

    assert await _score(lab, number) < 1.0


async def test_a_dispatcher_goes_on_with_the_file_that_took_the_place_of_its_database(lab: Lab, tmp_path: Path) -> None:
    with support.dispatcher(lab, linger_seconds=support.LONG) as process:
        await _queue(lab, 40.0)
        await support.until_finished(lab, 1)
        _save_copy(lab, tmp_path / "copy.db")
        with closing(sqlite3.connect(tmp_path / "copy.db")) as copy, copy:
            copy.execute("UPDATE facts SET value = 'another' WHERE name = 'id'")
        (tmp_path / "copy.db").replace(lab.folder / DATABASE)
        await support.until_logged(lab, "At work", times=2)
        with pytest.raises(ConflictError, match="replaced or removed while labhand had it open"):
            await _queue(lab, RIGHT)
        process.terminate()
        assert await support.ended(process) == 0
