"""The built-in evaluator: bits per byte of a language model on a prepared corpus."""

from __future__ import annotations

from functools import cached_property

from ..contract.failures import FailureKind
from ..contract.trainer_toml.data import Data
from ..data.corpus import Corpus, load_corpus
from ..data.sources import DataError
from ..run.failures.classify import RunFailedError
from ..run.run import Run
from .evaluate import evaluate, seal
from .scoring import take_files


def prepared_corpus(data: Data) -> Corpus:
    """The corpus that a trainer learns from.

    Raises:
        RunFailedError: It isn't prepared on this machine.
    """
    try:
        return load_corpus(data.corpus, data.vocabulary)
    except DataError as error:
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, str(error), (), "Run `labhand prepare` on that machine.") from error


class LanguageModelEvaluator:
    """An `Evaluator` that scores `model.pt`, which `session.save` wrote.

    Args:
        run: To be scored.
        data: Of its trainer.
    """

    def __init__(self, run: Run, data: Data) -> None:
        self._run = run
        self._data = data

    @cached_property
    def _corpus(self) -> Corpus:
        return prepared_corpus(self._data)

    def check(self) -> None:
        """See `Evaluator`."""
        _ = self._corpus

    def take(self) -> None:
        """See `Evaluator`."""
        take_files(self._run)

    def evaluate(self) -> float:
        """See `Evaluator`."""
        return evaluate(self._run, self._data, self._corpus)

    def seal(self) -> None:
        """See `Evaluator`."""
        seal(self._run, self._data, self._corpus)
