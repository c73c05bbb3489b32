from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from labhand.server.backends.base import Backend, Phase
from labhand.server.backends.local.local_backend import LocalBackend
from labhand.server.backends.local.slots import DeviceSlot, Slots
from labhand.server.errors import NoCapacityError
from labhand.server.machine import Devices
from labhand.server.pool_settings import LocalPool
from labhand.server.testing import sample_runs
from labhand.server.testing.conformance import RunnerConformance
from labhand.server.testing.sample_runs import LONG_SECONDS
from typing_extensions import override

from ....trainer.wheels import make_venv
from ....waiting import PATIENCE_SECONDS, until

CORES = tuple(sorted(os.sched_getaffinity(0)) * 2)[:2]
TWO = Devices("cpu", (0, 1) if len(set(CORES)) < 2 else CORES, "cpu")


@pytest.fixture(autouse=True)
def own_slots(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots that no other test or lab holds."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path_factory.mktemp("slots")))


def local(
    place: Path, slots: int | None = None, here: Devices = TWO, python: str | None = None, gpus: int | None = None
) -> LocalBackend:
    place.mkdir(exist_ok=True)
    settings = LocalPool(backend="local", slots=slots, python=python, gpus_per_experiment=gpus)
    return LocalBackend("local", settings, place, here)


class TestLocal(RunnerConformance):
    @override
    def backend(self, place: Path) -> Backend:
        return local(place)


@pytest.mark.anyio
async def test_labs_share_the_slots(tmp_path: Path) -> None:
    async with local(tmp_path / "mine", slots=1) as mine, local(tmp_path / "yours") as yours:
        run = await sample_runs.start(mine, sample_runs.run_folder(tmp_path / "mine", "e0001-1", duration=LONG_SECONDS))
        assert (await mine.pool()).slots == 1
        assert await mine.free() == 0
        assert await yours.free() == 1
        assert ((await mine.pool()).taken, (await yours.pool()).taken) == (0, 1)
        with pytest.raises(NoCapacityError) as refused:
            await sample_runs.start(mine, sample_runs.run_folder(tmp_path / "mine", "e0002-1"))
        for part in (
            "no free slot (cpu) for e0002-1: of 1, this lab's runs hold 1, other labs on this machine 0",
            "list_gpus shows",
        ):
            assert part in str(refused.value)
        same_name = await sample_runs.start(yours, sample_runs.run_folder(tmp_path / "yours", "e0001-1"))
        assert sample_runs.result_of(await sample_runs.until(yours, same_name, Phase.FINISHED)).status == "succeeded"
        assert (await sample_runs.look(mine, run)).phase != "finished"
        await sample_runs.end(mine, run)
        assert await yours.free() == 2


@pytest.mark.anyio
async def test_a_runner_belongs_to_nobody_and_is_pinned_to_its_core(tmp_path: Path) -> None:
    backend = local(tmp_path, here=Devices("cpu", TWO.indices[:1], "cpu"))
    folder = sample_runs.run_folder(tmp_path, "e0001-1", duration=LONG_SECONDS)
    run = await sample_runs.start(backend, folder)
    await sample_runs.until(backend, run, Phase.RUNNING)
    pid = int((folder / "claim").read_text("ascii"))
    assert os.getsid(pid) == pid
    assert os.sched_getaffinity(pid) == {TWO.indices[0]}
    assert _opened(pid, 0) == Path(os.devnull)
    assert _opened(pid, 1) == _opened(pid, 2) == folder / "runner.log"
    await sample_runs.end(backend, run)


@pytest.mark.anyio
async def test_a_runner_that_ended_is_no_zombie(tmp_path: Path) -> None:
    backend = local(tmp_path)
    folder = sample_runs.run_folder(tmp_path, "e0001-1")
    run = await sample_runs.start(backend, folder)
    await sample_runs.until(backend, run, Phase.FINISHED)
    process = anyio.Path("/proc", (folder / "claim").read_text("ascii").strip())

    async def was_waited_for() -> bool:
        await sample_runs.look(backend, run)
        return not await process.exists()

    # The kernel frees the runner's locks some time before it is a zombie, so that one look may come too early.
    await until(was_waited_for)
    assert not await process.exists()


@pytest.mark.anyio
async def test_a_gpu_is_given_by_its_index(tmp_path: Path) -> None:
    backend = local(tmp_path, here=Devices("H100", (3,), "wall"))
    folder = sample_runs.run_folder(tmp_path, "e0001-1")
    run = await sample_runs.start(backend, folder)
    spec = (folder / "spec.json").read_text("utf-8")
    assert '"gpu": "3"' in spec
    assert '"device": "cuda"' in spec
    pool = await backend.pool()
    assert (pool.gpu, pool.clock, pool.slots) == ("H100", "wall", 1)
    async with backend:
        await sample_runs.until(backend, run, Phase.FINISHED)


@pytest.mark.anyio
async def test_a_group_is_taken_at_once_and_holds_nothing_while_it_waits(tmp_path: Path) -> None:
    async with local(tmp_path / "pair", gpus=2) as pair, local(tmp_path / "single") as single:
        first = await sample_runs.start(single, sample_runs.run_folder(tmp_path / "single", "e0001-1", duration=LONG_SECONDS))
        assert await pair.free() == 0
        with pytest.raises(NoCapacityError):
            await sample_runs.start(pair, sample_runs.run_folder(tmp_path / "pair", "e0001-1"))
        assert await single.free() == 1  # the device that is free isn't kept for the pair
        await sample_runs.end(single, first)
        assert (await pair.pool()).slots == await pair.free() == 1
        folder = sample_runs.run_folder(tmp_path / "pair", "e0002-1", duration=LONG_SECONDS)
        run = await sample_runs.start(pair, folder)
        assert json.loads((folder / "spec.json").read_text("utf-8"))["cores"] == [*TWO.indices]
        assert (await single.free(), await pair.free()) == (0, 0)
        assert (await single.pool()).taken == 2
        await sample_runs.end(pair, run)


@pytest.mark.anyio
async def test_a_group_of_gpus_is_a_kind_of_its_own(tmp_path: Path) -> None:
    backend = local(tmp_path, here=Devices("H100", (1, 3, 4), "wall"), gpus=2)
    pool = await backend.pool()
    assert (pool.gpu, pool.slots, pool.gpus_per_slot) == ("2xH100", 1, 2)
    folder = sample_runs.run_folder(tmp_path, "e0001-1")
    run = await sample_runs.start(backend, folder)
    assert json.loads((folder / "spec.json").read_text("utf-8"))["gpu"] == "1,3"
    async with backend:
        await sample_runs.until(backend, run, Phase.FINISHED)


@pytest.mark.anyio
async def test_a_machine_with_too_few_devices_for_a_group_says_so(tmp_path: Path) -> None:
    pool = await local(tmp_path, here=Devices("H100", (0,), "wall"), gpus=4).pool()
    assert pool.slots == 0
    assert "takes 4 GPUs of kind H100 at once, and this machine has 1" in pool.note


def test_of_two_groups_that_need_all_devices_one_gets_them(tmp_path: Path) -> None:
    slots = Slots("cpu", range(4), tmp_path)

    def take(_: int) -> DeviceSlot | None:
        try:
            return slots.take(tmp_path / "runs" / "e0001-1", count=4)
        except NoCapacityError:
            return None

    with ThreadPoolExecutor(4) as threads:
        for _ in range(50):
            taken = [slot for slot in threads.map(take, range(4)) if slot is not None]
            assert [slot.indices for slot in taken] == [(0, 1, 2, 3)]
            taken[0].release()


@pytest.mark.anyio
async def test_an_interpreter_that_is_not_there_is_named_by_the_result_of_the_run(tmp_path: Path) -> None:
    backend = local(tmp_path, python=str(tmp_path / "no-python"))
    run = await sample_runs.start(backend, sample_runs.run_folder(tmp_path, "e0001-1"))
    failure = sample_runs.result_of(await sample_runs.until(backend, run, Phase.FINISHED)).failure
    assert failure is not None
    assert failure.kind == "contract_broken"
    assert f"python of the pool in labhand.toml is '{tmp_path}/no-python'" in failure.message
    assert await backend.free() == 2


@pytest.mark.anyio
async def test_an_interpreter_without_labhand_runs_the_command(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv")
    backend = local(tmp_path / "runs", python=str(python))
    folder = sample_runs.run_folder(tmp_path / "runs", "e0001-1")
    (folder / "source" / "train.py").write_text(
        "import importlib.util, sys\n"
        "assert importlib.util.find_spec('labhand') is None\n"
        "print(sys.executable)\nprint('val_loss: 1')\n"
    )
    run = await sample_runs.start(backend, folder)
    result = sample_runs.result_of(await sample_runs.until(backend, run, Phase.FINISHED))
    assert result.score == 1, result.failure
    assert (folder / "log.txt").read_text().splitlines()[0] == str(python)


@pytest.mark.anyio
async def test_a_process_that_took_a_dead_ones_number_is_not_signalled(tmp_path: Path) -> None:
    backend = local(tmp_path)
    folder = sample_runs.run_folder(tmp_path, "e0001-1")
    bystander = _sleeper(tmp_path)
    try:
        (folder / "claim").write_text(str(bystander.pid), "ascii")
        run = sample_runs.sample_run("e0001-1", {"started": True})
        await backend.cancel(run)
        assert (await sample_runs.look(backend, run)).phase == "lost"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.anyio
async def test_a_claim_keeps_a_run_alive_where_the_slots_were_lost(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = local(tmp_path)
    run = await sample_runs.start(first, sample_runs.run_folder(tmp_path, "e0001-1", duration=LONG_SECONDS))
    await sample_runs.until(first, run, Phase.RUNNING)
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path_factory.mktemp("elsewhere")))
    later = local(tmp_path)
    assert (await sample_runs.look(later, run)).phase == "running"
    async with first:
        await sample_runs.end(later, run)


@pytest.mark.anyio
async def test_what_escaped_a_killed_runner_is_killed_before_the_run_is_lost(tmp_path: Path) -> None:
    backend = local(tmp_path)
    folder = sample_runs.run_folder(tmp_path, "e0001-1")
    (folder / "claim").write_text("1", "ascii")
    escaped = _sleeper(folder / "source", LABHAND_SEED="7")
    visitor = _sleeper(folder / "source")
    try:
        run = sample_runs.sample_run("e0001-1", {"started": True})

        async def is_lost() -> bool:
            escaped.poll()  # one that nobody waits for stays
            return (await sample_runs.look(backend, run)).phase == "lost"

        await until(is_lost)
        assert escaped.wait(PATIENCE_SECONDS) == -signal.SIGKILL
        assert visitor.poll() is None
    finally:
        visitor.kill()
        visitor.wait()


def _sleeper(place: Path, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=place, env={**os.environ, **variables})


def _opened(pid: int, descriptor: int) -> Path:
    return Path(f"/proc/{pid}/fd/{descriptor}").readlink()


def test_a_slot_stays_taken_while_any_process_holds_it(tmp_path: Path) -> None:
    slots = Slots("cpu", (0,), tmp_path)
    slot = slots.take(tmp_path / "runs" / "e0001-1")
    heir = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=slot.descriptors)
    slot.release()
    assert slots.taken() == {0: tmp_path / "runs" / "e0001-1"}
    with pytest.raises(NoCapacityError):
        slots.take(tmp_path / "runs" / "e0002-1")
    heir.communicate(b"\n")
    assert slots.taken() == {}


def test_two_who_look_at_once_see_a_free_slot_free(tmp_path: Path) -> None:
    slots = Slots("cpu", (0,), tmp_path)
    looker = os.open(tmp_path / "cpu-0", os.O_RDWR | os.O_CREAT)
    fcntl.flock(looker, fcntl.LOCK_SH)
    assert slots.taken() == {}
    os.close(looker)


def test_slots_are_shared_by_all_users(tmp_path: Path) -> None:
    place = tmp_path / "slots"
    Slots("cpu", (0,), place).take(tmp_path).release()
    assert place.stat().st_mode & 0o7777 == 0o1777
    assert (place / "cpu-0").stat().st_mode & 0o777 == 0o666
