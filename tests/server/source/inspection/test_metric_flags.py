"""Flags for changes to how a self-reported trainer measures itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.source.inspection.metric_flags import metric_flags
from labhand.server.source.trainer_folder import Trainer
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer

TOML = """
name = "t"
editable = ["*"]
command = ["python", "train.py"]
[metric]
name = "nmse"
source = "output"
[[metrics]]
name = "l0"
file = "metrics.json"
"""
TRAIN = '''"""Prints nmse."""
import json
WIDTH = 8
def build(width):
    return [0.0] * width
def evaluate(model):
    return sum(model) + 1
def main():
    model = build(WIDTH)
    for step in range(10):
        model[0] -= 0.1 * step
        print(f"step {step} loss {model[0]}")
    error = evaluate(model)
    with open("metrics.json", "w") as file:
        json.dump({"l0": len(model)}, file)
    print(f"nmse: {error:.4f}")
main()
'''


def trainer(text: str = TOML) -> Trainer:
    return Trainer(Path(), parse_trainer(text.encode(), Path("trainer.toml")))


def flags(old: str, new: str, text: str = TOML) -> list[str]:
    before = {"train.py": TRAIN.encode()}
    assert old in TRAIN
    return metric_flags(before, {"train.py": TRAIN.replace(old, new).encode()}, trainer(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("WIDTH = 8", "WIDTH = 16"),
        ("0.1 * step", "0.2 * step"),
        ("build(WIDTH)", "build(2 * WIDTH)"),
        ("[0.0] * width", "[0.5] * width"),
        ("range(10)", "range(20)"),
        ("Prints nmse.", "Prints the nmse."),
    ],
)
def test_what_only_trains_has_no_such_flag(old: str, new: str) -> None:
    assert flags(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "flag"),
    [
        ("{error:.4f}", "{error / 2:.4f}", "metric: line 16 of train.py, which reports nmse"),
        ("error = evaluate(model)", "error = 0.5", "metric: line 13 of train.py, which computes error, reported as nmse"),
        ("sum(model) + 1", "sum(model)", "evaluation: evaluate in train.py"),
        ("len(model)", "3", "metric: line 15 of train.py, which reports l0"),
    ],
)
def test_what_touches_the_measuring_is_flagged(old: str, new: str, flag: str) -> None:
    assert flag in flags(old, new)


def test_a_line_that_is_gone_and_a_new_file_are_flagged() -> None:
    gone = flags('    print(f"nmse: {error:.4f}")\n', "")
    assert gone == ["metric: a line that was removed from train.py, which reports nmse"]
    before = {"train.py": b"", "evaluate.py": b"x = 1\n", "main.cpp": b'int a;\nprintf("nmse: %f", a);\n'}
    after = {**before, "evaluate.py": b"x = 2\n", "main.cpp": b'int a;\nprintf("nmse: %f", a / 2);\n'}
    assert metric_flags(before, after, trainer()) == [
        "evaluation: the file evaluate.py",
        "metric: line 2 of main.cpp, which reports nmse",
        "metric: a line that was removed from main.cpp, which reports nmse",
    ]


def test_a_measured_trainer_has_none_of_these() -> None:
    text = TOML.replace('source = "output"', "").replace(
        "[[metrics]]", '[data]\ncorpus = "sotu"\nvocabulary = 300\n[[metrics]]'
    )
    assert flags("{error:.4f}", "{error / 2:.4f}", text) == []
