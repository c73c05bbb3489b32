"""A change in hunks, each of which can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.source.hunks import Difference, Hunk
from labhand.server.source.trainer_folder import Trainer, load_trainer

BEFORE = """DEPTH = 4  # blocks
RATE = 0.02


def scale(x):
    return x


def forward(x):
    a = x + 1
    b = a + 1
    c = b + 1
    d = c + 1
    return scale(d)
"""
AFTER = """DEPTH = 6  # blocks
RATE = 0.03


def scale(x):
    return 2 * x


def squash(x):
    return x / (1 + abs(x))


def forward(x):
    a = x + 1
    b = a + 1
    c = b + 1
    d = c + 1
    return squash(scale(d))
"""


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    told = 'name = "t"\neditable = ["train.py", "*.py", "notes.txt"]\ncommand = ["python", "train.py"]\n'
    (tmp_path / "trainer.toml").write_text(
        told + '[metric]\nname = "m"\ndirection = "minimize"\nsource = "output"\n[budget]\nseconds = 5\n', "utf-8"
    )
    (tmp_path / "train.py").write_text(BEFORE, "utf-8")
    return load_trainer(str(tmp_path), tmp_path)


def source(train: str, **others: str) -> dict[str, bytes]:
    return {"train.py": train.encode(), **{name.replace("_", "."): text.encode() for name, text in others.items()}}


def difference(trainer: Trainer, before: str = BEFORE, after: str = AFTER) -> Difference:
    return Difference(source(before), source(after), trainer)


def named(found: Difference, words: str) -> Hunk:
    return next(hunk for hunk in found.hunks if words in hunk.name)


def test_neighbouring_knobs_are_apart_and_lines_are_together_where_they_touch(trainer: Trainer) -> None:
    names = [hunk.name for hunk in difference(trainer).hunks]
    assert names[:2] == ["DEPTH 4→6", "RATE 0.02→0.03"]
    assert len(names) == 4
    assert "def scale" in names[2]
    assert "def forward" in names[3]


def test_taking_nothing_back_changes_nothing_and_taking_everything_back_is_what_was_before(trainer: Trainer) -> None:
    found = difference(trainer)
    assert found.without([]) == source(AFTER)
    assert found.without(found.hunks) == source(BEFORE)


def test_one_hunk_is_taken_back_and_the_rest_stays(trainer: Trainer) -> None:
    found = difference(trainer)
    taken = found.take_back(named(found, "RATE"))
    assert (taken.source, taken.why_not) == (source(AFTER.replace("0.03", "0.02")), "")
    taken = found.take_back(named(found, "def forward"))
    assert (taken.source, taken.why_not) == (source(AFTER.replace("squash(scale(d))", "scale(d)")), "")


def test_what_uses_a_definition_goes_with_it(trainer: Trainer) -> None:
    found = difference(trainer)
    taken = found.take_back(named(found, "def scale"))
    assert [hunk.name for hunk in taken.hunks] == [hunk.name for hunk in found.hunks[2:]]
    assert taken.why_not == ""
    assert b"squash" not in taken.source["train.py"]


def test_what_does_not_parse_without_a_hunk_is_told(trainer: Trainer) -> None:
    before = "def f(x):\n    return x\n" + 5 * "# same\n" + "y = 1\n"
    after = "def f(x):\n    return (x,\n" + 5 * "# same\n" + "2)\ny = 1\n"
    found = difference(trainer, before, after)
    assert all("train.py, line" in found.take_back(hunk).why_not for hunk in found.hunks)
    assert len(found.hunks) == 2


def test_what_needs_something_that_another_hunk_removed_goes_with_that(trainer: Trainer) -> None:
    before = "def old():\n    return 1\n" + 5 * "# same\n" + "x = old()\n" + 5 * "# same\n" + "RATE = 1\n"
    after = "def new():\n    return 1\n" + 5 * "# same\n" + "x = new()\n" + 5 * "# same\n" + "RATE = 2\n"
    found = difference(trainer, before, after)
    for hunk in found.hunks[1:]:
        taken = found.take_back(hunk)
        assert (len(taken.hunks), taken.source) == (2, source(before.replace("RATE = 1", "RATE = 2")))


def test_parts_that_all_need_each_other_cannot_be_parted(trainer: Trainer) -> None:
    before = "def old():\n    return 1\n" + 5 * "# same\n" + "x = old()\n"
    found = difference(trainer, before, before.replace("old", "new"))
    assert [found.take_back(hunk).why_not.partition(":")[0] for hunk in found.hunks] == ["nothing is left"] * 2


def test_files_come_and_go_whole(trainer: Trainer) -> None:
    found = Difference(source(BEFORE, notes_txt="old"), source(BEFORE, extra_py="Z = 1\n"), trainer)
    assert [hunk.name for hunk in found.hunks] == ["extra.py new", "notes.txt removed"]
    assert found.take_back(found.hunks[0]).source == source(BEFORE)
    assert found.take_back(found.hunks[1]).source == source(BEFORE, extra_py="Z = 1\n", notes_txt="old")


def test_a_knob_over_several_lines_and_one_beside_a_changed_comment_are_taken_back_alone(trainer: Trainer) -> None:
    before = "BETAS = (\n    0.8,\n    0.95,\n)\nRATE = 0.02  # slow\n"
    after = "BETAS = (0.9, 0.99)\nRATE = 0.05  # fast\n"
    found = difference(trainer, before, after)
    [betas, rate, comment] = found.hunks
    assert (betas.knob, rate.knob, comment.knob) == ("BETAS", "RATE", "")
    assert found.take_back(rate).source == source("BETAS = (0.9, 0.99)\nRATE = 0.02  # fast\n")
    assert found.take_back(comment).source == source("BETAS = (0.9, 0.99)\nRATE = 0.05  # slow\n")
    assert found.without(found.hunks) == source(before)


MODULE_BEFORE = """class Block:
    def __init__(self, width):
        self.width = width
        self.attention = width
        self.mlp = 4 * width
        self.depth = 1

    def scale(self, x):
        return x

    def unrelated(self, x):
        y = x + 1
        y = y + 2
        return y

    def forward(self, x):
        x = x + self.attention
        x = x + self.mlp
        x = x * self.depth
        return x
