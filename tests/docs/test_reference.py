"""The generated pages are those that the code makes now."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labhand.server.pool_settings import POOL_TYPES
from labhand.tools.app import TOOLS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))


def test_the_reference_pages_are_fresh(generator: dict[str, Any]) -> None:
    pages: Callable[[], dict[Path, str]] = generator["pages"]
    stale = [path.name for path, text in pages().items() if path.read_text("utf-8") != text]

    assert stale == [], "run: make docs"


def test_the_reference_has_the_settings_of_every_backend(generator: dict[str, Any]) -> None:
    tables = {settings for _, settings in generator["TABLES"].values()}

    assert [pool.__name__ for pool in POOL_TYPES if pool not in tables] == []


def test_the_readme_lists_the_tools() -> None:
    listed = re.findall(r"^\| \[`(\w+)`\]", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)

    assert listed == [tool.name for tool in TOOLS]
