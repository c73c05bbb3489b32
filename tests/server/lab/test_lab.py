"""Opening a lab."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from anyio import to_thread
from labhand.server.errors import SettingsError
from labhand.server.lab import references
from labhand.server.lab.dispatcher_process import dispatcher_lives, start_dispatcher
from labhand.server.lab.lab import Lab
from labhand.server.lab.status_line import lab_line
from labhand.server.machine import devices
from labhand.server.settings import LOCK, LOG, Allowance
from labhand.server.store.money import pools

from .builders import Woken
from .writing import experiments, find, launch, lay_out, log, opened

pytestmark = pytest.mark.anyio
PATIENCE_SECONDS = 120
OPEN = """
import sys, anyio
from pathlib import Path
from labhand.server.lab.lab import Lab

async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    lab = await Lab.open(Path(sys.argv[1]), wake=lambda root: None)
    print(lab.identity)
    await lab.close()

anyio.run(main)
"""


async def test_a_new_lab_has_the_trainer_folder_for_its_baseline_and_champion(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        baseline = await references.resolve(lab, "champion")
        assert baseline.name == "baseline"
        assert baseline.experiment is None
        assert baseline.source["train.py"] == (tmp_path / "trainer/train.py").read_bytes()
        assert (await lab_line(lab)).champion == "baseline"
        assert log(lab, "--format=%s", "baseline") == ["The baseline: parabola"]


async def test_a_lab_that_is_opened_again_is_the_same_lab_whatever_became_of_the_folder(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        identity = lab.identity
        await launch(lab, base="baseline")
    (tmp_path / "trainer/train.py").write_text("X = 2.0\n")
    async with opened(tmp_path) as lab:
        assert lab.identity == identity
        assert b"X = 1.0" in (await references.resolve(lab, "baseline")).source["train.py"]


async def test_two_labs_draw_their_seeds_apart(tmp_path: Path) -> None:
    seeds: list[int] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        async with opened(tmp_path / name) as lab:
            await launch(lab, overrides={"X": 2})
            seeds.append((await find(lab, "e0001")).seed)
    assert seeds[0] != seeds[1]


@pytest.mark.slow
async def test_processes_that_open_a_new_lab_at_once_make_one(tmp_path: Path) -> None:
    lay_out(tmp_path)
    told = await to_thread.run_sync(_open_at_once, tmp_path, 3)
    async with opened(tmp_path) as lab:
        assert told == [(f"{lab.identity}\n", "", 0)] * 3
        assert len(await lab.db.rows("SELECT * FROM champions")) == 1


async def test_a_lab_made_for_another_trainer_is_refused_with_the_way_out(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    file = tmp_path / "trainer/trainer.toml"
    file.write_text(file.read_text().replace('name = "parabola"', 'name = "line"'))
    with pytest.raises(SettingsError, match=r"made for the trainer 'parabola'.*names 'line'.*data_dir"):
        await Lab.open(tmp_path, wake=Woken())


async def test_pools_follow_the_settings(tmp_path: Path) -> None:
    async with opened(tmp_path, slots=2) as lab:
        assert [pool.slots for pool in await lab.pools()] == [2]
    async with opened(tmp_path, slots=1) as lab:
        assert [pool.slots for pool in await lab.pools()] == [1]
        assert (await lab_line(lab)).idle_gpus == 1
    async with opened(tmp_path, slots=10_000) as lab:  # there are no more than the machine has devices
        assert [pool.slots for pool in await lab.pools()] == [len(devices().indices)]


async def test_what_the_dispatcher_noted_of_a_pool_stays_while_another_lab_holds_its_slots(tmp_path: Path) -> None:
    async with opened(tmp_path, slots=1) as lab:
        [pool] = await lab.pools()
        async with lab.db.transaction() as tx:
            await pools.save(tx, [replace(pool, taken=1, note="The host is asleep")])
    async with opened(tmp_path, slots=1) as lab:
        [pool] = await lab.pools()

        assert (pool.note, pool.taken) == ("The host is asleep", 1)


async def test_a_launch_reads_the_allowance_once_and_not_while_it_holds_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as lab:
        reads = 0
        read = lab.allowance

        def counted() -> Allowance:
            nonlocal reads
            reads += 1
            return read()

        monkeypatch.setattr(lab, "allowance", counted)
        await launch(lab, overrides={"X": 2})

    assert reads == 2, "once to check the launch, once for the line that tells what is left"


async def test_nothing_is_launched_on_a_machine_whose_driver_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "bin" / "nvidia-smi"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\necho 'Driver/library version mismatch'; exit 18\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    devices.cache_clear()
    try:
        async with opened(tmp_path) as lab:
            [pool] = await lab.pools()
            assert (pool.gpu, pool.slots) == ("unknown", 0)
            with pytest.raises(SettingsError, match=r"Driver/library version mismatch.*labhand doctor"):
                await launch(lab, overrides={"X": 2})
            assert await experiments(lab) == []
    finally:
        devices.cache_clear()


async def test_a_lab_with_work_left_wakes_the_dispatcher_when_it_is_opened(tmp_path: Path) -> None:
    woken = Woken()
    async with opened(tmp_path, woken=woken) as lab:
        assert woken.roots == []
        await launch(lab, overrides={"X": 2})
    again = Woken()
    async with opened(tmp_path, woken=again) as lab:
        assert again.roots == [tmp_path]
        assert len(await experiments(lab)) == 5


async def test_a_changed_evaluator_makes_a_setting_of_its_own_with_its_own_baseline(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        before = await launch(lab, overrides={"X": 2})
        seed = (await find(lab, "e0001")).seed
    file = tmp_path / "trainer/trainer.toml"
    file.write_text(file.read_text() + "\n# mended\n")
    async with opened(tmp_path) as lab:
        after = await launch(lab, overrides={"X": 2})
        assert not after.duplicates
        assert (await find(lab, after.experiments[0])).seed != seed
        assert after.baseline
        newest = await references.resolve(lab, after.experiments[0])
        assert newest.committed["trainer.toml"].endswith(b"# mended\n")
        assert after.changes == before.changes


def test_no_dispatcher_is_started_while_one_holds_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _pretend_dispatcher(tmp_path, monkeypatch)
    with (folder / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert dispatcher_lives(folder)
        start_dispatcher(tmp_path)
        assert not (folder / LOG).exists()
    assert not dispatcher_lives(folder)


def test_a_dispatcher_is_started_in_a_session_of_its_own_with_its_output_in_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _pretend_dispatcher(tmp_path, monkeypatch)
    start_dispatcher(tmp_path)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "done" not in (folder / LOG).read_text():
        assert time.monotonic() < deadline
    arguments, own, session, _ = (folder / LOG).read_text().splitlines()
    assert arguments == f"-m labhand.server.main dispatch --root {tmp_path}"
    assert own == session


def _open_at_once(root: Path, count: int) -> list[tuple[str, str, int]]:
    """Open the lab in so many processes; gives what each wrote, complained of, and its exit status."""
    command = [sys.executable, "-c", OPEN, str(root)]
    openers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for opener in openers:  # all are at the same place before the first goes on
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("go\n")
        opener.stdin.flush()
    return [(*opener.communicate(timeout=PATIENCE_SECONDS), opener.returncode) for opener in openers]


def _pretend_dispatcher(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a script that tells what it was given stand for Python; gives the lab's folder."""
    script = root / "python"
    script.write_text('#!/bin/sh\necho "$@"\necho $$\ncut -d" " -f6 /proc/$$/stat\necho done\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    folder = root / ".labhand"
    folder.mkdir()
    return folder
