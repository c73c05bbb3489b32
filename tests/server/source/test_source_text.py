"""Sources that aren't UTF-8 are honoured by their coding cookie or refused; they are never rewritten in another encoding."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError
from labhand.server.schemas.launch import Change, Edit
from labhand.server.source.changes import MergeInput, apply_change, describe
from labhand.server.source.hunks import Difference
from labhand.server.source.source_text import decode, encode
from labhand.server.source.trainer_folder import Trainer, load_trainer

from .test_trainer_folder import MINIMAL, make_trainer

LATIN = "# -*- coding: latin-1 -*-\nDEPTH = 8  # la größe\nNAME = 'é'\n\n\ndef main():\n    print('ü')\n".encode("latin-1")
NO_COOKIE = LATIN.replace(b"# -*- coding: latin-1 -*-\n", b"")
PATCH = "--- a/train.py\n+++ b/train.py\n@@ -5,3 +5,3 @@\n \n def main():\n-    print('ü')\n+    print('öü')\n"


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    return load_trainer(str(make_trainer(tmp_path, MINIMAL.replace('["train.py"]', '["*.py", "*.yaml"]'))), tmp_path)


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (Change(overrides={"DEPTH": 6}), "DEPTH = 8", "DEPTH = 6"),
        (Change(overrides={"NAME": "ñ"}), "'é'", "'ñ'"),
        (Change(edits=[Edit(file="train.py", find="'ü'", replace="'öü'")]), "'ü'", "'öü'"),
        (Change(patch=PATCH), "'ü'", "'öü'"),
    ],
)
def test_a_latin_1_file_stays_one_through_every_kind_of_change(trainer: Trainer, change: Change, old: str, new: str) -> None:
    changed = apply_change({"train.py": LATIN}, change, trainer)["train.py"]
    assert changed == LATIN.replace(old.encode("latin-1"), new.encode("latin-1"))


def test_a_latin_1_file_is_merged_and_taken_apart_in_its_encoding(trainer: Trainer) -> None:
    before = {"train.py": LATIN}
    mine, theirs = (
        apply_change(before, change, trainer)
        for change in (
            Change(overrides={"DEPTH": 6}),
            Change(edits=[Edit(file="train.py", find="'ü'", replace="'öü'")]),
        )
    )
    both = apply_change(mine, Change(), trainer, [MergeInput("e0002", before, theirs)])
    assert both["train.py"] == LATIN.replace(b"8", b"6").replace("'ü'".encode("latin-1"), "'öü'".encode("latin-1"))
    assert describe(before, both) == "DEPTH 8→6; train.py +1 −1: def main"
    difference = Difference(before, both, trainer)
    knob, lines = difference.hunks
    assert difference.without([knob]) == theirs
    assert difference.without([lines]) == mine


def test_a_character_that_the_declared_encoding_lacks_is_refused(trainer: Trainer) -> None:
    edit = Edit(file="train.py", find="'ü'", replace="'→'")
    with pytest.raises(
        BadInputError, match=r"can't be written in iso-8859-1, which its first lines declare.*change the coding"
    ):
        apply_change({"train.py": LATIN}, Change(edits=[edit]), trainer)


def test_a_changed_cookie_changes_the_encoding(trainer: Trainer) -> None:
    edits = [
        Edit(file="train.py", find="latin-1", replace="utf-8"),
        Edit(file="train.py", find="'ü'", replace="'→'"),
    ]
    changed = apply_change({"train.py": LATIN}, Change(edits=edits), trainer)["train.py"]
    assert changed.decode() == LATIN.decode("latin-1").replace("latin-1", "utf-8").replace("'ü'", "'→'")


@pytest.mark.parametrize(
    "change",
    [
        Change(overrides={"DEPTH": 6}),
        Change(edits=[Edit(file="train.py", find="DEPTH = 8", replace="DEPTH = 6")]),
        Change(patch="--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-DEPTH = 8  # la größe\n+DEPTH = 6\n"),
    ],
)
def test_bytes_that_are_no_text_are_refused_and_never_rewritten(trainer: Trainer, change: Change) -> None:
    with pytest.raises(BadInputError, match=r"train\.py.*(Save it as UTF-8|context lines)"):
        apply_change({"train.py": NO_COOKIE}, change, trainer)


def test_bytes_that_are_no_text_can_be_replaced_as_a_whole_and_are_restored_as_they_were(trainer: Trainer) -> None:
    before = {"train.py": NO_COOKIE}
    after = apply_change(before, Change(files={"train.py": "DEPTH = 6\n"}), trainer)
    [hunk] = Difference(before, after, trainer).hunks
    assert Difference(before, after, trainer).without([hunk]) == before


def test_files_beside_a_changed_one_are_left_as_they_are(trainer: Trainer) -> None:
    source = {"train.py": b"DEPTH = 8\n", "other.py": NO_COOKIE, "data.yaml": b"name: \xe9\n"}
    for change in (
        Change(overrides={"DEPTH": 6}),
        Change(patch="--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-DEPTH = 8\n+DEPTH = 6\n"),
    ):
        assert apply_change(source, change, trainer) == {**source, "train.py": b"DEPTH = 6\n"}


def test_a_knob_in_a_file_that_is_no_text_is_refused_with_why(trainer: Trainer) -> None:
    source = {"train.py": b"DEPTH = 8\n", "conf.yaml": b"name: \xe9\nrate: 1\n"}
    with pytest.raises(BadInputError, match=r"conf\.yaml is not text in utf-8"):
        apply_change(source, Change(overrides={"rate": 2}), trainer)


@pytest.mark.parametrize("path", ["train.py", "conf.yaml"])
def test_a_byte_order_mark_is_no_part_of_the_text_and_stays(path: str) -> None:
    data = b"\xef\xbb\xbfA = 1\n"
    assert decode(path, data) == "A = 1\n"
    assert encode(path, "A = 2\n", data) == b"\xef\xbb\xbfA = 2\n"


def test_a_cookie_that_names_no_encoding_is_refused() -> None:
    for cookie in ("klingon", "rot13"):
        with pytest.raises(BadInputError, match=cookie.replace("rot13", "rot")):
            decode("train.py", f"# coding: {cookie}\n".encode())
