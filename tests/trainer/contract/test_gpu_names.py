"""One rule for a GPU's name, which keeps what changes speed."""

from __future__ import annotations

import pytest
from labhand.trainer.contract.gpu_names import gpu_kind, matching_kinds


@pytest.mark.parametrize(
    ("name", "memory_mib", "kind"),
    [
        ("NVIDIA H100 80GB HBM3", 81559, "H100-SXM"),
        ("NVIDIA H100 PCIe", 81559, "H100-PCIe"),
        ("NVIDIA H100 80GB HBM2e", 81559, "H100-PCIe"),
        ("NVIDIA H100 NVL", 95830, "H100-NVL"),
        ("NVIDIA H200", 143771, "H200"),
        ("NVIDIA H200 NVL", 143771, "H200-NVL"),
        ("NVIDIA H20", 97871, "H20"),
        ("NVIDIA H800", 81559, "H800"),
        ("NVIDIA B200", 183359, "B200"),
        ("NVIDIA GB200", 189471, "GB200"),
        ("NVIDIA GH200 480GB", 97871, "GH200-96GB"),
        ("NVIDIA GH200 144G HBM3e", 147456, "GH200-144GB"),
        ("NVIDIA A100-SXM4-40GB", 40960, "A100-SXM-40GB"),
        ("NVIDIA A100-SXM4-80GB", 81920, "A100-SXM-80GB"),
        ("NVIDIA A100-SXM-64GB", 65536, "A100-SXM-64GB"),
        ("NVIDIA A100-PCIE-40GB", 40960, "A100-PCIe-40GB"),
        ("NVIDIA A100 80GB PCIe", 81920, "A100-PCIe-80GB"),
        ("A100-SXM4-40GB", None, "A100-SXM-40GB"),
        ("NVIDIA A800-SXM4-80GB", 81920, "A800-SXM-80GB"),
        ("NVIDIA A30", 24576, "A30"),
        ("NVIDIA A10", 23028, "A10"),
        ("NVIDIA A10G", 23028, "A10G"),
        ("Tesla V100-SXM2-16GB", 16160, "V100-SXM-16GB"),
        ("Tesla V100-SXM2-32GB", 32510, "V100-SXM-32GB"),
        ("Tesla V100-PCIE-16GB", 16160, "V100-PCIe-16GB"),
        ("Tesla V100S-PCIE-32GB", 32510, "V100S-PCIe-32GB"),
        ("Tesla P100-PCIE-16GB", 16384, "P100-PCIe-16GB"),
        ("NVIDIA L4", 23034, "L4"),
        ("NVIDIA L40S", 46068, "L40S"),
        ("Tesla T4", 15360, "T4"),
        ("NVIDIA GeForce RTX 4090", 24564, "RTX4090"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 16376, "RTX4090-Laptop"),
        ("NVIDIA GeForce RTX 3060", 12288, "RTX3060-12GB"),
        ("NVIDIA GeForce RTX 3060", 8192, "RTX3060-8GB"),
        ("NVIDIA GeForce RTX 3060", None, "RTX3060"),
        ("NVIDIA GeForce RTX 3060 Laptop GPU", 6144, "RTX3060-Laptop"),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 16376, "RTX4070TiSUPER"),
        ("NVIDIA GeForce RTX 2080 with Max-Q Design", 8192, "RTX2080-MaxQ"),
        ("GeForce GTX 1080 Ti", 11264, "GTX1080Ti"),
        ("NVIDIA TITAN RTX", 24576, "TITANRTX"),
        ("NVIDIA RTX 6000 Ada Generation", 49140, "RTX6000Ada"),
        ("NVIDIA RTX A6000", 49140, "RTXA6000"),
        ("Quadro RTX 6000", 24576, "QuadroRTX6000"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 97887, "RTXPRO6000Blackwell"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97887, "RTXPRO6000Blackwell-Server"),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", 97887, "RTXPRO6000Blackwell-MaxQ"),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", 81559, "H100-MIG-1g.10gb"),
        ("NVIDIA A100-SXM4-40GB MIG 3g.20gb", 40960, "A100-MIG-3g.20gb"),
        ("NVIDIA GB10", None, "GB10"),
        ("NVIDIA", None, "unknown"),
    ],
)
def test_a_kind_keeps_model_form_factor_memory_profile_and_variant(name: str, memory_mib: float | None, kind: str) -> None:
    assert gpu_kind(name, memory_mib) == kind


def test_a_name_that_is_asked_for_allows_every_kind_that_it_does_not_exclude() -> None:
    kinds = ["H100-SXM", "H100-PCIe", "H200", "A100-SXM-40GB", "A100-SXM-80GB"]

    assert matching_kinds("h100", kinds) == ["H100-SXM", "H100-PCIe"]
    assert matching_kinds("H100-PCIe", kinds) == ["H100-PCIe"]
    assert matching_kinds("A100-80GB", kinds) == ["A100-SXM-80GB"]
    assert matching_kinds("L4", kinds) == []


def test_a_kind_of_exactly_the_asked_name_comes_before_the_others() -> None:
    assert matching_kinds("rtx4090", ["RTX4090", "RTX4090-Laptop"]) == ["RTX4090"]
