"""The examples of docs/trainers.md are true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ..trainer.corpus import prepare_small_corpus
from ..trainer.running import lay_out

PAGE = Path(__file__).parents[2] / "docs" / "trainers.md"


def examples(page: Path = PAGE) -> list[str]:
    """The page's fenced blocks, in order."""
    return re.findall(r"```(?:toml|python)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


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


def test_the_trainer_with_an_evaluator_of_its_own_runs_as_written(tmp_path: Path) -> None:
    trainer, train, evaluate = examples(PAGE.with_name("evaluators.md"))
    for split, slope in (("train", 2.0), ("test", 2.1), ("sealed", 2.2)):
        (tmp_path / "points" / split).mkdir(parents=True)
        np.save(tmp_path / "points" / split / "points.npy", [[x, slope * x] for x in (1.0, 2.0, 3.0)])
    run = lay_out(tmp_path / "run", *(text.replace("~/data", str(tmp_path)) for text in (trainer, train)), sealed=True)
    (run.source / "evaluate.py").write_text(evaluate)
    run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
    result = run.run()
    assert (result["status"], result["self_reported"]) == ("succeeded", False), result["failure"]
    assert result["score"] == pytest.approx(0.01 * 14 / 3, abs=1e-6)
    assert result["measures"]["largest_error"] == pytest.approx(0.3, abs=1e-6)
    assert json.loads((run.path / "sealed.json").read_text())["score"] == pytest.approx(0.04 * 14 / 3, abs=1e-6)
