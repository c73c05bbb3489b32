"""How many GPUs an experiment gets: what the trainer needs, and what a pool's settings give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from labhand.server.errors import SettingsError
from labhand.server.lab.fleet import estimates
from labhand.server.lab.fleet.launch_stratum import choose_launch_stratum
from labhand.server.lab.lab import Lab
from labhand.server.machine import devices
from labhand.server.pool_settings import LocalPool, SimulatedPool, SkyPilotPool, fitted_pools, grouped_kind
from labhand.trainer.contract.gpu_names import matching_kinds

from .lab import builders


def test_a_pool_gives_what_the_trainer_needs_unless_it_says_more() -> None:
    pools = {"a": LocalPool(backend="local"), "b": LocalPool(backend="local", gpus_per_experiment=4)}
    assert [pool.gpus_per_slot for pool in fitted_pools(pools, 2).values()] == [2, 4]
    assert [pool.gpus_per_slot for pool in fitted_pools(pools, 1).values()] == [1, 4]
    assert fitted_pools({"s": SimulatedPool(backend="simulated")}, 2)["s"].gpus_per_slot == 1


def test_gpus_that_processes_cannot_share_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"gpus_per_experiment=3 can't be shared out: the trainer's processes.count is 2"):
        fitted_pools({"a": LocalPool(backend="local", gpus_per_experiment=3)}, 2)


def test_a_cluster_that_is_too_small_is_refused() -> None:
    pool = SkyPilotPool(backend="skypilot", infra="aws", gpu="H100", gpus_per_cluster=2, max_clusters=3)
    assert fitted_pools({"a": pool}, 2)["a"].max_slots == 3
    with pytest.raises(SettingsError, match="gpus_per_cluster=2 is too few: an experiment takes 4 GPUs"):
        fitted_pools({"a": pool}, 4)


@pytest.mark.anyio
async def test_a_lab_gives_experiments_what_its_trainer_needs(tmp_path: Path) -> None:
    folder = tmp_path / "trainer"
    shutil.copytree(builders.TRAINERS / "parabola", folder)
    with (folder / "trainer.toml").open("a", encoding="utf-8") as file:
        file.write("\n[processes]\ncount = 2\n")
    cores = len(devices("cpu").indices)
    (tmp_path / "labhand.toml").write_text(f'trainer = "{folder}"\n[pools.local]\nbackend = "local"\ngpu = "cpu"\n', "utf-8")
    lab = await Lab.open(tmp_path, wake=builders.Woken())
    try:
        [pool] = await lab.pools()
        assert (pool.gpus_per_slot, pool.slots, pool.gpu) == (2, cores // 2, "cpu")
        setting = await choose_launch_stratum(lab, None, None, 5.0, needs_slots=False)
        each = await estimates.gpu_seconds_each(lab.db, setting, lab.trainer)
        assert each == pytest.approx(2 * (5.0 + estimates.OVERHEAD_SHARE * 15))
        ahead = await estimates.queue_ahead(lab.db, setting)
        one = estimates.estimate(setting, each, 1, ahead)
        assert one.gpu_seconds == pytest.approx(each, abs=0.1)
        assert one.done_in_seconds == pytest.approx(each / 2, abs=0.1)
    finally:
        await lab.close()


def test_a_group_is_named_and_found_by_its_kind() -> None:
    assert (grouped_kind("H100-SXM", 4), grouped_kind("H100-SXM", 1), grouped_kind("cpu", 2)) == (
        "4xH100-SXM",
        "H100-SXM",
        "cpu",
    )
    assert matching_kinds("H100", ["4xH100-SXM"]) == ["4xH100-SXM"]
    assert matching_kinds("2xH100", ["4xH100-SXM"]) == []
    assert matching_kinds("4xh100", ["4xH100-SXM", "H100-SXM"]) == ["4xH100-SXM"]
