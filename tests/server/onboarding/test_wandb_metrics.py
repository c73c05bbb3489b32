"""Code that logs to W&B and prints nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from labhand.server import machine
from labhand.server.onboarding.onboarding import make_trainer
from labhand.server.onboarding.wandb_metrics import RUN_FILE, logged_metrics, uses_wandb
from labhand.server.source.trainer_folder import load_trainer

from . import foreign
from .foreign import Recorded

RECORDS = Path(__file__).parents[2] / "trainer" / "run" / "metrics" / "files" / "history.wandb"
"""Written by wandb 0.31."""
LOGS = """
import wandb

wandb.init(config={"lr": 0.1})
losses = {"not/loss": 0}
wandb.log({"training/loss": 0.5, "eval/loss": 0.75, "step": 3}, step=3)
"""
STAND_IN = """
import os
import shutil
from pathlib import Path

def init(config):
    assert os.environ["WANDB_MODE"] == "offline"
    place = Path("wandb/offline-run-20261128_153924-abc")
    place.mkdir(parents=True)
    shutil.copy("history.bin", place / "run-abc.wandb")

def log(values, step):
    assert values["eval/loss"] == 0.75
"""


def test_the_names_that_are_logged_are_candidates_the_held_out_one_first() -> None:
    found = logged_metrics([LOGS, "print({'val_loss': 3})"])
    assert [(metric.key, metric.name) for metric in found] == [("eval/loss", "eval_loss"), ("training/loss", "training_loss")]
    assert {metric.file for metric in found} == {RUN_FILE}


def test_where_no_dictionary_is_handed_over_those_of_the_script_count() -> None:
    text = "import wandb\nrow = {'val_acc': 1}\nwandb.log(row)\n"
    assert [(metric.key, metric.direction) for metric in logged_metrics([text])] == [("val_acc", "maximize")]


@pytest.mark.parametrize(
    ("text", "uses"), [("import wandb", True), ("    from wandb import init", True), ("import wandbox", False), ("", False)]
)
def test_only_an_import_counts(text: str, *, uses: bool) -> None:
    assert uses_wandb([text]) is uses


@pytest.mark.slow
def test_a_script_that_logs_to_wandb_alone_becomes_a_trainer_whose_runs_are_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    machine.devices.cache_clear()
    folder = foreign.write(tmp_path / "logs", {"train.py": LOGS, "wandb.py": STAND_IN})
    shutil.copy(RECORDS, folder / "history.bin")
    talk = Recorded()
    first = make_trainer(folder, talk, 60.0)
    trainer = load_trainer(str(folder), tmp_path).file
    assert (first.metric, first.score) == ("eval_loss", 0.75)
    assert trainer.environment is not None
    assert trainer.environment.variables == {"WANDB_MODE": "offline"}
    assert (trainer.metric.file, trainer.metric.key) == (RUN_FILE, "eval/loss")
