"""The built-in trainer's model doesn't look ahead, learns, and can be tuned."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.gpt import train
from labhand.trainer.ranks import Ranks
from numpy.typing import NDArray

FOLDER = Path(train.__file__).parent
CONFIG = {"vocabulary": 64, "depth": 2, "width": 32, "head_size": 16}
PIECES = {"SMEAR": True, "BACKOUT": True, "BIGRAM_ROWS": 500, "WINDOW_PATTERN": "SL", "SHORT_WINDOW": 9, "SOFTCAP": 15.0}


class StepSession:
    """A session whose budget is counted in steps, so that a run is the same each time."""

    def __init__(self, seed: int = 0, steps: int = 60) -> None:
        self.seed = seed
        self.budget_seconds = float(steps)
        self.device = "cpu"
        self.vocabulary_size = 64
        self.context = 32
        self.ranks = Ranks()
        self.steps = 0
        self.losses: list[float] = []
        self.tokens: list[int] = []
        self.saved: tuple[torch.nn.Module, Mapping[str, Any]] | None = None

    def connect(self, *, parallel: bool = False) -> StepSession:  # noqa: ARG002 - as of `Session`
        return self

    def ready(self) -> NDArray[np.uint16]:
        walk = np.random.default_rng(0).integers(1, 4, 20_000).cumsum() % 63
        tokens = walk.astype(np.uint16)
        tokens[::500] = 63
        return tokens

    def progress(self) -> float:
        self.steps += 1
        return min(1.0, (self.steps - 1) / self.budget_seconds)

    def report(self, *, step: int, loss: float, tokens: int) -> None:
        assert step == self.steps
        self.losses.append(loss)
        self.tokens.append(tokens)

    def save(self, model: torch.nn.Module, config: Mapping[str, Any]) -> None:
        self.saved = model, config


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Knobs for runs of a moment."""
    for knob, value in {"DEPTH": 1, "WIDTH": 32, "HEAD_SIZE": 16, "SEQUENCE_LENGTH": 32, "BATCH_SIZE": 4}.items():
        monkeypatch.setattr(train, knob, value)
    return monkeypatch


def trained(monkeypatch: pytest.MonkeyPatch, session: StepSession) -> StepSession:
    monkeypatch.setattr(train, "Session", session)
    train.main()
    return session


def with_knobs(monkeypatch: pytest.MonkeyPatch, knobs: Mapping[str, object]) -> None:
    for knob, value in knobs.items():
        monkeypatch.setattr(train, knob, value)


