"""What there is to run on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server import machine
from labhand.server.errors import SettingsError
from labhand.server.lab.fleet.gpus import list_gpus
from labhand.server.lab.fleet.launch_stratum import choose_launch_stratum
from labhand.server.lab.lab import Lab
from labhand.server.store.money import pools as store

from .. import builders, writing

pytestmark = pytest.mark.anyio


async def other_pool(lab: Lab, **about: object) -> None:
    """Give the one pool of the settings, as the dispatcher would, other facts."""
    [pool] = await lab.pools()
    async with lab.db.transaction() as tx:
        await store.save(tx, [replace(pool, **about)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_fresh_lab_says_at_once_what_there_is(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, slots=3) as lab:
        told = await list_gpus(lab)
    [pool] = told.pools
    assert (pool.pool, pool.total, pool.free, pool.running, pool.queued) == ("local", 3, 3, 0, 0)
    assert told.budget_seconds == 5
    assert told.clock == "cpu"


async def test_what_runs_and_waits_is_counted(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, slots=3) as lab:
        gpu = (await lab.pools())[0].gpu
        running = await builders.experiment(lab, status="running", gpu=gpu)
        await builders.run(lab, running)
        await builders.experiment(lab, gpu=gpu)
        await builders.experiment(lab, gpu="elsewhere")
        [pool] = (await list_gpus(lab)).pools
    assert (pool.free, pool.running, pool.queued) == (2, 1, 1)


async def test_a_pool_that_cannot_be_used_has_nothing_free_and_says_why(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await other_pool(lab, note="the data is not prepared", as_of=1.0)
        [pool] = (await list_gpus(lab)).pools
    assert (pool.free, pool.note) == (0, "the data is not prepared")
    assert pool.as_of_seconds_ago is not None


async def test_what_other_labs_on_the_machine_hold_is_not_free(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, slots=3) as lab:
        await other_pool(lab, taken=2)
        told = await list_gpus(lab)
    assert (told.pools[0].free, told.pools[0].taken) == (1, 2)
    assert told.lab is not None
    assert told.lab.idle_gpus == 1


async def test_kinds_are_compared_by_the_tokens_a_second_of_the_baseline(tmp_path: Path) -> None:
    more = '[pools.second]\nbackend = "local"\nslots = 1\n'
    async with builders.lab(tmp_path, more=more) as lab:
        first, second = await lab.pools()
        async with lab.db.transaction() as tx:
            await store.save(tx, [replace(first, gpu="H100"), replace(second, gpu="H200")])
        for gpu, tokens in (("H100", 1000), ("H100", 1010), ("H200", 1500), ("B200", 9000)):
            measured = {"measures": {"tokens": tokens}, "seconds": {"training": 10.0}}
            await builders.experiment(lab, score=1.9, gpu=gpu, result=measured)
        await builders.experiment(lab, score=1.9, gpu="H200", result={})
        told = await list_gpus(lab)
    assert {pool.gpu: pool.relative_speed for pool in told.pools} == {"H100": 1.0, "H200": 1.49}


async def test_where_the_gpu_driver_is_broken_launches_are_refused_and_the_pool_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, place = tmp_path / "bin" / "nvidia-smi", tmp_path / "lab"
    place.mkdir()
    command.parent.mkdir()
    command.write_text("#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'; exit 18\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    machine.devices.cache_clear()
    try:
        async with writing.opened(place) as lab:
            [pool] = (await list_gpus(lab)).pools
            with pytest.raises(SettingsError, match=r"No experiment can run on unknown: local: .*version mismatch.*doctor"):
                await choose_launch_stratum(lab, None, None, None)
        assert (pool.gpu, pool.total, pool.free) == ("unknown", 0, 0)
        assert "repair the driver" in pool.note
    finally:
        machine.devices.cache_clear()
