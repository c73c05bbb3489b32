"""The versions of evaluators: scores of two versions are never compared."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from .trainer_toml.trainer_file import TRAINER_FILE, TrainerFile

EVALUATOR_FILES = ("cheating.py", "evaluate.py", "probes.py", "scoring.py", "scoring_child.py", "trigram.py")
"""Of `trainer/evaluator/`: all of the code that scores language models."""
SCRIPT_FORMAT = 1
"""Increased when a person's own script is run or read in another way."""


def evaluator_version() -> str:
    """Hash of the files of the evaluator of language models as they are installed here."""
    folder = Path(__file__).parents[1] / "evaluator"
    digest = sha256(b"".join((folder / name).read_bytes() for name in EVALUATOR_FILES))
    return digest.hexdigest()[:12]


def script_version(trainer: TrainerFile, files: Iterable[tuple[str, bytes]]) -> str:
    """Hash of a person's own evaluator: its command, its artifacts and all files that experiments can't change.

    Args:
        trainer: Its `[evaluator]` is hashed.
        files: Of the source: relative POSIX paths and contents. `trainer.toml` itself doesn't count.
    """
    evaluator = trainer.evaluator
    digest = sha256(repr((SCRIPT_FORMAT, evaluator and (evaluator.command, evaluator.artifacts))).encode())
    for name, content in sorted(files):
        if name != TRAINER_FILE and not trainer.is_editable(name):
            digest.update(f"{name}\0{sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]
