"""The pages name every tool with every argument, and every setting."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhand.server.settings import Allowance, Http, LocalPool, Section, Settings, SimulatedPool, SkyPilotPool, load_settings
from labhand.server.source.trainer_folder import load_trainer
from labhand.tools.app import TOOLS
from labhand.tools.registry import LabTool
from pydantic import BaseModel

from .markdown import blocks, section

ROOT = Path(__file__).parents[2]


def quoted(text: str) -> set[str]:
    """The words that stand in backticks."""
    return set(re.findall(r"`([\w ]+)`", text))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_page_of_tools_tells_every_tool_with_all_its_arguments(tool: LabTool) -> None:
    text = section(ROOT / "docs" / "tools.md", tool.name)
    arguments = set(inspect.signature(tool.function).parameters) - {"ctx"}

    assert text, f"docs/tools.md has no section {tool.name}"
    assert arguments - quoted(text) == set()
    assert text.lstrip().startswith("*Reads.*") == tool.read_only


def test_the_page_of_tools_tells_of_no_tool_that_is_gone() -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "tools.md").read_text("utf-8"), re.MULTILINE)

    assert headings == [tool.name for tool in TOOLS]


def test_the_readme_lists_the_tools() -> None:
    listed = re.findall(r"^\| \[`(\w+)`\]", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)

    assert listed == [tool.name for tool in TOOLS]


def keys(*tables: type[BaseModel]) -> Iterator[str]:
    for table in tables:
        for name, field in table.model_fields.items():
            if not (isinstance(field.annotation, type) and issubclass(field.annotation, Section)):
                yield name


def test_the_page_of_settings_tells_every_key() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")

    expected = set(keys(Settings, Allowance, LocalPool, SkyPilotPool, SimulatedPool, Http)) - {"pools"}
    assert {key for key in expected if not re.search(rf"^{key} = ", text, re.MULTILINE)} == set()


TRAINER_PAGES = {"trainers.md", "data.md", "integrity.md"}
"""Their examples are of `trainer.toml`."""


def settings_shown() -> Iterator[tuple[str, str]]:
    """Every `labhand.toml`, or part of one, that a page shows, with where."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        if page.name not in TRAINER_PAGES:
            yield from ((f"{page.name} {number}", text) for number, text in enumerate(blocks(page, "toml"), 1))


@pytest.mark.parametrize("example", [pytest.param(text, id=where) for where, text in settings_shown()])
def test_the_settings_that_a_page_shows_can_be_read(tmp_path: Path, example: str) -> None:
    (tmp_path / "labhand.toml").write_text(example, "utf-8")

    assert load_settings(tmp_path).pools


def test_the_page_of_clusters_shows_kubernetes_slurm_and_a_cloud() -> None:
    shown = [settings for where, settings in settings_shown() if where.startswith("clusters.md")]

    assert [re.findall(r'infra = \[?"(\w+)', text)[0] for text in shown] == ["k8s", "slurm", "aws"]


@pytest.mark.parametrize("example", blocks(ROOT / "docs" / "trainers.md", "toml"), ids=lambda text: text.splitlines()[1])
def test_the_trainers_that_the_page_shows_can_be_read(tmp_path: Path, example: str) -> None:
    (tmp_path / "trainer.toml").write_text(example, "utf-8")
    (tmp_path / "train.py").write_text("DEPTH = 8\n", "utf-8")

    assert load_trainer(str(tmp_path), tmp_path).editable == ("train.py",)
