"""Configuration files have knobs, and setting one changes the characters of its value and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import yaml
from labhand.server.errors import BadInputError
from labhand.server.source.knobs import KnobFile, find_knobs
from labhand.server.source.source_knobs import Knobs
from labhand.server.source.trainer_folder import load_trainer
from pydantic import JsonValue

from ..test_trainer_folder import MINIMAL, make_trainer

YAML = """\
# a comment
defaults:
  - _self_
  - optimizer: adam  # the group
optimizer:
  lr: 1e-3   # rate
  betas: [0.9, 0.95]
  name: 'adam'
  warm: "yes"
model: {depth: 4, width: 64}
dropout: 0.0
flag: true
nothing: null
path: ${optimizer.lr}
layers:
  - 1
base: &base
  x: 1
other:
  <<: *base
twice: 1
twice: 2
"""
TOML = """\
# a comment
title = "x"
[optimizer]   # group
lr = 1e-3     # rate
betas = [0.9, 0.95] # pair
name = 'adam'
model = { depth = 4, width = 64 }
steps = 1_000
when = 2020-01-01
[[layers]]
size = 1
"""
JSON = (
    '{\r\n\t"optimizer": {"lr": 1e-3, "betas": [\r\n\t\t0.9, 0.95]},\r\n\t"model": {"name": "a\\"b", "depth": 4}, "none": null'
    "\r\n}\r\n"
)
ENV = "# rates\nLR=0.1 # comment\nexport DEPTH=4\nNAME='big model'\nEMPTY=\n"


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        (
            "config.yaml",
            YAML,
            "optimizer optimizer.lr optimizer.betas optimizer.name optimizer.warm"
            " model.depth model.width dropout flag nothing base.x",
        ),
        (
            "config.toml",
            TOML,
            "title optimizer.lr optimizer.betas optimizer.name optimizer.model.depth optimizer.model.width optimizer.steps",
        ),
        ("config.json", JSON, "optimizer.lr optimizer.betas model.name model.depth none"),
        ("train.env", ENV, "LR DEPTH NAME"),
    ],
)
def test_every_value_is_a_knob_named_by_its_path(path: str, text: str, names: str) -> None:
    knobs = find_knobs(text, path)
    assert list(knobs) == names.split()
    assert all(text[knob.start :].startswith(knob.text) for knob in knobs.values())


def _read_env(text: str) -> dict[str, Any]:
    return {name: knob.value for name, knob in find_knobs(text, ".env").items()}


@pytest.mark.parametrize(
    ("path", "text", "name", "given", "old", "new"),
    [
        ("c.yaml", YAML, "optimizer.lr", 0.00001, "1e-3", "1.0e-05"),
        ("c.yaml", YAML, "optimizer.betas", [0.8, 0.9], "[0.9, 0.95]", "[0.8, 0.9]"),
        ("c.yaml", YAML, "optimizer.name", "sgd", "'adam'", "'sgd'"),
        ("c.yaml", YAML, "optimizer.warm", 'a: "b" #', '"yes"', '"a: \\"b\\" #"'),
        ("c.yaml", YAML, "optimizer", "sgd", "optimizer: adam", "optimizer: sgd"),
        ("c.yaml", YAML, "optimizer", "on", "optimizer: adam", 'optimizer: "on"'),
        ("c.yaml", YAML, "optimizer", "a: b", "optimizer: adam", 'optimizer: "a: b"'),
        ("c.yaml", YAML, "model.depth", 8, "{depth: 4", "{depth: 8"),
        ("c.yaml", YAML, "flag", False, "flag: true", "flag: false"),
        ("c.yaml", YAML, "nothing", 0.5, "nothing: null", "nothing: 0.5"),
        ("c.toml", TOML, "optimizer.lr", 0.5, "1e-3 ", "0.5 "),
        ("c.toml", TOML, "optimizer.betas", [0.5, 0.6], "[0.9, 0.95]", "[0.5, 0.6]"),
        ("c.toml", TOML, "optimizer.name", "it's", "'adam'", '"it\'s"'),
        ("c.toml", TOML, "optimizer.model.width", 128, "width = 64", "width = 128"),
        ("c.toml", TOML, "optimizer.steps", 2000, "1_000", "2000"),
        ("c.json", JSON, "optimizer.betas", [1.0, 2.0], "[\r\n\t\t0.9, 0.95]", "[1.0, 2.0]"),
        ("c.json", JSON, "model.name", "é", '"a\\"b"', '"é"'),
        ("c.json", JSON, "none", 7, "null", "7"),
        ("c.env", ENV, "LR", 0.25, "0.1", "0.25"),
        ("c.env", ENV, "DEPTH", 8, "DEPTH=4", "DEPTH=8"),
        ("c.env", ENV, "NAME", "small", "big model", "small"),
    ],
)
def test_setting_a_value_changes_its_characters_only(
    path: str, text: str, name: str, given: JsonValue, old: str, new: str
) -> None:
    changed = KnobFile(text, path).render({name: given})
    assert changed == text.replace(old, new, 1)
    readers: dict[str, Callable[[str], object]] = {
        "yaml": yaml.safe_load,
        "toml": tomllib.loads,
        "json": json.loads,
        "env": _read_env,
    }
    readers[path.rpartition(".")[2]](changed)
    assert KnobFile(changed, path).knobs[name].value == given


def test_hydras_groups_are_named_by_path_and_the_chosen_one_has_the_name(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path, MINIMAL.replace('["train.py"]', '["train.py", "conf/**"]'))
    source = {
        "train.py": b"import hydra\n",
        "conf/config.yaml": b"defaults:\n  - optimizer: adam\n  - _self_\nseed: 1\n",
        "conf/optimizer/adam.yaml": b"lr: 0.1\n",
        "conf/optimizer/sgd.yaml": b"lr: 1.0  # larger\n",
    }
    knobs = Knobs(source, load_trainer(str(folder), tmp_path))
    assert knobs.values == {
        "optimizer": "adam",
        "seed": 1,
        "optimizer.lr": 0.1,
        "conf/optimizer/sgd.yaml:optimizer.lr": 1.0,
    }
    assert knobs.override({"optimizer.lr": 0.2})["conf/optimizer/adam.yaml"] == b"lr: 0.2\n"
    assert knobs.override({"lr": 1})["conf/optimizer/adam.yaml"] == b"lr: 1.0\n"
    changed = knobs.override({"sgd.yaml:lr": 2, "optimizer": "sgd"})
    assert changed["conf/optimizer/sgd.yaml"] == b"lr: 2.0  # larger\n"


def test_a_value_that_stands_there_as_something_else_is_refused_with_its_place() -> None:
    file = KnobFile(YAML, "config.yaml")
    with pytest.raises(BadInputError, match=r"layers is not a knob: it stands in config\.yaml:15 as a group, a list"):
        file.render({"layers": [2]})
    with pytest.raises(BadInputError, match="would mean something else"):
        KnobFile(JSON, "c.json").render({"none": {"a": 1}})
    with pytest.raises(BadInputError, match="text without spaces and quotes"):
        KnobFile(ENV, "c.env").render({"NAME": "two words"})


@pytest.mark.parametrize("path", ["c.yaml", "c.toml", "c.json", "c.env"])
@pytest.mark.parametrize("text", ["", "{", "[[[[", "a: [1", "= =\n=", "\x00", "{" * 5000, "- 1\n- 2\n", "a: 1\n---\nb: 2\n"])
def test_what_is_no_configuration_has_no_knobs(path: str, text: str) -> None:
    assert not find_knobs(text, path)


def test_a_file_of_data_has_no_knobs_and_says_so() -> None:
    text = "".join(f"k{number}: 1\n" for number in range(10_000))
    with pytest.raises(
        BadInputError, match=r"k7 is not a knob: it stands in data\.yaml:8 as a value of a file with 88,890 char"
    ):
        KnobFile(text, "data.yaml").render({"k7": 2})


def test_the_parsers_are_not_loaded_before_a_file_needs_them() -> None:
    code = (
        "import sys, labhand.server.lab.launch.grid, labhand.server.lab.inspect.source as s; "
        "from labhand.server.source.knobs import find_knobs; find_knobs('A = 1'); assert 'tomlkit' not in sys.modules; "
        "assert 'yaml' not in sys.modules; find_knobs('a: 1', 'c.yaml'); assert 'yaml' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert tomlkit.__version__
