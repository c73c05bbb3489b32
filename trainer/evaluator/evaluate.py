"""The metric: bits per byte of the validation text.

It is computed in the runner's process, which has the targets and doesn't load the experiment's code.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.evaluator_version import evaluator_version
from ..contract.failures import FailureKind
from ..contract.run_result import EvaluatorIdentity
from ..contract.trainer_toml.data import Data
from ..data.corpus import Corpus, Split
from ..data.sources import SplitName
from ..run.child import CancelledError
from ..run.failures.classify import RunFailedError
from ..run.run import Run
from .cheating import Findings, SecondAnswer, findings
from .probes import chances, in_batches, probes_of, tokens_of
from .scoring import Shape, models
from .trigram import expected_nats

Logits = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""A model: token ids [batch, time] to logits [batch, time, vocabulary]."""

TOKENS = {"cpu": 2**15, "cuda": 2**17}
"""That are scored, by kind of device. The count is a fact of the stratum, so scores of different counts are never compared."""
MAX_BATCH_ROWS, MAX_BATCH_LOGITS = 16, 2**26
"""In a batch."""
CACHED_LOGITS = 2**18
"""That a processor's cache holds: the loss is computed of so many at a time."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The fixed set of validation tokens, the same for every model.

    Attributes:
        inputs: [rows, context], given to the model.
        targets: [rows, context], the tokens that follow each input; never leave this process.
        bytes: [rows, context], of text that each target stands for; 0 for a token that isn't scored.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    bytes: NDArray[np.int64]


def fixed_rows(split: Split, context: int, tokens: int, token_bytes: NDArray[np.int64]) -> Rows:
    """Rows of `context` tokens spread evenly over a split, `tokens` in all or as many as there are.

    Raises:
        ValueError: The split is too short for a single row.
    """
    available = (len(split.tokens) - 1) // context
    if available < 1:
        raise ValueError(f"{len(split.tokens)} tokens are too few for a row of {context}")
    rows = min(available, max(1, tokens // context))
    starts = np.arange(rows) * available // rows * context
    windows = split.tokens[starts[:, None] + np.arange(context + 1)].astype(np.int64)
    return Rows(windows[:, :-1], windows[:, 1:], token_bytes[windows[:, 1:]])


def nats(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cross-entropy [rows, time] of logits [rows, time, vocabulary] at targets [rows, time], nats."""
    scores, wanted = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    losses = np.empty(len(wanted), np.float64)
    size = max(1, CACHED_LOGITS // logits.shape[-1])

    def compute(start: int) -> None:
        part = slice(start, start + size)
        with np.errstate(all="ignore"):  # the caller checks that losses are finite
            highest = scores[part].max(axis=-1, keepdims=True)
            total = np.exp(scores[part] - highest).sum(axis=-1).astype(np.float64)
            chosen = np.take_along_axis(scores[part], wanted[part, None], axis=-1)
            losses[part] = np.log(total) + (highest - chosen)[:, 0]

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:  # NumPy computes them side by side
        list(threads.map(compute, range(0, len(wanted), size)))
    return losses.reshape(targets.shape)


def bits_per_byte(losses: NDArray[np.float64], lengths: NDArray[np.int64]) -> float:
    """The sum of the losses in bits over the number of bytes; a target without bytes counts in neither."""
    return float(losses[lengths > 0].sum() / math.log(2) / lengths.sum())


def evaluate(run: Run, data: Data, corpus: Corpus) -> float:
    """Score the trained model on the validation split.

    Args:
        run: The number of parameters and the evaluator's identity are written to its result.
        data: Of the trainer.
        corpus: Its validation split is scored.

    Raises:
        RunFailedError: The model can't be loaded or run, its loss isn't finite, or the probes show that it cheats.
        CancelledError: The runner was asked to end.
    """
    rows = _rows(run, data, corpus, "validation")
    run.result.evaluator = _identity(corpus, rows)
    return _score(run, data, corpus, rows, run.result.measures)


def seal(run: Run, data: Data, corpus: Corpus) -> None:
    """Score the same model on the test split, into the run's sealed file and nowhere else.

    The result is closed first, so that none of it, times included, depends on the test split.

    Args:
        run: A run that has been evaluated.
        data: Of the trainer.
        corpus: Its test split is scored.
    """
    run.result.close()
    try:
        rows = _rows(run, data, corpus, "test")
    except ValueError:  # the test split is too short for one row
        return
    sealed: dict[str, Any] = {"score": None, "failure": None, **_identity(corpus, rows).as_json()}
    try:
        sealed["score"] = _score(run, data, corpus, rows, {})
    except RunFailedError as error:
        sealed["failure"] = error.failure.kind
    except CancelledError:
        return
    run.folder.write_sealed(sealed)


def _rows(run: Run, data: Data, corpus: Corpus, split: SplitName) -> Rows:
    return fixed_rows(corpus.split(split), data.context, TOKENS[run.spec.device], corpus.token_bytes)


def _identity(corpus: Corpus, rows: Rows) -> EvaluatorIdentity:
    """What makes scores comparable: the evaluator's code, the text, and how much of it is scored."""
    return EvaluatorIdentity(evaluator_version(), f"{corpus.fingerprint}-{_pin(rows)}", rows.targets.size)


def _score(run: Run, data: Data, corpus: Corpus, rows: Rows, measures: dict[str, float]) -> float:
    batch = max(4, min(MAX_BATCH_ROWS, MAX_BATCH_LOGITS // (data.context * data.vocabulary)))
    expected = expected_nats(corpus.split("train").tokens, rows.inputs, rows.targets, data.vocabulary)
    clock = run.clock(run.trainer.budget.evaluation_seconds)

    with models(run, Shape(batch, data.context, data.vocabulary), clock) as process:

        @contextmanager
        def fresh() -> Generator[Logits]:
            with process() as model:
                measures["parameters"] = model.parameters
                yield model.logits

        losses, evidence = measure(fresh, rows, batch, expected)
    if evidence.tampering:
        raise RunFailedError(FailureKind.TAMPERING, f"The model {'; and it '.join(evidence.tampering)}", evidence.tampering)
    if evidence.breaches:
        step = "Let a row's logits depend on nothing but the row: no other rows, no chance."
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, f"The model {evidence.breaches[0]}", evidence.breaches, step)
    return bits_per_byte(losses, rows.bytes)


def measure(
    fresh: Callable[[], AbstractContextManager[Logits]], rows: Rows, batch: int, expected: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Findings]:
    """Losses [rows, time] in nats, and what the probes show.

    Args:
        fresh: Loads the model into a process that shares nothing with the processes before it.
        rows: To be scored.
        batch: Rows that the model is given at once.
        expected: Losses [rows, time] of a simple model, in nats.

    Raises:
        RunFailedError: A loss isn't finite.
    """
    random = np.random.default_rng()
    with fresh() as logits:
        losses, repeated = _scored(_BatchedModel(logits, rows, batch, random), random)
    chance, answers = chances(losses, expected), list[list[SecondAnswer]]()
    with fresh() as logits:
        model = _BatchedModel(logits, rows, batch, random)
        for probes in in_batches(probes_of(chance, random), batch, random):
            which = [probe.row for probe in probes]
            again = model.losses(which, tokens_of(probes, rows.inputs, random)) - losses[which]
            answers.append(
                [
                    SecondAnswer(
                        probe.row, difference[: probe.cut], chance[probe.row, : probe.cut], probe.cut < len(difference)
                    )
                    for probe, difference in zip(probes, again, strict=True)
                ]
            )
    return losses, findings(answers, repeated)


def _scored(model: _BatchedModel, random: np.random.Generator) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Losses of all rows, in a random order, and how the losses of one batch differ when it is given again later."""
    inputs, batch = model.rows.inputs, model.batch
    order = random.permutation(len(inputs))
    batches = [order[start : start + batch] for start in range(0, len(order), batch)]
    repeated, when = int(random.integers((len(batches) + 1) // 2)), int(random.integers(len(batches) // 2, len(batches)))
    losses = np.empty(inputs.shape, np.float64)
    again: NDArray[np.float64] = losses[:0]
    for number, which in enumerate(batches):
        losses[which] = model.losses(which, inputs[which])
        if number == when:
            once_more = batches[repeated]
            again = model.losses(once_more, inputs[once_more]) - losses[once_more]
    return losses, list(again)


@dataclass(frozen=True, slots=True)
class _BatchedModel:
    """A model in a process. All batches have one size, so that a batch's size tells the model nothing."""

    logits: Logits
    rows: Rows
    batch: int
    random: np.random.Generator

    def losses(self, which: Sequence[int] | NDArray[np.intp], tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        """Losses [rows, time] of tokens at the targets of some rows; the rest of the batch is random tokens."""
        rest = self.random.choice(self.rows.inputs.ravel(), (self.batch - len(tokens), tokens.shape[1]))
        losses = nats(self.logits(np.concatenate([tokens, rest]))[: len(tokens)], self.rows.targets[which])
        if not np.isfinite(losses).all():
            raise RunFailedError(FailureKind.DIVERGED, "The trained model's loss on the validation text is not finite")
        return losses


def _pin(rows: Rows) -> str:
    """Hash of what is scored: a text that was changed on this machine is another stratum, too."""
    digest = sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in (rows.inputs, rows.targets, rows.bytes)))
    return digest.hexdigest()[:8]
