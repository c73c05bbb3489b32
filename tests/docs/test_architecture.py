"""docs/architecture.md names files and folders that exist, and what it says that tests hold, they hold."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from labhand.server.domain import Picture
from labhand.server.pool_settings import POOL_TYPES

from .markdown import blocks, section, table_rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
CHANGES = table_rows(section(PAGE, "Where to change what"))
MAX_FILES = 3


def paths(cell: str) -> list[str]:
    """The backticked paths of a table's cell, with the names of modules that stand without a folder."""
    return [text for text in re.findall(r"`([^`]+)`", cell) if "/" in text or text.endswith(".py")]


def listed_folders(block: str) -> set[str]:
    """The folders of a tree in which each level is indented by two more spaces."""
    parents: list[str] = []
    folders: set[str] = set()
    for indent, name in re.findall(r"^( *)(\w+)/ ", block, re.MULTILINE):
        parents = [*parents[: len(indent) // 2], name]
        folders.add("/".join(parents))
    return folders


@pytest.mark.parametrize(("change", "files"), CHANGES, ids=[change for change, _ in CHANGES])
def test_the_files_of_a_change_exist(change: str, files: str) -> None:
    """A path with NAME is a pattern, which today's tools, backends and so on must match."""
    named = paths(files)

    assert [path for path in named if not list(ROOT.glob(path.replace("NAME", "*")))] == []
    assert 1 <= len(named) <= MAX_FILES + (change == "a backend")


def test_the_tree_lists_every_folder_of_code() -> None:
    (tree,) = [block for block in blocks(PAGE, "") if block.startswith("server/")]
    modules = [path for top in ("server", "tools", "trainer", "prompts") for path in (ROOT / top).rglob("__init__.py")]
    folders = {str(path.parent.relative_to(ROOT)) for path in modules}
    inside_one_line = {"server/backends/local", "server/backends/simulated", "server/backends/skypilot", "trainer/data/sources"}

    assert folders - inside_one_line - listed_folders(tree) == set()
    assert [folder for folder in listed_folders(tree) if not (ROOT / folder).is_dir()] == []


def test_each_backend_is_held_apart_from_the_others_and_has_settings() -> None:
    backends = {path.name for path in (ROOT / "server" / "backends").iterdir() if (path / "__init__.py").exists()}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (apart,) = [contract["modules"] for contract in contracts if contract["id"] == "backends"]

    assert {module.rpartition(".")[2] for module in apart} == backends
    assert {name for pool in POOL_TYPES for name in get_args(pool.model_fields["backend"].annotation)} == backends


@pytest.mark.parametrize("template", ["report.html", "report.md"])
def test_each_plot_has_its_place_in_the_report(template: str) -> None:
    text = (ROOT / "server" / "commands" / "templates" / template).read_text("utf-8")

    assert [name for name in get_args(Picture) if f"figure('{name}')" not in text] == []