def awake(model: train.GPT) -> train.GPT:
    """A model with no weight left at zero, so that what flows through it is seen."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    return model


def test_tokens_become_logits_whatever_the_batch() -> None:
    model = train.build_model(CONFIG)
    for shape in ((1, 1), (3, 17), (2, 300)):
        assert model(torch.zeros(shape, dtype=torch.int64)).shape == (*shape, 64)


@pytest.mark.parametrize("pieces", [{}, PIECES], ids=["as it is", "all pieces on"])
def test_the_future_does_not_reach_earlier_logits(monkeypatch: pytest.MonkeyPatch, pieces: Mapping[str, object]) -> None:
    with_knobs(monkeypatch, pieces)
    model = awake(train.build_model(CONFIG))
    tokens = torch.randint(64, (4, 40))
    changed = tokens.clone()
    changed[:, 20:] = torch.randint(64, (4, 20))
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :20], after[:, :20], rtol=0, atol=1e-6)
    assert not torch.allclose(before[:, 20:], after[:, 20:])


def test_the_past_reaches_later_logits_by_its_order() -> None:
    model = awake(train.build_model(CONFIG))
    tokens = torch.tensor([[1, 2, 3, 4, 5], [2, 1, 3, 4, 5]])
    with torch.no_grad():
        first, second = model(tokens)[:, -1]
    assert not torch.allclose(first, second)


def test_rows_do_not_see_each_other() -> None:
    model = awake(train.build_model(CONFIG))
    tokens = torch.randint(64, (4, 20))
    with torch.no_grad():
        torch.testing.assert_close(model(tokens)[:1], model(tokens[:1]), rtol=0, atol=1e-5)


def test_a_short_run_learns(small: pytest.MonkeyPatch) -> None:
    session = trained(small, StepSession(steps=200))
    # The text has three equally likely continuations: log 3 = 1.10 nats; guessing costs log 64 = 4.16.
    assert session.losses[0] < 4.2
    assert session.losses[-1] < 2.0


def test_what_is_saved_is_what_build_model_makes(small: pytest.MonkeyPatch) -> None:
    session = trained(small, StepSession(steps=3))
    assert session.saved is not None
    model, config = session.saved
    rebuilt = train.build_model(config)
    rebuilt.load_state_dict(model.state_dict())
    tokens = torch.randint(64, (2, 16))
    torch.testing.assert_close(rebuilt(tokens), model(tokens))


def test_a_seed_repeats_a_run_and_another_changes_it(small: pytest.MonkeyPatch) -> None:
    first, again, other = (trained(small, StepSession(seed)).losses for seed in (1, 1, 2))
    assert first == again
    assert first != other


SMALL = {"DEPTH": 2, "WIDTH": 32, "HEAD_SIZE": 16, "SEQUENCE_LENGTH": 32, "BATCH_SIZE": 4}


@pytest.fixture(scope="module")
def usual_losses() -> list[float]:
    """Of a short run of two blocks with no other knob changed."""
    with pytest.MonkeyPatch.context() as patch:
        with_knobs(patch, SMALL)
        return trained(patch, StepSession(steps=12)).losses


@pytest.mark.parametrize(
    "knobs",
    [
        {"DEPTH": 3},
        {"WIDTH": 64},
        {"HEAD_SIZE": 8},
        {"MLP_RATIO": 2},
        {"ROTARY_BASE": 100.0},
        {"QUERY_KEY_GAIN": 1.0},
        {"GATE_CHANNELS": 8},
        {"SEQUENCE_LENGTH": 16},
        {"BATCH_SIZE": 2},
        {"MATRIX_LR": 0.1},
        {"EMBEDDING_LR": 0.2},
        {"HEAD_LR": 0.1},
        {"SCALAR_LR": 0.5},
        {"MUON_MOMENTUM": 0.5},
        {"MUON_ITERATIONS": 1},
        {"ADAM_BETAS": (0.5, 0.5)},
        {"WEIGHT_DECAY": 1.0},
        {"WARMUP": 0.5},
        {"COOLDOWN": 0.0},
        {"COOLDOWN_SHAPE": "cosine"},
        {"COOLDOWN_SHAPE": "sqrt"},
        {"FINAL_LR": 1.0},
        {"VALUE_EMBEDDINGS": False},
        {"RESIDUAL_SCALARS": False},
        {"SMEAR": True},
        {"BACKOUT": True},
        {"BIGRAM_ROWS": 500},
        {"WINDOW_PATTERN": "S", "SHORT_WINDOW": 4},
        {"SOFTCAP": 5.0},
        {"TIED_HEAD": True},
        {"BATCH_WARMUP": 0.5},
        {"LENGTH_WARMUP": 0.5},
    ],
    ids=str,
)
def test_every_knob_changes_training(
    monkeypatch: pytest.MonkeyPatch, usual_losses: list[float], knobs: Mapping[str, object]
) -> None:
    with_knobs(monkeypatch, {**SMALL, **knobs})
    losses = trained(monkeypatch, StepSession(steps=12)).losses
    assert losses != usual_losses
    assert losses[-1] < losses[0]


def test_the_loss_in_chunks_is_the_cross_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    x, head = torch.randn(300, 16, requires_grad=True), torch.randn(50, 16, requires_grad=True)
    following = torch.randint(50, (300,))
    for cap in (0.0, 5.0):
        monkeypatch.setattr(train, "SOFTCAP", cap)
        usual = torch.nn.functional.cross_entropy(train.capped(x @ head.T), following)
        chunked = train.chunked_loss(x, head, following)
        torch.testing.assert_close(chunked, usual)
        gradients = torch.autograd.grad(3 * chunked, (x, head))
        torch.testing.assert_close(gradients, torch.autograd.grad(3 * usual, (x, head)), rtol=1e-4, atol=1e-6)


def test_a_model_given_the_following_tokens_returns_the_loss_of_its_logits() -> None:
    model = awake(train.build_model(CONFIG))
    tokens = torch.randint(64, (3, 41))
    with torch.no_grad():
        logits, loss = model(tokens[:, :-1]), model(tokens[:, :-1], tokens[:, 1:])
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()))


def test_of_a_bigram_table_only_the_rows_that_were_looked_up_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "BIGRAM_ROWS", 500)
    model = awake(train.build_model(CONFIG))
    before = model.bigrams.weight.detach().clone()
    tokens = torch.randint(64, (2, 9))
    model(tokens[:, :-1], tokens[:, 1:]).backward()
    for optimizer in train.make_optimizers(model, Ranks()):
        optimizer.step(1.0)
    moved = torch.ne(model.bigrams.weight, before).any(dim=1)
    assert 1 <= moved.sum() <= 16


def test_a_short_window_ends_where_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with_knobs(monkeypatch, {"WINDOW_PATTERN": "S", "SHORT_WINDOW": 4})
    model = awake(train.build_model(CONFIG | {"depth": 1}))
    tokens = torch.randint(64, (1, 20))
    changed = tokens.clone()
    changed[:, 10] = (tokens[:, 10] + 1) % 64
    with torch.no_grad():
        differs = (model(tokens) - model(changed)).abs().amax(dim=(0, 2)) > 1e-5
    assert differs.nonzero().flatten().tolist() == [10, 11, 12, 13]


def test_batches_and_rows_begin_small_if_they_are_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with_knobs(monkeypatch, SMALL | {"LENGTH_WARMUP": 0.2, "BATCH_WARMUP": 0.5})
    shapes = [train.batch_shape(progress, 8, 128) for progress in (0.0, 0.3, 0.5)]
    assert shapes == [(8, 64), (4, 128), (8, 128)]
    assert trained(monkeypatch, StepSession(steps=10)).tokens == [64, 128, 192, 256, 320, 448, 576, 704, 832, 960]


@pytest.mark.parametrize(("width", "head_size"), [(32, 32), (96, 96), (128, 64), (160, 80)])
def test_heads_divide_any_width(monkeypatch: pytest.MonkeyPatch, width: int, head_size: int) -> None:
    with_knobs(monkeypatch, SMALL | {"DEPTH": 1, "WIDTH": width, "HEAD_SIZE": 64})
    saved = trained(monkeypatch, StepSession(steps=1)).saved
    assert saved is not None
    assert saved[1]["head_size"] == head_size


def test_a_gpu_gets_the_problem_that_autoresearch_starts_with() -> None:
    """50 million parameters, 8,192 tokens of vocabulary, rows of 2,048."""
    data = read_trainer(FOLDER).on_device("cuda").data
    assert data is not None
    depth, width, length, rows = train.sizes("cuda")
    assert (depth, width, length, rows, data.context) == (8, 512, 2048, 32, 2048)
    with torch.device("meta"):
        model = train.build_model({"vocabulary": data.vocabulary, "depth": depth, "width": width, "head_size": 64})
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(50e6, rel=0.05)


def test_knobs_are_literals_that_parsing_finds() -> None:
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse((FOLDER / "train.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    }
    assert {"DEPTH", "WIDTH", "BATCH_SIZE", "MATRIX_LR", "ADAM_BETAS", "COOLDOWN"} < set(constants)
    assert constants == {name: getattr(train, name) for name in constants}


def test_learning_rates_rise_stay_and_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "WARMUP", 0.1)
    monkeypatch.setattr(train, "COOLDOWN", 0.4)
    monkeypatch.setattr(train, "FINAL_LR", 0.1)
    rates = [train.schedule(progress) for progress in (0.0, 0.05, 0.1, 0.5, 0.6, 0.8, 1.0)]
    assert rates == pytest.approx([0.0, 0.5, 1.0, 1.0, 1.0, 0.55, 0.1])
    for shape, halfway in (("cosine", 0.55), ("sqrt", 1 - 0.9 * 0.5**0.5)):
        monkeypatch.setattr(train, "COOLDOWN_SHAPE", shape)
        assert [train.schedule(progress) for progress in (0.6, 0.8, 1.0)] == pytest.approx([1.0, halfway, 0.1])


def test_orthogonalized_matrices_have_singular_values_near_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "MUON_ITERATIONS", 5)
    for shape in ((3, 16, 64), (3, 64, 16)):
        matrices = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        values = np.linalg.svd(train.orthogonalize(torch.tensor(matrices)).numpy(), compute_uv=False)
        assert 0.6 < values.min() < values.max() < 1.3


def test_a_parameter_that_is_added_is_trained_too() -> None:
    model = train.build_model(CONFIG)
    model.register_parameter("gain", torch.nn.Parameter(torch.ones(3)))
    optimizers = train.make_optimizers(model, Ranks())
    model.get_parameter("gain").grad = torch.ones(3)
    for parameter in model.blocks.parameters():
        parameter.grad = torch.zeros_like(parameter)
    for optimizer in optimizers:
        optimizer.step(1.0)
    assert (model.get_parameter("gain") < 1).all()


IMPORT_AND_LOOK = """
import sys, torch
state = torch.random.get_rng_state()
import train
print(torch.equal(state, torch.random.get_rng_state()), "torch._dynamo" in sys.modules)
"""


def test_importing_has_no_effects_and_stays_light() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_AND_LOOK], cwd=FOLDER, capture_output=True, text=True, check=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_the_trainer_file_says_what_may_be_edited() -> None:
    trainer = read_trainer(FOLDER)
    assert trainer.editable == ("train.py",)
    assert trainer.data is not None
    assert (trainer.data.corpus, trainer.data.vocabulary) == ("sotu", 1024)
    assert all((FOLDER / command[1]).is_file() for command in (trainer.command, trainer.prepare))
