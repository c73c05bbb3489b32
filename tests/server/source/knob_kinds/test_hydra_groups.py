"""Of a group of Hydra, only the chosen file is read: a choice comes before what it decides, and other files are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError
from labhand.server.source.changes import describe, knobs_of
from labhand.server.source.source_knobs import Knobs
from labhand.server.source.trainer_folder import Source, Trainer, load_trainer, read_folder
from pydantic import JsonValue

from ..test_trainer_folder import MINIMAL, make_trainer

FILES: Mapping[str, str] = {
    "conf/config.yaml": "defaults:\n  - optimizer: sgd\n  - model: mlp\n  - _self_\nseed: 1\n",
    "conf/optimizer/sgd.yaml": "lr: 0.005\nmomentum: 0.9\n",
    "conf/optimizer/adam.yaml": "lr: 0.001\nbeta: 0.99\n",
    "conf/model/mlp.yaml": "defaults:\n  - activation: relu\n  - base\nhidden_dim: 64\n",
    "conf/model/linear.yaml": "hidden_dim: 8\n",
    "conf/model/base.yaml": "dropout: 0.1\n",
    "conf/model/activation/relu.yaml": "slope: 0.0\n",
    "conf/model/activation/leaky.yaml": "slope: 0.2\n",
}


def opened(
    tmp_path: Path, files: Mapping[str, str] = FILES, *, command: str = "", editable: str = "conf/**"
) -> tuple[Source, Trainer]:
    """Writes a trainer folder; gives its source and its trainer."""
    toml = MINIMAL.replace('editable = ["train.py"]', f'editable = ["train.py", "{editable}"]')
    folder = make_trainer(tmp_path, toml.replace('"train.py"]\n[', f'"train.py"{command}]\n['))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    trainer = load_trainer(str(folder), tmp_path)
    return read_folder(trainer.folder), trainer


def changed_files(before: Source, after: Source) -> dict[str, str]:
    return {path: after[path].decode() for path in after if before.get(path) != after[path]}


@pytest.mark.parametrize("names", [("optimizer", "optimizer.lr"), ("optimizer.lr", "optimizer"), ("lr", "optimizer")])
def test_a_choice_comes_first_and_the_knob_is_set_in_the_chosen_file(tmp_path: Path, names: tuple[str, str]) -> None:
    source, trainer = opened(tmp_path)
    values: dict[str, JsonValue] = {name: "adam" if name == "optimizer" else 0.01 for name in names}
    change = Knobs(source, trainer).change(values)
    files = changed_files(source, change.source)
    assert set(files) == {"conf/config.yaml", "conf/optimizer/adam.yaml"}
    assert "- optimizer: adam\n" in files["conf/config.yaml"]
    assert files["conf/optimizer/adam.yaml"] == "lr: 0.01\nbeta: 0.99\n"
    assert change.words == describe(source, change.source) == "optimizer sgd→adam, optimizer.lr 0.001→0.01"
    assert change.values == knobs_of(change.source, trainer)
    assert (change.values["optimizer"], change.values["optimizer.lr"]) == ("adam", 0.01)
    assert change.given == {"optimizer": "adam", "optimizer.lr": 0.01}


def test_an_inner_group_is_chosen_after_the_outer_one(tmp_path: Path) -> None:
    source, trainer = opened(tmp_path, {**FILES, "conf/config.yaml": FILES["conf/config.yaml"].replace("mlp", "linear")})
    values: dict[str, JsonValue] = {"slope": 0.3, "model.activation": "leaky", "model": "mlp"}
    files = changed_files(source, Knobs(source, trainer).override(values))
    assert set(files) == {"conf/config.yaml", "conf/model/mlp.yaml", "conf/model/activation/leaky.yaml"}
    assert files["conf/model/activation/leaky.yaml"] == "slope: 0.3\n"


def test_a_knob_that_the_chosen_file_lacks_is_refused_with_the_knobs_that_it_has(tmp_path: Path) -> None:
    source, trainer = opened(tmp_path)
    with pytest.raises(
        BadInputError, match=r"sgd\.yaml: the group optimizer is adam.*adam\.yaml has optimizer\.lr, optimizer\.beta"
    ):
        Knobs(source, trainer).override({"optimizer": "adam", "optimizer.momentum": 0.5})
    with pytest.raises(BadInputError, match=r"optimizer is lion, .* the source has no conf/optimizer/lion\.yaml"):
        Knobs(source, trainer).override({"optimizer": "lion", "optimizer.lr": 0.5})


@pytest.mark.parametrize("name", ["conf/model/linear.yaml:model.hidden_dim", "linear.yaml:hidden_dim"])
def test_a_knob_of_a_group_that_is_not_chosen_is_refused_unless_it_is_chosen_too(tmp_path: Path, name: str) -> None:
    source, trainer = opened(tmp_path)
    knobs = Knobs(source, trainer)
    with pytest.raises(BadInputError) as refused:
        knobs.override({name: 16})
    assert "the group model is mlp, so this file isn't read" in str(refused.value)
    assert 'Choose it with {"model": "linear"} in the same launch' in str(refused.value)
    assert changed_files(source, knobs.override({name: 16, "model": "linear"}))["conf/model/linear.yaml"] == "hidden_dim: 16\n"


def test_what_may_be_read_is_not_refused(tmp_path: Path) -> None:
    """A group that no list names, a file that another includes, and a choice that is computed."""
    more = {
        "conf/data/small.yaml": "size: 1\n",
        "conf/data/large.yaml": "size: 9\n",
        "conf/config.yaml": FILES["conf/config.yaml"].replace("optimizer: sgd", "optimizer: ${oc.env:OPTIMIZER}"),
    }
    source, trainer = opened(tmp_path, {**FILES, **more})
    knobs = Knobs(source, trainer)
    for name in ("conf/data/small.yaml:data.size", "model.dropout", "adam.yaml:optimizer.lr", "sgd.yaml:optimizer.lr"):
        assert len(changed_files(source, knobs.override({name: 3}))) == 1
    with pytest.raises(BadInputError, match=r"optimizer\.lr is a knob in 2 places"):
        knobs.override({"optimizer.lr": 3})


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({}, ', "optimizer=adam"'),
        (
            {
                "conf/config.yaml": "defaults:\n  - optimizer: sgd\n  - experiment: fast\n",
                "conf/experiment/fast.yaml": "# @package _global_\ndefaults:\n  - override /optimizer: adam\n",
            },
            "",
        ),
    ],
    ids=["command", "override"],
)
def test_what_overrides_a_list_chooses(tmp_path: Path, files: Mapping[str, str], command: str) -> None:
    source, trainer = opened(tmp_path, {**FILES, **files}, command=command)
    knobs = Knobs(source, trainer)
    assert knobs.values["optimizer.lr"] == 0.001
    with pytest.raises(BadInputError, match="the group optimizer is adam"):
        knobs.override({"sgd.yaml:lr": 1})


def test_a_protected_list_chooses(tmp_path: Path) -> None:
    source, trainer = opened(tmp_path, editable="conf/optimizer/**")
    assert Knobs(source, trainer).values["optimizer.lr"] == 0.005


def test_only_files_that_are_read_are_candidates_for_a_short_name(tmp_path: Path) -> None:
    source, trainer = opened(
        tmp_path, {**FILES, "conf/schedule.yaml": "warm:\n  lr: 0.1\n", "conf/decay.yaml": "late:\n  lr: 0.1\n"}
    )
    knobs = Knobs(source, trainer)
    assert knobs.full_name("hidden_dim") == "model.hidden_dim"
    with pytest.raises(BadInputError) as refused:
        knobs.full_name("lr")
    assert "lr is a knob in 3 places" in str(refused.value)
    assert "adam" not in str(refused.value)
