"""What the built-in trainer is compared with: honest models, and arms that say what they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
import torch
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from typing_extensions import override

from benchmarks.trainer import phases, starts
from benchmarks.trainer.arms import Arm, UnknownArmError, parse_arm
from benchmarks.trainer.runs import Ledger, Score, run_together
from benchmarks.trainer.scripts import flops_a_token
from benchmarks.trainer.tables import interval

from .test_train import StepSession


@dataclass(frozen=True)
class SmallArm(Arm):
    """An arm on the tests' corpus."""

    corpus: Path = Path()

    @override
    def lay_out(self, folder: Path) -> None:
        super().lay_out(folder)
        text = (folder / "trainer.toml").read_text("utf-8").replace('"sotu"', f'"{self.corpus}"').replace("1024", "300")
        (folder / "trainer.toml").write_text(text, "utf-8")


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
    Ledger(tmp_path / "runs.jsonl").add(Score("default", 10.0, 1, 1.8, 400, 4e4, 0.2))
    again = Ledger(tmp_path / "runs.jsonl")
    assert again.has("default", 10, 1)
    assert not again.has("default", 10, 2)


def test_the_interval_of_differences_is_student_s() -> None:
    assert interval([0.1, 0.3]) == "+0.200 ± 1.271 (2 pairs)"
    assert interval([0.1]) == "+0.100 (one pair)"
    assert interval([]) == "no pairs"


def test_operations_are_those_of_matrices_and_not_of_tables() -> None:
    model = torch.nn.Sequential(torch.nn.Embedding(50, 8), torch.nn.Linear(8, 20))
    assert flops_a_token(model) == 6 * 8 * 20


def test_the_time_of_an_inner_phase_is_not_the_outer_one_s(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 1.0, 5.0, 7.0])
    monkeypatch.setattr("time.process_time", lambda: next(ticks))
    clocks = phases.Clocks()
    inner = clocks.around("loss", lambda: None)
    clocks.around("forward", inner)()
    assert clocks.seconds == {"forward": 3.0, "loss": 4.0}


@pytest.mark.slow
def test_a_script_is_timed_until_its_first_step_and_by_phase(monkeypatch: pytest.MonkeyPatch, small_corpus: Path) -> None:
    monkeypatch.setenv("LABHAND_CACHE", str(small_corpus / "cache"))
    arm, core = SmallArm("default", "default", corpus=small_corpus / "texts"), max(os.sched_getaffinity(0))
    assert 0 < starts.forked(arm, core)["cpu"] < 60
    (found,) = phases.measure([arm], 0.5, core)
    assert set(found) == set(phases.PHASES)
    assert all(milliseconds > 0 for milliseconds in found.values())
    (run,) = run_together([arm], 0.5, 1, core)
    assert run.steps > 1
    assert run.token_rate > 0
    assert 0 < run.peak_share < 1
    assert 0 < run.bpb < 8


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
