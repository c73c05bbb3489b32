"""The packages of an idea: names with versions, and nothing that could be an address or an option."""

from __future__ import annotations

import pytest
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.trainer_folder.packages import package_name, packages_content, read_packages


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("einops", "einops"),
        ("Flash_Attn==2.1", "flash-attn"),
        ("torch.audio >= 2, < 3", "torch-audio"),
        ("lion-pytorch[all]~=0.1", "lion-pytorch"),
    ],
)
def test_a_package_has_a_name(requirement: str, name: str) -> None:
    assert package_name(requirement) == name


@pytest.mark.parametrize(
    "requirement",
    [
        "",
        "-r other.txt",
        "--index-url=http://evil",
        "einops @ http://evil/einops.whl",
        "git+https://evil/x",
        "./einops",
        "einops; python_version > '3'",
        "a" * 200,
        "einops==1\n--index-url=http://evil",
    ],
)
def test_nothing_else_is_a_package(requirement: str) -> None:
    with pytest.raises(ContractError, match="is no package"):
        package_name(requirement)


def test_the_file_holds_a_requirement_on_each_line() -> None:
    content = packages_content(["timm", "einops==0.8"])
    assert content == b"einops==0.8\ntimm\n"
    assert read_packages(content) == {"einops": "einops==0.8", "timm": "timm"}
    assert read_packages(None) == {}
    with pytest.raises(ContractError, match="names 21 packages, and 20 are the most"):
        read_packages(packages_content(f"package{number}" for number in range(21)))
