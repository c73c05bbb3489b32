"""Patches as tools write them: other line ends, byte order marks, formats of other agents."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, ConflictError
from labhand.server.schemas.launch import Change, Edit
from labhand.server.source.changes import MergeInput, apply_change, knobs_of
from labhand.server.source.inspection.outline import symbols
from labhand.server.source.source_text import decode
from labhand.server.source.trainer_folder import Source, Trainer, load_trainer, read_folder

from .test_trainer_folder import MINIMAL, make_trainer

CODE = """A = 1
B = 2
C = 3
D = 4


def f():
    return A
"""
WANTED = CODE.replace("B = 2", "B = 5")
UNIFIED = """--- a/train.py
+++ b/train.py
@@ -1,4 +1,4 @@
 A = 1
-B = 2
+B = 5
 C = 3
 D = 4
"""
CODEX = """*** Begin Patch
*** Update File: train.py
@@
 A = 1
-B = 2
+B = 5
 C = 3
*** End Patch
"""
CODEX_WITH_ANCHOR = CODEX.replace("@@\n", "@@ def f():\n")
AIDER = """train.py
```python
<<<<<<< SEARCH
B = 2
=======
B = 5
>>>>>>> REPLACE
```
"""
BARE_HUNK = UNIFIED.replace("@@ -1,4 +1,4 @@", "@@")
FENCED = f"```diff\n{UNIFIED}```\n"
FORMATS = {
    "unified": UNIFIED,
    "codex": CODEX,
    "codex with anchor": CODEX_WITH_ANCHOR,
    "aider": AIDER,
    "bare hunk": BARE_HUNK,
    "fenced": FENCED,
}
MARK = b"\xef\xbb\xbf"


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    folder = make_trainer(tmp_path / "mine", MINIMAL.replace('"train.py"', '"train.py", "model/**"', 1))
    (folder / "train.py").write_bytes(CODE.encode())
    return load_trainer(str(folder), tmp_path)


def _with(trainer: Trainer, code: bytes) -> Source:
    return {**read_folder(trainer.folder), "train.py": code}


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("patch_ends", ["LF", "CRLF"])
@pytest.mark.parametrize("source_ends", ["LF", "CRLF"])
@pytest.mark.parametrize("mark", [b"", MARK], ids=["", "BOM"])
def test_a_patch_in_any_format_applies_to_a_source_with_any_line_ends_which_it_keeps(
    trainer: Trainer, name: str, patch_ends: str, source_ends: str, mark: bytes
) -> None:
    patch = _crlf(FORMATS[name]) if patch_ends == "CRLF" else FORMATS[name]
    before, after = (_crlf(text) if source_ends == "CRLF" else text for text in (CODE, WANTED))
    changed = apply_change(_with(trainer, mark + before.encode()), Change(patch=patch), trainer)
    assert changed["train.py"] == mark + after.encode()


def test_a_patch_with_a_byte_order_mark_applies(trainer: Trainer) -> None:
    changed = apply_change(_with(trainer, CODE.encode()), Change(patch="\ufeff" + UNIFIED), trainer)
    assert changed["train.py"] == WANTED.encode()


@pytest.mark.parametrize(
    "patch",
    [
        "*** Begin Patch\n*** Add File: model/new.py\n+x = 1\n*** End Patch\n",
        "model/new.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE\n",
        "--- /dev/null\n+++ b/model/new.py\n@@ -0,0 +1 @@\n+x = 1\n",
    ],
)
def test_a_patch_in_any_format_adds_a_file(trainer: Trainer, patch: str) -> None:
    changed = apply_change(_with(trainer, CODE.encode()), Change(patch=patch), trainer)
    assert changed["model/new.py"] == b"x = 1\n"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("change B to 5", "in no known format: it begins with 'change B to 5'.*unified diff"),
        ("", "in no known format"),
        (UNIFIED.partition("@@")[1] + UNIFIED.partition("@@")[2], "no line `--- a/FILE` that names its file"),
        (CODEX.replace("B = 2", "B = 7"), "is not in train.py.*most similar"),
        (CODEX.replace("train.py", "trainer.toml"), "trainer.toml isn't editable"),
        (CODEX.replace("train.py", "model/no.py"), "the base has no such file"),
        (CODEX.replace("*** Update File: train.py\n", ""), "names no file"),
        (CODEX.replace(" A = 1\n-B = 2\n", "").replace(" C = 3\n", ""), "doesn't say where"),
        ("*** Begin Patch\n*** Add File: train.py\n+x = 1\n*** End Patch", "adds train.py, which the base has"),
        ("*** Begin Patch\n*** Delete File: train.py\n*** End Patch", "train.py can't be removed"),
        ("<<<<<<< SEARCH\nB = 2\n=======\nB = 5\n>>>>>>> REPLACE\n", "names no file"),
        ("train.py\n<<<<<<< SEARCH\nB = 2\n=======\nB = 5\n", "isn't complete"),
    ],
)
def test_a_patch_that_cannot_be_applied_says_why_and_what_would_do(trainer: Trainer, patch: str, message: str) -> None:
    with pytest.raises(BadInputError, match=f"(?s){message}") as raised:
        apply_change(_with(trainer, CODE.encode()), Change(patch=patch), trainer)
    assert "allow-empty" not in str(raised.value)


@pytest.mark.parametrize(("find", "ends"), [("B = 2\nC = 3", "CRLF"), ("B = 2\r\nC = 3", "LF")])
def test_an_edit_is_found_whatever_its_line_ends_and_the_file_keeps_its_own(trainer: Trainer, find: str, ends: str) -> None:
    before, after = (_crlf(text) if ends == "CRLF" else text for text in (CODE, CODE.replace("B = 2\nC = 3", "B = 7\nC = 8")))
    change = Change(edits=[Edit(file="train.py", find=find, replace="B = 7\nC = 8")])
    assert apply_change(_with(trainer, before.encode()), change, trainer)["train.py"] == after.encode()


def test_a_source_with_a_byte_order_mark_has_knobs_and_an_outline(trainer: Trainer) -> None:
    source = _with(trainer, MARK + CODE.encode())
    assert knobs_of(source, trainer) == {"A": 1, "B": 2, "C": 3, "D": 4}
    changed = apply_change(source, Change(overrides={"A": 7, "D": 9}), trainer)
    assert changed["train.py"] == MARK + CODE.replace("A = 1", "A = 7").replace("D = 4", "D = 9").encode()
    assert "f" in [symbol.name for symbol in symbols(decode("train.py", MARK + CODE.encode()))]


BLOCK = """def f(a, b):
    x = a + 1
    y = b + 1
    z = x * y
    return z
