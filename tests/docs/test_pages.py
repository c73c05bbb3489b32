"""The examples that the pages show can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhand.server.settings import load_settings
from labhand.server.source.trainer_folder import load_trainer

from .markdown import blocks

ROOT = Path(__file__).parents[2]


TRAINER_PAGES = {"evaluators.md", "gpt.md", "metrics.md", "large-runs.md", "trainers.md", "data.md", "integrity.md"}
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


TRAINERS_SHOWN = [
    text for page in ("trainers.md", "metrics.md", "large-runs.md", "gpt.md") for text in blocks(ROOT / "docs" / page, "toml")
]


@pytest.mark.parametrize("example", TRAINERS_SHOWN, ids=lambda text: text.splitlines()[1])
def test_the_trainers_that_the_page_shows_can_be_read(tmp_path: Path, example: str) -> None:
    if "name = " not in example:  # a part: what is required stands before its tables
        command = "" if "command = " in example else 'command = ["python", "train.py"]\n'
        head = f'name = "part"\neditable = ["train.py"]\n{command}metric = {{name = "loss", source = "output"}}\n'
        example = head + example
    (tmp_path / "trainer.toml").write_text(example, "utf-8")
    for name in ("train.py", "evaluate.py"):
        (tmp_path / name).write_text("DEPTH = 8\n", "utf-8")

    assert load_trainer(str(tmp_path), tmp_path).editable == ("train.py",)
