"""docs/architecture.md names files and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .markdown import blocks, section, table_rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
CHANGES = table_rows(section(PAGE, "Where to change what"))
MAX_FILES = 3


def paths(cell: str) -> list[str]:
    """The backticked paths of a table's cell."""
    return [text for text in re.findall(r"`([^`]+)`", cell) if "/" in text]


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