"""


def without(trainer: Trainer, after: str, words: str, before: str = MODULE_BEFORE) -> str:
    """What is left of a change when the hunk is taken back whose lines have these words."""
    found = difference(trainer, before, after)
    reduced = found.take_back(next(hunk for hunk in found.hunks if words in hunk.lines))
    assert not reduced.why_not or "nothing is left" in reduced.why_not
    return reduced.source["train.py"].decode()


def test_an_attribute_goes_with_its_uses(trainer: Trainer) -> None:
    after = MODULE_BEFORE.replace("        self.depth = 1\n", "        self.depth = 1\n        self.gate = 0.5\n")
    after = after.replace("x = x + self.mlp", "x = x + self.gate * self.mlp").replace("y = y + 2", "y = y + 3")
    left = without(trainer, after, "self.gate = 0.5")
    assert "gate" not in left, "removing self.gate and leaving its uses is a wasted run"
    assert "y = y + 3" in left, "a part that doesn't depend on it stays"


def test_a_use_goes_alone_and_leaves_the_attribute(trainer: Trainer) -> None:
    after = MODULE_BEFORE.replace("        self.depth = 1\n", "        self.depth = 1\n        self.gate = 0.5\n")
    after = after.replace("x = x + self.mlp", "x = x + self.gate * self.mlp").replace("y = y + 2", "y = y + 3")
    left = without(trainer, after, "self.gate * self.mlp")
    assert "self.gate = 0.5" in left


def test_an_attribute_that_a_method_of_another_library_sets_by_name_is_no_loss(trainer: Trainer) -> None:
    after = MODULE_BEFORE.replace("        self.depth = 1\n", "        self.depth = 1\n        self.register('mask', 1)\n")
    after = after.replace("x = x + self.mlp", "x = x + self.mask * self.mlp")
    assert "mask" not in without(trainer, after, "register")


def test_a_parameter_goes_with_the_calls_that_give_it(trainer: Trainer) -> None:
    after = MODULE_BEFORE.replace("def scale(self, x):\n        return x", "def scale(self, x, by):\n        return by * x")
    after = after.replace("x = x * self.depth", "x = self.scale(x, 2) * self.depth").replace("y = y + 2", "y = y + 3")
    left = without(trainer, after, "def scale")
    assert "self.scale(x, 2)" not in left
    assert "y = y + 3" in left
    keyword = after.replace("self.scale(x, 2)", "self.scale(x, by=2)")
    assert "by=2" not in without(trainer, keyword, "def scale")


def test_a_method_goes_with_the_calls_of_it(trainer: Trainer) -> None:
    after = MODULE_BEFORE.replace(
        "    def scale(self, x):", "    def squash(self, x):\n        return x / 2\n\n    def scale(self, x):"
    )
    after = after.replace("x = x * self.depth", "x = self.squash(x) * self.depth")
    assert "squash" not in without(trainer, after, "def squash")