"""


def _merged(trainer: Trainer, mine: str, theirs: str) -> str:
    base, here, after = (_with(trainer, text.encode()) for text in (BLOCK, mine, theirs))
    return apply_change(here, Change(), trainer, [MergeInput("e0002", base, after)])["train.py"].decode()


def test_two_experiments_that_edited_adjacent_lines_are_combined(trainer: Trainer) -> None:
    mine, theirs = BLOCK.replace("a + 1", "a + 2"), BLOCK.replace("b + 1", "b + 3")
    assert _merged(trainer, mine, theirs) == mine.replace("b + 1", "b + 3")
    assert _merged(trainer, theirs, mine) == mine.replace("b + 1", "b + 3")


@pytest.mark.parametrize(
    "theirs",
    [
        BLOCK.replace("a + 1", "a + 3"),
        BLOCK.replace("    x = a + 1\n", ""),
        BLOCK.replace("    y = b + 1\n", "    w = 1\n    y = b + 1\n"),
    ],
    ids=["same line", "removed", "inserted beside"],
)
def test_a_conflict_quotes_both_sides_and_offers_an_edit(trainer: Trainer, theirs: str) -> None:
    with pytest.raises(ConflictError, match=r"(?s)here:.*a \+ 2.*in e0002:.*edits: find one of the texts under `here`"):
        _merged(trainer, BLOCK.replace("a + 1", "a + 2"), theirs)


def test_the_new_file_of_an_experiment_is_merged(trainer: Trainer) -> None:
    base, here = _with(trainer, BLOCK.encode()), _with(trainer, BLOCK.replace("a + 1", "a + 2").encode())
    after = {**base, "model/new.py": b"x = 1\n"}
    merged = apply_change(here, Change(), trainer, [MergeInput("e0002", base, after)])
    assert merged["model/new.py"] == b"x = 1\n"
