"""A change is applied whole or refused with what was wrong, where, and what would do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, ConflictError
from labhand.server.schemas.launch import Change, Edit
from labhand.server.source.changes import MergeInput, apply_change, describe, diffstat, knobs_of, take_folder
from labhand.server.source.trainer_folder import Source, Trainer, load_trainer, read_folder
from labhand.trainer.contract.trainer_folder.left_out import MAX_FILE_BYTES

from .test_trainer_folder import MINIMAL, make_trainer

CODE = '''\
"""Train."""
DEPTH = 4
WIDTH = 64
LR = 0.02


class Block:
    def forward(self, x):
        return x + 1

    def backward(self, x):
        return x


def main():
    for step in range(10):
        print(step)
    return DEPTH
'''


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    """Edits `train.py` and anything below `model/`; `prepare.py` is protected."""
    folder = make_trainer(
        tmp_path / "mine", MINIMAL.replace('"train.py"', '"train.py", "model/**"', 1), prepare__py="print()\n"
    )
    (folder / "train.py").write_text(CODE, "utf-8")
    return load_trainer(str(folder), tmp_path)


@pytest.fixture
def base(trainer: Trainer) -> Source:
    """What the folder holds."""
    return read_folder(trainer.folder)


def code(text: str) -> dict[str, bytes]:
    return {"train.py": text.encode()}


def edit(find: str, replace: str, file: str = "train.py") -> Change:
    return Change(edits=[Edit(file=file, find=find, replace=replace)])


def patch_of(path: str = "train.py", old: str = "DEPTH = 4", new: str = "DEPTH = 5") -> str:
    return f'--- a/{path}\n+++ b/{path}\n@@ -1,3 +1,3 @@\n """Train."""\n-{old}\n+{new}\n WIDTH = 64\n'


def rename(old: str, new: str) -> str:
    return f"diff --git a/{old} b/{new}\nsimilarity index 100%\nrename from {old}\nrename to {new}\n"


def link(path: str, target: str) -> str:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 120000\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1 @@\n+{target}\n\\ No newline at end of file\n"
    )


def test_no_change_is_the_base(base: Source, trainer: Trainer) -> None:
    assert apply_change(base, Change(), trainer) == base


def test_parts_are_applied_in_order_files_patch_apply_edits_overrides(base: Source, trainer: Trainer) -> None:
    whole = CODE.replace("DEPTH = 4", "DEPTH = 40")
    brought = {**base, **code(CODE.replace("x + 1", "x + 2"))}
    change = Change(
        files={"train.py": whole, "./model/new.py": "ROWS = 1\n"},
        patch=patch_of(old="DEPTH = 40", new="DEPTH = 41"),
        apply=["e0002"],
        edits=[
            Edit(find="x + 2", replace="x + 3"),
            Edit(find="DEPTH = 41", replace="DEPTH = 42"),
            Edit(find="64\nLR", replace="65\nLR"),
        ],
        overrides={"DEPTH": 43, "ROWS": "2**3"},
    )
    made = apply_change(base, change, trainer, [MergeInput("e0002", base, brought)])
    expected = CODE.replace("DEPTH = 4", "DEPTH = 43").replace("x + 1", "x + 3").replace("WIDTH = 64", "WIDTH = 65")
    assert made == {**base, **code(expected), "model/new.py": b"ROWS = 8\n"}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("../train.py", "leaves the trainer folder"),
        ("model/../../x.py", "leaves the trainer folder"),
        ("model/../train.py", "leaves the trainer folder"),
        ("/etc/passwd", "leaves the trainer folder"),
        ("trainer.toml", "trainer.toml isn't editable. Editable: train.py, model/"),
        ("prepare.py", "prepare.py isn't editable"),
        ("new.py", "new.py isn't editable"),
        ("", "isn't editable"),
        ("model/.git/hooks/post-commit", "hidden files"),
        ("model/a\nb.py", "control characters"),
        ("model/a\0.py", "control characters"),
    ],
)
def test_only_editable_files_inside_the_folder_may_be_written(base: Source, trainer: Trainer, path: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        apply_change(base, Change(files={path: "x = 1\n"}), trainer)
    with pytest.raises(BadInputError, match=told):
        apply_change(base, edit("a", "b", file=path), trainer)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\0", "train.py is binary"),
        ("x = '\ud800'", "train.py is not valid Unicode"),
        ("#" * (MAX_FILE_BYTES + 1), "train.py has 4,194,305 bytes"),
        ("def f(:\n    pass\n", r"train.py, line 1, column 7: invalid syntax: def f\(:"),
        ("x = 1\nif x:\n\treturn 2\n", "train.py, line 3, column 2: 'return' outside function"),
        ("x = 1\n  y = 2\n", "train.py, line 2, column [23]: unexpected indent"),
        ("x = " + "(" * 1000, "train.py, line 1, column"),
        ("x = " + "-" * 100_000 + "1", "train.py can't be parsed"),
    ],
)
def test_what_cannot_be_run_is_refused_by_line_and_column(base: Source, trainer: Trainer, text: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        apply_change(base, Change(files={"train.py": text}), trainer)


def test_a_file_cannot_lie_below_a_file(base: Source, trainer: Trainer) -> None:
    with pytest.raises(BadInputError, match=r"model/a/b\.py can't be a file: model/a is a file"):
        apply_change(base, Change(files={"model/a": "text", "model/a/b.py": ""}), trainer)


def test_line_ends_are_kept(trainer: Trainer, base: Source) -> None:
    crlf = {**base, **code(CODE.replace("\n", "\r\n"))}
    made = apply_change(crlf, Change(edits=[Edit(find="x + 1", replace="ü")], overrides={"DEPTH": 5}), trainer)
    assert made["train.py"] == CODE.replace("\n", "\r\n").replace("x + 1", "ü").replace("DEPTH = 4", "DEPTH = 5").encode()
    found = apply_change(crlf, edit("DEPTH = 4\nWIDTH", "DEPTH = 5\nWIDTH"), trainer)
    assert found["train.py"] == CODE.replace("\n", "\r\n").replace("DEPTH = 4", "DEPTH = 5").encode()


def test_an_edit_that_is_not_found_names_the_nearest_lines(base: Source, trainer: Trainer) -> None:
    with pytest.raises(
        BadInputError,
        match=r"(?s)is not in train.py\. The most similar lines, from line 16 on:\n    for step in range\(10\):\n        print",
    ):
        apply_change(base, edit("  for step in range(20):\n    print(step)", ""), trainer)
    with pytest.raises(BadInputError, match="No line is similar"):
        apply_change(base, edit("quantum entanglement ~~~~~~~~~~~", ""), trainer)


def test_the_nearest_lines_of_a_long_file_are_found_quickly(base: Source, trainer: Trainer) -> None:
    long = "".join(f"value_{number} = compute(value_{number - 1}, {number})\n" for number in range(1, 5000))
    find = "\n".join(f"value_{number} = compute(value_{number - 1},  {number})" for number in range(4000, 4060))
    start = time.process_time()
    with pytest.raises(BadInputError, match="from line 4000 on:\nvalue_4000 = compute"):
        apply_change({**base, **code(long)}, edit(find, ""), trainer)
    assert time.process_time() - start < 10


def test_an_edit_that_is_not_unique_names_the_lines(base: Source, trainer: Trainer) -> None:
    with pytest.raises(BadInputError, match=r"occurs 2 times in train\.py: at lines 8, 11"):
        apply_change(base, edit("self, x", ""), trainer)
    with pytest.raises(BadInputError, match="occurs 3 times"):
        apply_change({**base, **code("xxxx")}, edit("xx", ""), trainer)


def test_an_edit_needs_something_to_find_in_a_file_that_is_there(base: Source, trainer: Trainer) -> None:
    with pytest.raises(BadInputError, match="an empty find"):
        apply_change(base, edit("", "x"), trainer)
    with pytest.raises(BadInputError, match=r"base has no file model/a\.py"):
        apply_change(base, edit("a", "b", file="model/a.py"), trainer)


@pytest.mark.parametrize(
    "patch",
    [
        patch_of(),
        patch_of().replace("a/", "").replace("b/", ""),
        patch_of().replace("@@ -1,3 +1,3 @@", "@@ -7,9 +7,1 @@"),
        "diff --git a/train.py b/train.py\nindex 1234567..89abcde 100644\n" + patch_of().rstrip("\n"),
    ],
)
def test_a_patch_is_applied_as_agents_write_them(base: Source, trainer: Trainer, patch: str) -> None:
    made = apply_change(base, Change(patch=patch), trainer)
    assert made == {**base, **code(CODE.replace("DEPTH = 4", "DEPTH = 5"))}


def test_a_patch_may_add_move_and_remove_files(base: Source, trainer: Trainer) -> None:
    added = "--- /dev/null\n+++ b/model/nëw file.py\n@@ -0,0 +1 @@\n+ROWS = 1\n"
    made = apply_change(base, Change(patch=added), trainer)
    assert made == {**base, "model/nëw file.py": b"ROWS = 1\n"}
    moved = rename("model/nëw file.py", "model/b.py")
    assert apply_change(made, Change(patch=moved), trainer) == {**base, "model/b.py": b"ROWS = 1\n"}
    removed = "--- a/model/nëw file.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-ROWS = 1\n"
    assert apply_change(made, Change(patch=removed), trainer) == base


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (patch_of(path="../train.py"), "invalid path|leaves"),
        (patch_of(path="/etc/passwd"), "invalid path|leaves|isn't editable"),
        (patch_of(path="trainer.toml"), "trainer.toml isn't editable. Editable: train.py"),
        ("--- /dev/null\n+++ b/evil.py\n@@ -0,0 +1 @@\n+x\n", "evil.py isn't editable"),
        ("--- /dev/null\n+++ b/model/.git/config\n@@ -0,0 +1 @@\n+x\n", "invalid path|hidden"),
        (link("model/link", "/etc/passwd"), "makes model/link a symbolic link"),
        ('--- a/train.py\n+++ b/train.py\n@@ -1 +1,2 @@\n """Train."""\n+# \0\n DEPTH = 4\n', "train.py is binary"),
        ("diff --git a/model/b b/model/b\nnew file mode 100644\nGIT binary patch\nliteral 1\nIc\n\n", "contains a binary file"),
        (rename("train.py", "model/t.py"), "train.py can't be removed"),
        (rename("prepare.py", "model/p.py"), "prepare.py isn't editable"),
        (patch_of(old="DEPTH = 400"), "can't be applied: git apply says: patch failed: train.py:1"),
        (patch_of(new="DEPTH = ="), "train.py, line 2, column 9"),
        ("not a patch", "is in no known format"),
        ("", "is in no known format"),
    ],
)
def test_a_patch_that_may_not_or_cannot_be_applied_is_refused(base: Source, trainer: Trainer, patch: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        apply_change(base, Change(patch=patch), trainer)


def test_a_patch_writes_nothing_through_a_symlink(base: Source, trainer: Trainer, tmp_path: Path) -> None:
    through = "diff --git a/model/l/x b/model/l/x\nnew file mode 100644\n--- /dev/null\n+++ b/model/l/x\n@@ -0,0 +1 @@\n+x\n"
    with pytest.raises(BadInputError):
        apply_change(base, Change(patch=link("model/l", str(tmp_path)) + through), trainer)
    assert not (tmp_path / "x").exists()


def test_two_ideas_in_different_places_combine(base: Source, trainer: Trainer) -> None:
    one = {**base, **code(CODE.replace("x + 1", "x + 2"))}
    two = {**base, **code(CODE.replace("print(step)", "pass")), "model/new.py": b"A = 1\n"}
    made = apply_change(base, Change(), trainer, [MergeInput("e0001", base, one), MergeInput("e0002", base, two)])
    assert made == {**two, **code(CODE.replace("x + 1", "x + 2").replace("print(step)", "pass"))}
    assert apply_change(made, Change(), trainer, [MergeInput("e0002", base, two)]) == made


def test_neighbouring_knobs_combine(base: Source, trainer: Trainer) -> None:
    one = {**base, **code(CODE.replace("DEPTH = 4", "DEPTH = 6"))}
    two = {**base, **code(CODE.replace("WIDTH = 64", "WIDTH = 96").replace("LR = 0.02", "LR = 0.04"))}
    made = apply_change(base, Change(), trainer, [MergeInput("e0001", base, one), MergeInput("e0002", base, two)])
    assert knobs_of(made, trainer) == {"DEPTH": 6, "WIDTH": 96, "LR": 0.04}
    assert diffstat(base, made) == "train.py +3 −3"


def test_what_two_changes_do_to_the_same_knob_or_lines_is_told_as_a_conflict(base: Source, trainer: Trainer) -> None:
    here = {**base, **code(CODE.replace("DEPTH = 4", "DEPTH = 6").replace("x + 1", "x + 2"))}
    other = {**base, **code(CODE.replace("DEPTH = 4", "DEPTH = 8"))}
    with pytest.raises(ConflictError, match=r"e0003 conflicts.*train\.py: DEPTH is 6 here and 8 in e0003, from 4"):
        apply_change(here, Change(), trainer, [MergeInput("e0003", base, other)])
    other = {**base, **code(CODE.replace("x + 1", "x + 3\n" + "        # more\n" * 20).replace("print(step)", "pass"))}
    with pytest.raises(ConflictError) as caught:
        apply_change(here, Change(), trainer, [MergeInput("e0003", base, other)])
    told = str(caught.value)
    assert "from line 9 on, here:\n            return x + 2\nin e0003:\n            return x + 3\n" in told
    assert "… 16 more lines" in told
    assert "pass" not in told


def test_a_file_removed_on_one_side_and_changed_on_the_other_is_a_conflict(base: Source, trainer: Trainer) -> None:
    before = {**base, "model/a.py": b"A = 1\n"}
    with pytest.raises(ConflictError, match=r"model/a\.py: changed on one side and removed on the other \(e0003\)"):
        apply_change({**base, "model/a.py": b"A = 2\n"}, Change(), trainer, [MergeInput("e0003", before, base)])
    with pytest.raises(ConflictError, match=r"model/a\.py: new on both sides"):
        apply_change({**base, "model/a.py": b"A = 2\n"}, Change(), trainer, [MergeInput("e0003", base, before)])
    assert apply_change(before, Change(), trainer, [MergeInput("e0003", before, base)]) == base


def test_the_folder_on_disk_gives_its_editable_files_only(base: Source, trainer: Trainer) -> None:
    folder = {**base, **code("DEPTH = 5\n"), "notes.txt": b"mine", "model/new.py": b""}
    assert take_folder(folder, base, trainer) == {**base, **code("DEPTH = 5\n"), "model/new.py": b""}
    with pytest.raises(BadInputError, match=r"prepare\.py in the folder differs"):
        take_folder({**folder, "prepare.py": b"print(1)"}, base, trainer)
    with pytest.raises(BadInputError, match=r"train\.py, line 1"):
        take_folder({**folder, **code("DEPTH = =\n")}, base, trainer)


@pytest.mark.parametrize(
    ("changed", "words", "stat"),
    [
        (code(CODE), "", ""),
        (code(CODE.replace("= 4", "= 6").replace("0.02", "4e-2")), "DEPTH 4→6, LR 0.02→4e-2", "train.py +2 −2"),
        (code(CODE.replace("0.02", "2e-2")), "train.py +1 −1", "train.py +1 −1"),
        (
            code(CODE.replace("x + 1", "x\n        + 1").replace("= 4", "= 6")),
            "DEPTH 4→6; train.py +2 −1: Block.forward",
            "train.py +3 −2",
        ),
        (code(CODE.replace("        print(step)\n", "")), "train.py +0 −1: def main", "train.py +0 −1"),
        (code(CODE.replace("class Block:\n", "class Block:\n    size = 1\n")), "train.py +1 −0: class Block", "train.py +1 −0"),
        (code(CODE.replace("LR = 0.02", "RATE = 0.02")), "train.py +1 −1", "train.py +1 −1"),
        ({"model/n.txt": b"a\nb\n"}, "model/n.txt new, 2 lines", "model/n.txt +2 −0"),
    ],
)
def test_what_differs_is_told_in_a_few_words(base: Source, changed: Source, words: str, stat: str) -> None:
    after = {**base, **changed}
    assert (describe(base, after), diffstat(base, after)) == (words, stat)


def test_a_removed_file_and_many_changes_are_told_briefly(base: Source) -> None:
    assert describe({**base, "model/a": b"x"}, base) == "model/a removed"
    many = {**base, **{f"model/{number}": b"" for number in range(100)}}
    assert len(describe(base, many)) == 300
