"""What this machine is seen to have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from labhand.server import machine
from labhand.trainer.contract import nvidia
from labhand.trainer.contract.run_spec import RunSpec
from labhand.trainer.run.environment import scrubbed
from labhand.trainer.run.machine import describe_device


@pytest.fixture
def fresh_devices() -> Iterator[None]:
    """`devices` looks anew."""
    machine.devices.cache_clear()
    yield
    machine.devices.cache_clear()


def with_nvidia_smi(place: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program called nvidia-smi on PATH."""
    command = place / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


H100, T4 = "NVIDIA H100 80GB HBM3, 81559, 570.86", "Tesla T4, 15360, 570.86"


@pytest.mark.usefixtures("fresh_devices")
def test_gpus_of_the_most_frequent_kind_are_the_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvidia_smi(tmp_path, monkeypatch, f"printf '0, {H100}\\n1, {T4}\\n2, {H100}\\n'")
    assert machine.devices() == machine.Devices("H100-SXM", (0, 2), "wall")


BIG, SMALL = "NVIDIA GeForce RTX 4090, 49140, 570.86", "NVIDIA GeForce RTX 4090, 24564, 570.86"
DISPLAY = "NVIDIA T400 4GB, 4096, 570.86"


@pytest.mark.usefixtures("fresh_devices")
def test_gpus_of_one_name_and_unlike_memory_are_slots_of_two_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvidia_smi(tmp_path, monkeypatch, f"printf '0, {SMALL}\\n1, {BIG}\\n2, {SMALL}\\n'")
    assert machine.devices() == machine.Devices("RTX4090-24GB", (0, 2), "wall")
    assert machine.devices("RTX4090-48GB") == machine.Devices("RTX4090-48GB", (1,), "wall")
    assert machine.other_kinds(machine.devices()) == ["RTX4090-48GB"]
    for gpu, kind in (("0", "RTX4090-24GB"), ("1", "RTX4090-48GB"), ("2", "RTX4090-24GB")):
        assert describe_device(RunSpec("e0001-1", "e0001", 1, 1.0, "wall", "cuda", gpu=gpu)).kind == kind
    assert machine.devices("RTX4090").problem.startswith("gpu = 'RTX4090' means several kinds here: RTX4090-24GB, RTX4090-48GB")


@pytest.mark.usefixtures("fresh_devices")
def test_memory_that_the_driver_reserves_makes_no_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvidia_smi(tmp_path, monkeypatch, f"printf '0, {H100}\\n1, NVIDIA H100 80GB HBM3, 80995, 570.86\\n'")
    assert machine.devices() == machine.Devices("H100-SXM", (0, 1), "wall")


@pytest.mark.usefixtures("fresh_devices")
def test_of_equally_many_gpus_the_larger_one_trains_and_not_the_one_for_the_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nvidia_smi(tmp_path, monkeypatch, f"printf '0, {DISPLAY}\\n1, {BIG}\\n'")
    assert machine.devices() == machine.Devices("RTX4090", (1,), "wall")


@pytest.mark.usefixtures("fresh_devices")
@pytest.mark.parametrize(
    ("gpu", "devices"),
    [
        ("H100-PCIe", machine.Devices("H100-PCIe", (1,), "wall")),
        ("h100-sxm", machine.Devices("H100-SXM", (0,), "wall")),
        ("T4", machine.Devices("T4", (2,), "wall")),
    ],
)
def test_a_pool_has_the_kind_that_it_names_and_no_other_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: str, devices: machine.Devices
) -> None:
    with_nvidia_smi(tmp_path, monkeypatch, f"printf '0, {H100}\\n1, NVIDIA H100 PCIe, 81559, 570.86\\n2, {T4}\\n'")
    assert machine.devices(gpu) == devices
    assert machine.devices("CPU").kind == "cpu"
    assert "isn't on this machine, which has H100-PCIe, H100-SXM, T4" in machine.devices("B200").problem


