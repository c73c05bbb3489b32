"""A knob that the command of the trainer sets anyway can't be changed by an experiment."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError
from labhand.server.source.source_knobs import Knobs
from labhand.server.source.trainer_folder import load_trainer, read_folder

from .test_trainer_folder import MINIMAL, make_trainer

FIELDS = """
from dataclasses import dataclass


@dataclass
class Arguments:
    learning_rate: float = 1e-3
    width: int = 8
"""


@pytest.mark.parametrize("option", ["--learning_rate", "--learning-rate", "--Arguments.learning_rate"])
def test_a_field_that_the_command_gives_as_an_option_is_refused(tmp_path: Path, option: str) -> None:
    command = f'"train.py", "--do_train", "{option}", "5e-3"]\n['
    folder = make_trainer(tmp_path, MINIMAL.replace('"train.py"]\n[', command))
    (folder / "train.py").write_text(FIELDS, "utf-8")
    trainer = load_trainer(str(folder), tmp_path)
    knobs = Knobs(read_folder(trainer.folder), trainer)
    with pytest.raises(BadInputError, match=rf"learning_rate can't be changed at train\.py:7.*gives it \({option}\)"):
        knobs.change({"learning_rate": 0.01})
    assert knobs.change({"width": 16}).words == "Arguments.width 8→16"


@pytest.mark.parametrize("name", ["--learning-rate", "learning-rate", "--learning_rate", "train.py:learning-rate"])
def test_an_option_stands_for_the_knob_of_its_name(tmp_path: Path, name: str) -> None:
    folder = make_trainer(tmp_path)
    (folder / "train.py").write_text(FIELDS, "utf-8")
    trainer = load_trainer(str(folder), tmp_path)
    knobs = Knobs(read_folder(trainer.folder), trainer)
    assert knobs.change({name: 0.01}).words == "Arguments.learning_rate 1e-3→0.01"
    with pytest.raises(BadInputError) as refused:
        knobs.change({"learning-rates": 0.01})
    assert str(refused.value).endswith("?")
