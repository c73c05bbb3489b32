"""The picture of the house, import-linter's contracts and the code say the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

from .markdown import blocks

ROOT = Path(__file__).parents[2]
BOX = re.compile(r'^\s*(\w+)\["([\w, ]+)<br/>', re.MULTILINE)
ARROW = re.compile(r"^\s*(\w+) --> (\w+)$", re.MULTILINE)


@cache
def picture() -> str:
    (text,) = blocks(ROOT / "docs" / "architecture.md", "mermaid")
    return text


@cache
def boxes() -> Mapping[str, frozenset[str]]:
    """The modules that each box names, in full."""
    return {box: frozenset(map(full_name, names.split(", "))) for box, names in BOX.findall(picture())}


def full_name(module: str) -> str:
    return f"labhand.{module}" if module in {"tools", "trainer"} else f"labhand.server.{module}"


@cache
def arrows() -> frozenset[tuple[str, str]]:
    return frozenset(ARROW.findall(picture()))


@cache
def below(box: str) -> frozenset[str]:
    """The boxes that arrows lead to."""
    direct = {target for source, target in arrows() if source == box}
    return frozenset(direct.union(*map(below, direct)))


@cache
def contracts() -> Mapping[str, Mapping[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


def floors() -> Mapping[str, int]:
    """The floor of each module of the server, 0 at the top. What is in brackets isn't built yet."""
    layers = contracts()["floors"]["layers"]
    named = ((name, floor) for floor, layer in enumerate(layers) for name in re.split(r"\s*[|:]\s*", layer))
    return {full_name(name): floor for name, floor in named if not name.startswith("(")}


def test_the_picture_and_the_contracts_name_the_same_modules() -> None:
    pictured = frozenset[str]().union(*boxes().values())

    assert pictured == {*floors(), "labhand.tools", "labhand.trainer"}


def test_the_arrows_of_the_picture_go_down_the_floors() -> None:
    def floor(box: str) -> list[int]:
        return [floors()[module] for module in boxes()[box] if module in floors()]

    compared = [(source, target) for source, target in arrows() if floor(source) and floor(target)]

    assert [pair for pair in compared if max(floor(pair[0])) >= min(floor(pair[1]))] == []


@pytest.mark.parametrize("id", [name for name, contract in contracts().items() if contract["type"] == "forbidden"])
def test_no_way_through_the_picture_leads_where_a_contract_forbids(id: str) -> None:
    contract = contracts()[id]
    forbidden = {box for box, modules in boxes().items() if modules & set(contract["forbidden_modules"])}
    sources = {box for box, modules in boxes().items() if modules & set(contract["source_modules"])}

    def reached(box: str) -> frozenset[str]:
        direct = frozenset(target for source, target in arrows() if source == box)
        return direct if contract.get("allow_indirect_imports") else below(box)

    assert {box: reached(box) & forbidden for box in sources if reached(box) & forbidden} == {}


def test_the_code_imports_along_the_arrows_and_every_arrow_is_an_import() -> None:
    graph = grimp.build_graph("labhand.server", "labhand.tools", "labhand.trainer")
    owner = {module: box for box, modules in boxes().items() for module in modules}

    def box_of(module: str) -> str | None:
        return next((owner[name] for name in owner if module == name or module.startswith(f"{name}.")), None)

    imports = {
        (box_of(source), box_of(target))
        for source in graph.modules
        for target in graph.find_modules_directly_imported_by(source)
    }
    between = {(source, target) for source, target in imports if source and target and source != target}

    assert {(source, target) for source, target in between if target not in below(source)} == set()
    assert arrows() - between == set()
