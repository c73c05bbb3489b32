"""What this machine is seen to have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from labhand.server import machine


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Devices are looked for anew, and what a test's driver says is forgotten."""
    machine.forget_devices()
    yield
    machine.forget_devices()


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program that prints as `nvidia-smi` does on the PATH."""

    def install(script: str) -> None:
        command = tmp_path / "nvidia-smi"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return install


def test_gpus_of_the_most_frequent_kind_are_the_devices(driver: Callable[[str], None]) -> None:
    sxm = "NVIDIA H100 80GB HBM3, 81559, 570.1"
    driver(f"printf '0, {sxm}\\n1, Tesla T4, 15360, 570.1\\n2, {sxm}\\n'")

    assert machine.devices() == machine.Devices("H100-SXM", (0, 2), "wall")


def test_a_pcie_card_and_an_sxm_module_are_two_kinds(driver: Callable[[str], None]) -> None:
    driver("printf '0, NVIDIA H100 PCIe, 81559, 570.1\\n'")

    assert machine.devices().kind == "H100-PCIe"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver"; exit 9',
            "couldn't communicate",
        ),
        ("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18", "version mismatch"),
        ("echo 'No devices were found'", "No devices were found"),
        ("true", "reports no GPUs"),
        ("printf '0, NVIDIA H100 PCIe\\n'", "NVIDIA H100 PCIe"),
        ("printf 'ERR!, , , \\n'", "ERR!"),
    ],
)
def test_a_driver_that_does_not_work_is_told_and_makes_no_cpu_lab(
    driver: Callable[[str], None], script: str, reason: str
) -> None:
    driver(script)
    found = machine.devices()

    assert (found.kind, found.indices, found.clock) == ("unknown", (), "wall")
    assert reason in found.trouble


def test_a_driver_that_was_mended_is_seen_by_the_same_process(driver: Callable[[str], None]) -> None:
    driver("exit 9")
    assert machine.devices().trouble
    driver("printf '0, NVIDIA L4, 23034, 570.1\\n'")

    assert machine.devices() == machine.Devices("L4", (0,), "wall")


def test_a_machine_without_gpus_offers_its_cores_and_counts_cpu_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = machine.devices()
    assert (found.kind, found.clock) == ("cpu", "cpu")
    assert found.indices


def test_the_file_system_of_a_path_is_that_of_the_deepest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n/dev/b {tmp_path}/own ext4 rw 0 0\n")
    assert machine.file_system(tmp_path / "lab.db", mounts) == "nfs4"
    assert machine.file_system(tmp_path / "own" / "lab.db", mounts) == "ext4"