@pytest.mark.usefixtures("fresh_devices")
def test_a_run_on_a_sound_gpu_is_described_beside_a_broken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = "0, [GPU requires reset], 81559, 570.86"
    script = f'case "$*" in *--id=1*) echo "1, {H100}" ;; *) printf "{broken}\\n1, {H100}\\n" ;; esac'
    with_nvidia_smi(tmp_path, monkeypatch, script)
    assert describe_device(RunSpec("e0001-1", "e0001", 1, 1.0, "wall", "cuda", gpu="1")).kind == "H100-SXM"


def test_an_experiment_numbers_gpus_as_the_driver_does(tmp_path: Path) -> None:
    environment = scrubbed(RunSpec("e0001-1", "e0001", 1, 1.0, "wall", "cuda", gpu="1"), tmp_path)
    assert (environment["CUDA_DEVICE_ORDER"], environment["CUDA_VISIBLE_DEVICES"]) == ("PCI_BUS_ID", "1")


@pytest.mark.usefixtures("fresh_devices")
def test_server_and_runner_name_a_gpu_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvidia_smi(tmp_path, monkeypatch, "echo '0, NVIDIA A100 80GB PCIe, 81920, 570.86'")
    spec = RunSpec("e0001-1", "e0001", 1, 1.0, "wall", "cuda", gpu="0")
    assert machine.devices().kind == describe_device(spec).kind == "A100-PCIe-80GB"


@pytest.mark.usefixtures("fresh_devices")
def test_a_gpu_cut_into_slices_is_named_by_its_first_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        'case "$*" in *--list-gpus*) printf "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-1a)\\n'
        '  MIG 1g.5gb      Device  0: (UUID: MIG-2b)\\n  MIG 2g.10gb     Device  1: (UUID: MIG-3c)\\n" ;;'
        " *) echo '0, NVIDIA A100-SXM4-40GB, 40960, 570.86' ;; esac"
    )
    with_nvidia_smi(tmp_path, monkeypatch, script)
    assert machine.devices().kind == "A100-MIG-1g.5gb"
    spec = RunSpec("e0001-1", "e0001", 1, 1.0, "wall", "cuda", gpu="MIG-3c")
    assert describe_device(spec).kind == "A100-MIG-2g.10gb"


@pytest.mark.usefixtures("fresh_devices")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'No devices were found'; exit 6", "ended with status 6: No devices were found"),
        ("echo 'No devices were found'", "isn't a GPU: 'No devices were found'"),
        (
            "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9",
            "status 9: NVIDIA-SMI has",
        ),
        ("echo 'Failed to initialize NVML: Driver/library version mismatch' >&2; exit 18", "version mismatch"),
        ("echo '0, NVIDIA H100 80G'", "isn't a GPU"),
        ("echo '0, [GPU requires reset], 81559, 570.86'; echo '[Unknown Error]'", "isn't a GPU"),
        ("echo '0, ERR!, [N/A], 570.86'", "isn't a GPU"),
        ("true", "lists no GPU"),
        ("exec sleep 60", "didn't answer within"),
        ("exit 1", "ended with status 1: it printed nothing"),
    ],
)
def test_a_broken_driver_is_no_machine_without_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    monkeypatch.setattr(nvidia, "SECONDS", 1.0)
    with_nvidia_smi(tmp_path, monkeypatch, script)
    devices = machine.devices()
    assert (devices.kind, devices.indices, devices.clock) == ("unknown", (), "wall")
    assert message in devices.problem
    assert "repair the driver" in devices.problem


@pytest.mark.usefixtures("fresh_devices")
def test_gpus_that_are_hidden_are_not_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvidia_smi(tmp_path, monkeypatch, "exit 9")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.devices().kind == "cpu"


def test_a_machine_without_gpus_offers_its_cores_and_counts_cpu_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    machine.devices.cache_clear()
    try:
        found = machine.devices()
    finally:
        machine.devices.cache_clear()
    assert (found.kind, found.clock) == ("cpu", "cpu")
    assert found.indices
