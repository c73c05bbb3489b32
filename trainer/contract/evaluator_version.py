"""The version of the evaluator: scores of two versions are never compared."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

EVALUATOR_FILES = ("cheating.py", "evaluate.py", "probes.py", "scoring.py", "scoring_child.py", "trigram.py")
"""Of `trainer/evaluator/`: all of its code."""


def evaluator_version() -> str:
    """Hash of the evaluator's own files as they are installed here."""
    folder = Path(__file__).parents[1] / "evaluator"
    digest = sha256(b"".join((folder / name).read_bytes() for name in EVALUATOR_FILES))
    return digest.hexdigest()[:12]
