"""Reading trainer.toml and spec.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.trainer.contract.trainer_file import ContractError, read_spec, read_trainer

WHOLE = """
name = "gpt"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_bpb"
[data]
corpus = "sotu"
vocabulary = 1024
[budget]
cpu_seconds = 5
[prepare]
command = ["python", "prepare.py"]
[sandbox]
read = ["~/.cache/somewhere"]
"""


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "trainer.toml").write_text(WHOLE)
    trainer = read_trainer(tmp_path)
    assert (trainer.metric.direction, trainer.metric.source) == ("minimize", "evaluator")
    assert (trainer.budget.cpu_seconds, trainer.budget.seconds, trainer.budget.startup_seconds) == (5.0, 300.0, 120.0)
    assert trainer.data is not None
    assert (trainer.data.corpus, trainer.data.context) == ("sotu", 256)
    assert trainer.prepare == ("python", "prepare.py")
    assert (trainer.read, trainer.network) == (("~/.cache/somewhere",), False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "gpt"', "", "trainer.toml: name is missing"),
        ("[metric]\n", "[metrics]\n", "trainer.toml: metric.name is missing"),
        ("vocabulary = 1024", 'vocabulary = "1k"', "data.vocabulary is '1k', but has to be of type int"),
        ("vocabulary = 1024", "vocabulary = true", "data.vocabulary is True"),
        ("cpu_seconds = 5", "cpu_seconds = 0", "budget.cpu_seconds is 0.0, but has to be above 0"),
        ('["python", "train.py"]', "[]", "command is empty"),
        ('["train.py"]', "[1]", "editable is [1], but has to be a list of strings"),
        ('name = "val_bpb"', 'name = "x"\npattern = "("', "metric.pattern is '(', which is no regular expression"),
        ('name = "val_bpb"', 'name = "x"\npattern = "x"', "metric.pattern is 'x', but has to have a group"),
        ("[data]", "[data", "trainer.toml can't be read"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in WHOLE
    (tmp_path / "trainer.toml").write_text(WHOLE.replace(old, new))
    with pytest.raises(ContractError) as raised:
        read_trainer(tmp_path)
    assert message in str(raised.value)


def test_a_folder_without_the_file_is_no_trainer(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"trainer\.toml is missing"):
        read_trainer(tmp_path)


def test_a_spec_is_read_as_the_dispatcher_writes_it(tmp_path: Path) -> None:
    spec = {"run": "e0042-1", "experiment": "e0042", "seed": 1, "budget_seconds": 20, "clock": "cpu", "device": "cpu"}
    (tmp_path / "spec.json").write_text(json.dumps(spec | {"cores": [1], "gpu": None, "sandbox_required": False}))
    read = read_spec(tmp_path)
    assert (read.run, read.budget_seconds, read.cores, read.gpu) == ("e0042-1", 20.0, (1,), None)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"clock": "sun"}, "clock is 'sun'"), ({"seed": None}, "seed is missing"), ({"cores": ["a"]}, "cores is")],
)
def test_a_spec_that_cannot_be_used_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    spec = {"run": "r", "experiment": "e", "seed": 1, "budget_seconds": 20, "clock": "cpu", "device": "cpu"}
    (tmp_path / "spec.json").write_text(json.dumps(spec | change))
    with pytest.raises(ContractError, match=message):
        read_spec(tmp_path)
