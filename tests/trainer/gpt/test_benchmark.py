"""What the built-in trainer is compared with: honest models, and arms that say what they are."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
import torch
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer

from benchmarks.trainer.arms import UnknownArmError, parse_arm
from benchmarks.trainer.runs import Ledger, Score

from .test_train import StepSession


def test_an_arm_is_a_script_with_knobs_set(tmp_path: Path) -> None:
    arm = parse_arm('odd=default;DEPTH=3;WINDOW_PATTERN="SL"')
    arm.lay_out(tmp_path / "run")
    lines = (tmp_path / "run" / "train.py").read_text("utf-8").splitlines()
    assert sum(line.startswith("DEPTH = 3 ") for line in lines) == 1
    assert sum(line.startswith('WINDOW_PATTERN = "SL" ') for line in lines) == 1
    assert arm.name == "odd"
    assert read_trainer(tmp_path / "run").name == "gpt"


@pytest.mark.parametrize(
    ("text", "words"),
    [("nothing", "autoresearch, counting, plain_gpt, or a git revision"), ("default;DEPHT=3", "default has no knob DEPHT")],
)
def test_an_arm_that_does_not_exist_is_refused_with_what_would_do(text: str, words: str) -> None:
    with pytest.raises(UnknownArmError, match=words):
        parse_arm(text).source()


def test_a_comparison_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    Ledger(tmp_path / "runs.jsonl").add(Score("default", 10.0, 1, 1.8, 400))
    again = Ledger(tmp_path / "runs.jsonl")
    assert again.has("default", 10, 1)
    assert not again.has("default", 10, 2)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["autoresearch", "plain_gpt", "counting"])
def test_a_recipe_learns_without_looking_ahead(monkeypatch: pytest.MonkeyPatch, recipe: str) -> None:
    module, session = import_module(f"benchmarks.trainer.recipes.{recipe}"), StepSession(steps=40)
    monkeypatch.setattr(module, "Session", session)
    module.main()
    assert session.saved is not None
    model, config = session.saved
    rebuilt = module.build_model(config)
    rebuilt.load_state_dict(model.state_dict())
    tokens = torch.tensor(session.ready()[:400].astype("int64")).view(4, 100)
    changed = tokens.clone()
    changed[:, 50:] = torch.randint(63, (4, 50))
    with torch.no_grad():
        before, after = rebuilt(tokens), rebuilt(changed)
    torch.testing.assert_close(before[:, :50], after[:, :50], rtol=0, atol=1e-5)
    loss = torch.nn.functional.cross_entropy(before[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    assert loss < 3.5  # guessing costs log 64 = 4.16 nats
