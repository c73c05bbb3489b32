"""The metric: bits per byte of the validation text, computed where the targets are and the experiment's code isn't."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .contract import Data
from .data import Corpus, Split
from .evidence import Findings, findings
from .failures import RunFailedError
from .probes import Plan, Seen, tokens_of
from .run import Run
from .scoring import load_model

TOKENS = {"cpu": 2**15, "cuda": 2**18}
"""Scored, by kind of device: part of the stratum, so scores with different counts are never compared."""
MOST_ROWS, MOST_LOGITS = 16, 2**26
"""In a batch."""
_OWN_FILES = ("evaluator.py", "evidence.py", "probes.py", "scoring.py", "scoring_child.py")


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
    losses = np.empty(targets.shape, np.float64)
    for row, (scores, wanted) in enumerate(zip(logits, targets, strict=True)):  # a row at a time stays in the cache
        with np.errstate(all="ignore"):  # the caller looks whether losses are finite
            highest = scores.max(axis=-1, keepdims=True)
            total = np.exp(scores - highest).sum(axis=-1).astype(np.float64)
            chosen = np.take_along_axis(scores, wanted[:, None], axis=-1)
            losses[row] = np.log(total) + (highest - chosen)[:, 0]
    return losses


def bits_per_byte(losses: NDArray[np.float64], lengths: NDArray[np.int64]) -> float:
    """Nats over the bytes that they were spent on, in bits; a target of no bytes counts for neither."""
    return float(losses[lengths > 0].sum() / math.log(2) / lengths.sum())


def evaluate(run: Run, data: Data, corpus: Corpus) -> float:
    """Score what training left.

    Args:
        run: Its result takes the count of parameters, and what identifies the evaluator.
        data: Of the trainer.
        corpus: Its validation split is scored.

    Raises:
        RunFailedError: The model can't be loaded or run, its loss isn't finite, or the probes found it cheating.
        CancelledError: The runner was asked to end.
    """
    rows = fixed_rows(corpus.split("validation"), data.context, TOKENS[run.spec.device], corpus.token_bytes)
    run.result.evaluator = {"version": version(), "data": f"{corpus.fingerprint}-{_pin(rows)}", "tokens": rows.targets.size}
    batch = max(4, min(MOST_ROWS, MOST_LOGITS // (data.context * data.vocabulary)))
    with load_model(run, batch, data.context, data.vocabulary) as model:
        run.result.measures["parameters"] = model.parameters
        losses, found = measure(model.logits, rows, batch)
    if found.tampering:
        raise RunFailedError("tampering", f"The model {'; and it '.join(found.tampering)}", found.tampering)
    if found.breaches:
        step = "Let a row's logits depend on nothing but the row: no other rows, no chance."
        raise RunFailedError("contract_broken", f"The model {found.breaches[0]}", found.breaches, step)
    return bits_per_byte(losses, rows.bytes)


def measure(
    logits: Callable[[NDArray[np.int64]], NDArray[np.float32]], rows: Rows, batch: int
) -> tuple[NDArray[np.float64], Findings]:
    """Losses [rows, time], nats, and what the probes found.

    Args:
        logits: The model: token ids [batch, time] to logits [batch, time, vocabulary].
        rows: To be scored.
        batch: The most rows at once.

    Raises:
        RunFailedError: A loss isn't finite.
    """
    plan = Plan(len(rows.inputs), rows.inputs.shape[1], batch, np.random.default_rng())
    losses = np.empty(rows.targets.shape, np.float64)
    for items in plan.batches():
        found = nats(logits(tokens_of(items, rows.inputs)), rows.targets[[item.row for item in items]])
        if not np.isfinite(found).all():
            raise RunFailedError("diverged", "The trained model's loss on the validation text is not finite")
        plan.note([Seen(item, loss) for item, loss in zip(items, found, strict=True)])
        for item, loss in zip(items, found, strict=True):
            if not item.is_probe:
                losses[item.row] = loss
    return losses, findings(plan.seen)


def _pin(rows: Rows) -> str:
    """Hash of what is scored: text that was changed on this machine is another stratum, too."""
    digest = sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in (rows.inputs, rows.targets, rows.bytes)))
    return digest.hexdigest()[:8]


def version() -> str:
    """Hash of the evaluator's own files: other code is another stratum."""
    here = Path(__file__).parent
    digest = sha256(b"".join((here / name).read_bytes() for name in _OWN_FILES))
    return digest.hexdigest()[:12]
