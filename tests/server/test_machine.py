"""What this machine is seen to have."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server import machine


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA A100-SXM4-40GB", "A100"),
        ("NVIDIA A100 80GB PCIe", "A100"),
        ("NVIDIA GeForce RTX 4090", "RTX4090"),
        ("Tesla V100-SXM2-16GB", "V100"),
        ("NVIDIA L40S", "L40S"),
    ],
)
def test_the_kind_of_a_gpu_is_its_name_without_maker_and_memory(name: str, kind: str) -> None:
    assert machine.short_kind(name) == kind


def test_gpus_of_the_most_frequent_kind_are_the_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\nprintf '0, NVIDIA H100 80GB HBM3\\n1, NVIDIA T4\\n2, NVIDIA H100 80GB HBM3\\n'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    machine.devices.cache_clear()
    try:
        assert machine.devices() == machine.Devices("H100", (0, 2), "wall")
    finally:
        machine.devices.cache_clear()


def test_a_machine_without_gpus_offers_its_cores_and_counts_cpu_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    machine.devices.cache_clear()
    try:
        found = machine.devices()
    finally:
        machine.devices.cache_clear()
    assert (found.kind, found.clock) == ("cpu", "cpu")
    assert found.indices


def test_the_file_system_of_a_path_is_that_of_the_deepest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n/dev/b {tmp_path}/own ext4 rw 0 0\n")
    assert machine.file_system(tmp_path / "lab.db", mounts) == "nfs4"
    assert machine.file_system(tmp_path / "own" / "lab.db", mounts) == "ext4"
