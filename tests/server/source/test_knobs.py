"""Knobs are found by parsing, and setting one changes nothing else in the file."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError
from labhand.server.source.knobs import KnobFile, find_knobs, override
from labhand.server.source.source_knobs import Knobs
from labhand.server.source.trainer_folder import load_trainer, read_folder
from pydantic import JsonValue

from .test_trainer_folder import MINIMAL, make_trainer

TEXT = '''\
"""Doc."""
from os import path as PATH
DEPTH = 8   # layers
TOTAL_BATCH_SIZE = 2**19; SECOND = 1 << 20
ADAM_BETAS = (0.8, 0.95)
SIZES = [
    1,
    2,  # two
]
LR: float = -0.04
NAME = "plain"
RAW = r'\\d'
FLAG = True
LIMIT = None
SCHEDULE = {"warm-up": 0.1, "cool-down": [1, 2]}
SECONDS = 60 * 60
PARENS = (  # why
    3
)
declared: int
lower = 3
WIDTH = DEPTH * 64
CALLED = int("3")
A = B = 1
C, D = 1, 2
BYTES = b"x"
HUGE = 10 ** 10 ** 10
TWICE = 1
if FLAG:
    TWICE = 2
AUGMENTED = 1
AUGMENTED += 1
class Config:
    INNER = 1
def main():
    LOCAL = 2
    DEPTH = 4
    return lambda: (LOCAL, DEPTH)
'''
FOUND: dict[str, object] = {
    "DEPTH": 8,
    "TOTAL_BATCH_SIZE": 2**19,
    "SECOND": 2**20,
    "ADAM_BETAS": (0.8, 0.95),
    "SIZES": [1, 2],
    "LR": -0.04,
    "NAME": "plain",
    "RAW": r"\d",
    "FLAG": True,
    "LIMIT": None,
    "SCHEDULE": {"warm-up": 0.1, "cool-down": [1, 2]},
    "SECONDS": 3600,
    "PARENS": 3,
    "lower": 3,
    "Config.INNER": 1,
}


def test_knobs_are_constants_and_fields_with_a_literal_value_set_once() -> None:
    assert {name: knob.value for name, knob in find_knobs(TEXT).items()} == FOUND


def test_an_entry_of_a_dictionary_is_set_where_it_stands_and_stands_for_the_dictionary() -> None:
    text = "params = {'leaves': 31, 'metric': {'l2'}}\nSIZES = {'a': 1}\nNAMES = {'a b': 1}\n"
    assert override(text, {"params.leaves": 63}) == text.replace("31", "63")
    assert list(find_knobs(text)) == ["params.leaves", "SIZES.a", "NAMES"]


def test_a_knob_knows_its_line_and_how_it_is_written() -> None:
    knobs = find_knobs(TEXT)
    assert (knobs["TOTAL_BATCH_SIZE"].line, knobs["TOTAL_BATCH_SIZE"].text) == (4, "2**19")
    assert (knobs["PARENS"].line, knobs["PARENS"].text) == (18, "3")
    assert knobs["ADAM_BETAS"].text == "(0.8, 0.95)"


@pytest.mark.parametrize("text", ["", "def (", "X = 1\0", "X = " + "(" * 5000, "X = " + "-" * 100_000 + "1"])
def test_a_file_that_cannot_be_parsed_has_no_knobs(text: str) -> None:
    assert find_knobs(text) == {}


def test_setting_a_knob_changes_only_its_expression() -> None:
    values: dict[str, JsonValue] = {"DEPTH": 6, "SECOND": 2**21, "LR": 1, "SIZES": [3], "PARENS": 4, "NAME": "it's"}
    expected = (
        TEXT.replace("DEPTH = 8 ", "DEPTH = 6 ")
        .replace("1 << 20", "1 << 21")
        .replace("-0.04", "1.0")
        .replace("[\n    1,\n    2,  # two\n]", "[3]")
        .replace("    3\n)", "    4\n)")
        .replace('"plain"', '"it\'s"')
    )
    assert override(TEXT, values) == expected


@pytest.mark.parametrize(
    "text",
    [
        "X = 1\r\nY = 2\r\n\r\nNAME = 'é…'\r\n",
        "X = 1\n\x0cY = 2",
        "# ü ß\nZ = '日本'; X=1;Y   =   2 # ü\n\n\n\n   \n",
        "if True:\n\tprint('''a\r\nb''')\nX = 1 \\\n  \nY = 2\ncut = cut_ = 'cut'\n",
    ],
)
def test_line_ends_tabs_and_unicode_are_left_alone(text: str) -> None:
    assert override(text, {"X": 7}) == text.replace("1", "7", 1)
    assert override(text, {"Y": 7}) == text.replace("2", "7", 1)


@pytest.mark.parametrize(
    ("name", "given", "value", "written"),
    [
        ("TOTAL_BATCH_SIZE", "2**20", 2**20, "2**20"),
        ("TOTAL_BATCH_SIZE", 2**20, 2**20, "2**20"),
        ("TOTAL_BATCH_SIZE", "3 * 2**18", 786432, "786432"),
        ("DEPTH", "2**3 + 2", 10, "10"),
        ("DEPTH", 4.0, 4, "4"),
        ("LR", 1, 1.0, "1.0"),
        ("LR", "1e-3", 0.001, "0.001"),
        ("ADAM_BETAS", [1, "0.5**2"], (1.0, 0.25), "(1.0, 0.25)"),
        ("ADAM_BETAS", "(0.9, 0.99)", (0.9, 0.99), "(0.9, 0.99)"),
        ("NAME", "2**20", "2**20", '"2**20"'),
        ("NAME", 'say "x"\n', 'say "x"\n', "'say \"x\"\\n'"),
        ("RAW", "a", "a", "'a'"),
        ("FLAG", "False", False, "False"),
        ("LIMIT", "2**4", 16, "16"),
        ("LIMIT", "cosine", "cosine", "'cosine'"),
        ("SCHEDULE", {"warm-up": 1}, {"warm-up": 1}, "{'warm-up': 1}"),
    ],
)
def test_a_value_is_fitted_to_the_knobs_type_and_style(name: str, given: JsonValue, value: object, written: str) -> None:
    settled = KnobFile(TEXT).settle({name: given})[name]
    assert (settled.value, type(settled.value), settled.text) == (value, type(value), written)
    assert find_knobs(override(TEXT, {name: given}))[name].value == value


def test_the_value_that_a_knob_has_already_changes_nothing() -> None:
    same: dict[str, JsonValue] = {
        "TOTAL_BATCH_SIZE": 524288,
        "ADAM_BETAS": [0.8, 0.95],
        "SECONDS": "3600",
        "PARENS": 3,
        "RAW": "\\d",
    }
    assert KnobFile(TEXT).settle(same) == {}
    assert override(TEXT, same) == TEXT


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("DEPTH", "deep", "DEPTH = 8 .*line 3.* can't become 'deep'.*type int"),
        ("DEPTH", 4.5, "4.5 is not whole"),
        ("DEPTH", True, "bool can't be converted"),
        ("DEPTH", None, "NoneType can't be converted"),
        ("DEPTH", [8], "list can't be converted"),
        ("DEPTH", "1 if True else 2", "only literals"),
        ("DEPTH", "__import__('os').system('true')", "only literals"),
        ("DEPTH", "8\nimport os", "not an expression"),
        ("DEPTH", "'a' * 10**9", "arithmetic is allowed on numbers only"),
        ("DEPTH", "10**10**10", "too large"),
        ("DEPTH", "9**9**9**9", "too large"),
        ("DEPTH", "1 << 10**10", "too large"),
        ("DEPTH", "2**4000 * 2**4000", "too large"),
        ("DEPTH", "1 // 0", "no finite value"),
        ("DEPTH", "(" * 900, "not an expression"),
        ("DEPTH", "1+" * 5000 + "1", "10001 characters"),
        ("LR", "10.0**400", "no finite value"),
        ("LR", "(-1.0)**0.5", "real and finite"),
        ("LR", 10**400, "too large"),
        ("LR", float("inf"), "finite"),
        ("FLAG", 1, "int can't be converted"),
        ("NAME", 3, "int can't be converted.*type str"),
        ("ADAM_BETAS", 0.9, "float can't be converted"),
        ("ADAM_BETAS", ["fast", "slow"], "only literals"),
        ("SCHEDULE", [1], "list can't be converted"),
    ],
)
def test_a_value_that_cannot_be_the_knobs_type_is_refused_at_once(name: str, given: JsonValue, told: str) -> None:
    start = time.process_time()
    with pytest.raises(BadInputError, match=f"(?s){told}"):
        override(TEXT, {name: given})
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("DPETH", "There is no knob DPETH in the source. Did you mean DEPTH"),
        ("QQQQQQ", "The knobs are: ADAM_BETAS, Config.INNER, DEPTH"),
        ("TWICE", "TWICE is not a knob: it stands in the source:28 as a name that the program sets more than once"),
        ("WIDTH", "WIDTH is not a knob: it stands in the source:22 as a computed value, not a literal"),
        ("LOCAL", "LOCAL is not a knob: it stands in the source:36 as a variable inside a function"),
        ("depth", "Did you mean DEPTH"),
    ],
)
def test_what_is_no_knob_is_refused_with_why_and_what_is(name: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        override(TEXT, {name: 1})


@pytest.mark.parametrize(("functions", "more"), [(8, ""), (9, ", and 1 more"), (12, ", and 4 more")])
def test_a_refusal_names_eight_places_and_counts_the_others(functions: int, more: str) -> None:
    text = "".join(f"def f{number}():\n    inner = {number}\n" for number in range(functions))
    with pytest.raises(BadInputError, match=rf"the source:16 as a variable inside a function{more}\. Change it"):
        override(text, {"inner": 1})


def test_of_a_source_without_knobs_the_refusal_says_what_else_changes_it() -> None:
    with pytest.raises(BadInputError, match=r"There is no knob DEPTH in the source\. There are no knobs\. Change the source"):
        override("print(1)\n", {"DEPTH": 1})


def test_knobs_of_all_editable_files_are_set_where_they_are(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path, MINIMAL.replace('["train.py"]', '["train.py", "model.py"]'), model__py="WIDTH = 64\n")
    (folder / "prepare.py").write_text("VOCABULARY = 8192\n", "utf-8")
    source = read_folder(folder)
    knobs = Knobs(source, load_trainer(str(folder), tmp_path))
    assert knobs.values == {"DEPTH": 8, "WIDTH": 64}
    changed = knobs.override({"WIDTH": 128, "DEPTH": 8})
    assert changed == {**source, "model.py": b"WIDTH = 128\n"}
    assert knobs.describe({"WIDTH": 128, "DEPTH": 8}) == "WIDTH 64→128"
    with pytest.raises(BadInputError, match=r"VOCABULARY is not a knob: it stands in prepare\.py:1 .* may not change"):
        knobs.override({"VOCABULARY": 1})


def test_a_knob_that_two_files_set_is_refused_by_their_names(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path, MINIMAL.replace("train.py", "*.py", 1), model__py="DEPTH = 4\n")
    knobs = Knobs(read_folder(folder), load_trainer(str(folder), tmp_path))
    assert knobs.values == {"model.py:DEPTH": 4, "train.py:DEPTH": 8}
    with pytest.raises(BadInputError, match=r"DEPTH is a knob in 2 places: model\.py:DEPTH .*, train\.py:DEPTH .*Use a full"):
        knobs.override({"DEPTH": 1})
    assert knobs.override({"model.py:DEPTH": 1})["model.py"] == b"DEPTH = 1\n"


def test_a_thousand_cells_are_rendered_from_one_parse() -> None:
    file = KnobFile(TEXT + "def f():\n    pass\n" * 500)
    file.render({"DEPTH": 1})
    start = time.process_time()
    texts = {file.render({"DEPTH": depth, "LR": 0.5}) for depth in range(1000)}
    assert time.process_time() - start < 10
    assert len(texts) == 1000
