"""The examples of docs/trainers.md are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..trainer.corpus import prepare_small_corpus
from ..trainer.running import lay_out

PAGE = Path(__file__).parents[2] / "docs" / "trainers.md"


def examples() -> list[str]:
    """The page's fenced blocks, in order."""
    return re.findall(r"```(?:toml|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_trainer_that_knows_nothing_of_labhand_runs_as_written(tmp_path: Path) -> None:
    trainer, train, *_ = examples()
    result = lay_out(tmp_path / "run", trainer, train).run()
    assert result["status"] == "succeeded"
    assert result["score"] < 1e-6
    assert result["self_reported"]


@pytest.mark.slow
def test_the_trainer_whose_model_is_measured_runs_as_written(tmp_path: Path) -> None:
    _, _, trainer, train, *_ = examples()
    prepare_small_corpus(tmp_path / "texts", tmp_path / "cache")
    small = trainer.replace('"sotu"', f'"{tmp_path / "texts"}"').replace("1024", "300")
    run = lay_out(tmp_path / "run", small, train)
    run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
    result = run.run()
    assert result["status"] == "succeeded"
    assert 0.1 < result["score"] < 3
    assert not result["self_reported"]
