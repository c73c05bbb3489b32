"""A name in a Python file is a knob by what it is: set once, to literals, where the program starts or is configured."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError
from labhand.server.source.inspection.static_flags import flags
from labhand.server.source.knobs import find_knobs, override
from labhand.server.source.source_knobs import Knobs
from labhand.server.source.trainer_folder import load_trainer

from ..test_trainer_folder import MINIMAL, make_trainer


def names(text: str) -> dict[str, object]:
    return {name: knob.value for name, knob in find_knobs(text).items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import tyro\ndef run(lr: float = 1, *, deep: bool = True): ...\ntyro.cli(run)", {"lr": 1.0, "deep": True}),
        ("import fire\ndef run(lr=0.1): ...\nfire.Fire(run)", {"lr": 0.1}),
        ("@app.command()\ndef run(lr: Annotated[float, typer.Option(help='x')] = 1): ...", {"lr": 1.0}),
        ("class C(BaseModel):\n    lr: float = Field(0.1, gt=0)\n    n: int = Field(default=3)", {"C.lr": 0.1, "C.n": 3}),
        ("class C(pydantic.BaseSettings):\n    model_config = {'frozen': True}\n    lr: float = 1", {"C.lr": 1.0}),
        ("@dataclasses.dataclass(frozen=True)\nclass C:\n    a: int = 1\n    def f(self, b=2): ...", {"C.a": 1}),
        ("@attrs.define\nclass C:\n    a: int = attrs.field(default=1)", {"C.a": 1}),
        ("class C(NamedTuple):\n    a: int = 1", {"C.a": 1}),
        ("class C:\n    '''Doc.'''\n    lr = 0.1\nclass D(C):\n    lr = 0.2", {"C.lr": 0.1, "D.lr": 0.2}),
        ("p.add_argument('--a', dest='b', default=1)\np.add_argument('-c', default=2)", {"b": 1, "c": 2}),
        ("p.add_argument('--lr', type=float, default=LR)\nLR = 0.1", {"LR": 0.1}),
        ("LR = 0.1\np.add_argument('--LR', default=1)", {"LR": 0.1}),
        (
            "params = {'leaves': 31, 'metric': {'l1', 'l2'}, 'net': dict(width=8), 'a b': 1, 3: 4, **more}",
            {"params.leaves": 31, "params.net.width": 8},
        ),
    ],
)
def test_options_fields_and_parameters_are_knobs(text: str, found: dict[str, object]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "__version__ = '1.2'\n_private = 3",
        "version = '1.2.3'",
        "if __name__ == '__main__':\n    lr = 0.1",
        "losses = []\nlosses.append(1)",
        "cache = {}\ncache['a'] = 1",
        "params = {'lr': 0.1}\nparams['lr'] = 0.2",
        "params = {'lr': 0.1}\nparams.update(lr=0.2)",
        "step = 0\ndef train():\n    global step\n    step += 1",
        "step = 0\nfor step in range(3): ...",
        "def train(lr=0.1): ...",
        "class Color(Enum):\n    RED = 1",
        "class Layer(Module):\n    eps = 1e-5\n    def forward(self): ...",
        "p.add_argument('--lr', type=float)\np.add_argument('file', default='x')",
        "a.add_argument('--lr', default=1)\nb.add_argument('--lr', default=2)",
        "@dataclass\nclass C:\n    layers: list = field(default_factory=list)",
    ],
)
def test_what_describes_the_program_or_changes_while_it_runs_is_no_knob(text: str) -> None:
    assert names(text) == {}


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("p.add_argument('--n-layer', type=int)", "n_layer", "the source:1 as an option without a default"),
        ("n_layer = int('3')", "n_layer", r"the source:1 as a computed value, not a literal \(constant\)"),
        (
            "a.add_argument('--lr', default=1)\nb.add_argument('--lr', default=2)",
            "lr",
            "one of several of its name; in the source:2",
        ),
        ("version = '1.2'", "version", "the source:1 as a version"),
        ("def f(width=2): ...", "width", "the source:1 as a parameter that its callers give"),
        ("class A(B):\n    def f(self):\n        self.width = 2", "width", "the source:3 as a variable inside a function"),
        ("main(width=2)", "width", "the source:1 as an argument of a call"),
    ],
)
def test_a_refusal_says_where_the_word_was_found_and_as_what(text: str, name: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        override(text, {name: 1})


def test_a_name_of_several_files_is_set_with_the_file_before_it(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path, MINIMAL.replace('["train.py"]', '["**"]'))
    source = {
        "train.py": b"LEARNING_RATE = 0.1\nDEPTH = 2\ndropout = 0.1\n",
        "lib/model.py": b"LEARNING_RATE = 0.2\ndropout = 0.2\n",
        "config.yaml": b"DEPTH: 3\noptimizer:\n  lr: 0.1\nscheduler:\n  lr: 0.2\n",
    }
    knobs = Knobs(source, load_trainer(str(folder), tmp_path))
    assert knobs.full_name("DEPTH") == "DEPTH"  # a constant in capitals keeps its name
    assert knobs.values["config.yaml:DEPTH"] == 3
    assert knobs.override({"train.py:LEARNING_RATE": 1})["train.py"].startswith(b"LEARNING_RATE = 1.0\n")
    assert knobs.override({"model.py:dropout": 1})["lib/model.py"].endswith(b"dropout = 1.0\n")
    for name, places in {
        "LEARNING_RATE": r"train\.py:LEARNING_RATE \(train\.py:1.*lib/model\.py:LEARNING_RATE \(lib/model\.py:1",
        "lr": r"optimizer\.lr \(config\.yaml:3, value, 0\.1\), scheduler\.lr \(config\.yaml:5, value, 0\.2\)",
    }.items():
        with pytest.raises(BadInputError, match=places):
            knobs.override({name: 1})
    with pytest.raises(BadInputError, match=r"optimizer\.lr is set twice"):
        knobs.override({"optimizer.lr": 1, "config.yaml:optimizer.lr": 1})


def test_a_seed_that_is_set_as_a_knob_is_flagged_wherever_it_stands() -> None:
    for path, text in {"c.yaml": "train:\n  seed: 1\n", "t.py": "p.add_argument('--seed', default=1)\n"}.items():
        before = {path: text.encode()}
        assert flags(before, {path: text.replace("1", "2").encode()}) == [
            f"seed: {'train.' if 'yaml' in path else ''}seed 1→2 in {path}"
        ]
        assert flags(before, before) == []
