"""A script that a person corrects on the disk: the baseline until something has succeeded, and a change to be run later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.domain import Failure, Status
from labhand.server.lab import references
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.alerts import scan
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.source import trainer_in_force
from labhand.server.store.running import holds

from .writing import end, find, launch, opened

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the files with each call."""
    monkeypatch.setattr(trainer_in_force, "LOOK_SECONDS", 0.0)


def correct(root: Path, old: str = "X = 1.0", new: str = "X = 1.5") -> None:
    """Change the script, as a person does."""
    file = root / "trainer/train.py"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


async def baseline_text(lab: Lab) -> str:
    return (await references.resolve(lab, "baseline")).source["train.py"].decode()


async def about_files(lab: Lab) -> list[str]:
    return [alert.line for alert in await scan(lab) if alert.key.startswith(("changed:", "trainer:"))]


@pytest.mark.parametrize("reopens", [False, True])
async def test_a_corrected_script_is_the_baseline_while_everything_has_failed(tmp_path: Path, *, reopens: bool) -> None:
    async with opened(tmp_path) as lab:
        failed = (await launch(lab, base="baseline")).experiments[0]
        for number in range(1, 10):
            await end(lab, f"e{number:04d}", Status.FAILED, failure="crash")
        correct(tmp_path)
        if not reopens:
            await lab.renew()
            assert "X = 1.5" in await baseline_text(lab)
    async with opened(tmp_path) as lab:
        assert "X = 1.5" in await baseline_text(lab)
        assert await about_files(lab) == []
        again = await launch(lab, base="baseline")
        assert not again.duplicates
        assert (await find(lab, again.experiments[0])).tree != (await find(lab, failed)).tree
        assert b"X = 1.0" in (await references.resolve(lab, failed)).committed["train.py"]


async def test_what_was_held_because_the_script_had_failed_is_cancelled_and_can_be_launched_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, base="baseline")
        await launch(lab, overrides={"Y": 0.5})
        await end(lab, "e0002", Status.FAILED, failure="crash")
        async with lab.db.transaction() as tx:
            await holds.save_setting_hold(tx, 2, Failure.CRASHED, "The unchanged source failed", time.time())
        correct(tmp_path)
        await lab.renew()
        assert "X = 1.5" in await baseline_text(lab)
        cancelled = await find(lab, "e0001")
        assert cancelled.status is Status.CANCELLED
        assert "launch it again" in (cancelled.cancel_reason or "")
        assert not await holds.has_holds(lab.db)
        [failure] = (await get_briefing(lab)).failures
        assert failure.fix.startswith("The trainer's files were corrected since")
        again = await launch(lab, base="baseline")
        assert not again.duplicates
        assert {(await find(lab, name)).status for name in again.experiments} == {Status.QUEUED}


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.QUEUED, Status.STOPPED])
async def test_with_a_result_or_a_queue_the_baseline_stays_and_the_change_is_told(tmp_path: Path, status: Status) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, base="baseline")
        await end(lab, "e0001", status)
        correct(tmp_path)
        await lab.renew()
        assert "X = 1.0" in await baseline_text(lab)
        [line] = await about_files(lab)
        assert line.startswith(f"train.py in {tmp_path}/trainer changed, and no experiment has these changes: ")
        assert 'launch_experiment(base="workdir"' in line
        await launch(lab, base="workdir")
        assert await about_files(lab) == []


async def test_nothing_is_told_of_a_source_that_an_experiment_has(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 1.5})
        correct(tmp_path)
        await lab.renew()
        assert await about_files(lab) == []


async def test_trainer_toml_is_read_again_and_one_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        file = tmp_path / "trainer/trainer.toml"
        good = file.read_text("utf-8")
        file.write_text(good.replace("evaluation_seconds = 5", "evaluation_seconds = -1"), "utf-8")
        await lab.renew()
        assert lab.trainer.evaluation_seconds > 0
        [line] = await about_files(lab)
        assert "a person must mend the trainer's files" in line
        assert "evaluation_seconds" in line
        file.write_text(f'{good}\n[[metrics]]\nname = "steps"\n', "utf-8")
        await lab.renew()
        assert [metric.name for metric in lab.trainer.file.metrics][-1] == "steps"
        assert await about_files(lab) == []


async def test_a_lab_of_another_name_is_no_replacement(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        file = tmp_path / "trainer/trainer.toml"
        file.write_text(file.read_text("utf-8").replace('name = "parabola"', 'name = "line"'), "utf-8")
        await lab.renew()
        assert lab.trainer.name == "parabola"
        [line] = await about_files(lab)
        assert "has the name 'line' now, and the lab is one of 'parabola'" in line
