"""One rule names GPUs, and it keeps what changes speed."""

from __future__ import annotations

import pytest
from labhand.trainer.contract.gpu_names import gpu_kind, is_of_kind, matching_kinds

NAMES = {
    "NVIDIA H100 80GB HBM3": "H100-SXM",
    "NVIDIA H100 PCIe": "H100-PCIe",
    "NVIDIA H100 NVL": "H100-NVL",
    "NVIDIA H100 64GB HBM3": "H100-SXM-64GB",
    "NVIDIA H200": "H200",
    "NVIDIA H200 NVL": "H200-NVL",
    "NVIDIA H20": "H20",
    "NVIDIA H20-3e": "H20-3e",
    "NVIDIA B200": "B200",
    "NVIDIA GB200": "GB200",
    "NVIDIA GH200 480GB": "GH200-480GB",
    "NVIDIA A100-SXM4-40GB": "A100-SXM-40GB",
    "NVIDIA A100-SXM4-80GB": "A100-SXM-80GB",
    "NVIDIA A100-SXM-64GB": "A100-SXM-64GB",
    "NVIDIA A100-PCIE-40GB": "A100-PCIe-40GB",
    "NVIDIA A100 80GB PCIe": "A100-PCIe-80GB",
    "A100-SXM4-40GB": "A100-SXM-40GB",
    "NVIDIA A100-SXM4-40GB MIG 1g.5gb": "A100-SXM-40GB-MIG-1g.5gb",
    "NVIDIA H100 80GB HBM3 MIG 1g.10gb+me": "H100-SXM-MIG-1g.10gb+me",
    "NVIDIA A30": "A30",
    "NVIDIA A10G": "A10G",
    "NVIDIA A40": "A40",
    "NVIDIA L4": "L4",
    "NVIDIA L40S": "L40S",
    "Tesla T4": "T4",
    "Tesla V100-SXM2-16GB": "V100-SXM-16GB",
    "Tesla V100-SXM2-32GB": "V100-SXM-32GB",
    "Tesla V100-PCIE-16GB": "V100-PCIe-16GB",
    "Tesla V100S-PCIE-32GB": "V100S-PCIe-32GB",
    "Tesla V100-DGXS-32GB": "V100-DGXS-32GB",
    "Tesla P100-PCIE-12GB": "P100-PCIe-12GB",
    "Tesla K80": "K80",
    "NVIDIA GeForce RTX 4090": "RTX4090",
    "NVIDIA GeForce RTX 4090 D": "RTX4090-D",
    "NVIDIA GeForce RTX 4090 Laptop GPU": "RTX4090-Laptop",
    "NVIDIA GeForce RTX 4070 Ti SUPER": "RTX4070TiSUPER",
    "NVIDIA GeForce RTX 2080 with Max-Q Design": "RTX2080-with-MaxQ-Design",
    "NVIDIA GeForce GTX 1080 Ti": "GTX1080Ti",
    "NVIDIA RTX A6000": "RTXA6000",
    "NVIDIA RTX 6000 Ada Generation": "RTX6000-Ada",
    "Quadro RTX 6000": "Quadro-RTX6000",
    "NVIDIA RTX PRO 6000 Blackwell Server Edition": "RTXPRO6000-Blackwell-Server",
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition": "RTXPRO6000-Blackwell-Workstation",
    "NVIDIA TITAN RTX": "TITAN-RTX",
    "": "unknown",
}


@pytest.mark.parametrize(("name", "kind"), NAMES.items())
def test_a_kind_keeps_memory_form_factor_and_variant(name: str, kind: str) -> None:
    assert gpu_kind(name) == kind


def test_no_two_gpus_of_unlike_speed_have_one_kind() -> None:
    kinds = [gpu_kind(name) for name in NAMES if name != "A100-SXM4-40GB"]

    assert len(set(kinds)) == len(kinds)


@pytest.mark.parametrize(
    ("name", "memory_mib", "kind"),
    [
        ("NVIDIA GeForce RTX 3060", 12288, "RTX3060-12GB"),
        ("NVIDIA GeForce RTX 3060", 8192, "RTX3060-8GB"),
        ("NVIDIA GeForce RTX 3080", 10240, "RTX3080-10GB"),
        ("NVIDIA GeForce RTX 4060 Ti", 16380, "RTX4060Ti-16GB"),
        ("NVIDIA H20", 97871, "H20-96GB"),
        ("NVIDIA H20", 144384, "H20-141GB"),
        ("NVIDIA A100-SXM4-80GB", 81920, "A100-SXM-80GB"),
        ("NVIDIA H100 80GB HBM3", 81559, "H100-SXM"),
        ("NVIDIA GeForce RTX 4090", 24564, "RTX4090"),
    ],
)
def test_memory_tells_models_apart_whose_names_do_not(name: str, memory_mib: float, kind: str) -> None:
    assert gpu_kind(name, memory_mib) == kind


def test_a_name_that_is_asked_for_allows_every_kind_that_it_does_not_exclude() -> None:
    assert is_of_kind("H100", "H100-SXM")
    assert is_of_kind("a100-80gb", "A100-SXM-80GB")
    assert not is_of_kind("A100-80GB", "A100-SXM-40GB")
    assert not is_of_kind("H100-PCIe", "H100-SXM")
    assert not is_of_kind("H100", "H200")


def test_a_kind_of_exactly_the_asked_name_comes_before_the_others() -> None:
    assert matching_kinds("rtx4090", ["RTX4090", "RTX4090-Laptop"]) == ["RTX4090"]
    assert matching_kinds("H100", ["H100-SXM", "H100-PCIe", "H200"]) == ["H100-SXM", "H100-PCIe"]
    assert matching_kinds("L4", ["H100-SXM"]) == []
