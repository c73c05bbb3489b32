"""The runner's side of the model's process: sends rows of tokens, gets their logits, believes nothing."""

from __future__ import annotations

import fcntl
import mmap
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .channel import VARIABLE, BrokenChannelError, Channel
from .child import Child
from .clock import Clock
from .confinement import LARGEST_FILE
from .failures import RunFailedError, of_exit
from .run import Run

LARGEST_CONFIG = 2**20
_MOST_PARAMETERS = 2**48
_LOOK = 0.25


class Model:
    """The trained model, as a function from tokens to logits in another process.

    Attributes:
        parameters: How many it says that it has.
    """

    def __init__(
        self, run: Run, child: Child, channel: Channel, inputs: NDArray[np.int32], logits: NDArray[np.float32], clock: Clock
    ) -> None:
        self._run = run
        self._child = child
        self._channel = channel
        self._inputs = inputs
        self._logits = logits
        self._is_muted = False
        self._clock = clock
        self.parameters = _count(self._answer().get("parameters"))
        self._rehearse()

    def _rehearse(self) -> None:
        """Have it answer made-up rows, so that an honest mistake shows here, where what it prints can be told.

        From then on it holds text that nobody may read, and its output goes nowhere: an experiment could print it, for a
        later one to learn by heart.
        """
        shape = self._inputs.shape
        self.logits(np.random.default_rng().integers(0, self._logits.shape[-1], shape))
        self._child.mute()
        self._is_muted = True

    def logits(self, tokens: NDArray[Any]) -> NDArray[np.float32]:
        """Logits [rows, time, vocabulary] of token ids [rows, time], where the model's process can't change them any more.

        It could raise a target's logit between the moments at which the sum and the target's own are read.

        Raises:
            RunFailedError: The model crashed, took too long, or gave something else.
            CancelledError: The runner was asked to end.
        """
        rows = len(tokens)
        self._inputs[:rows] = tokens
        try:
            self._channel.send({"rows": rows})
        except BrokenChannelError:
            raise self._ended() from None
        self._answer()
        return np.array(self._logits[:rows])

    def _answer(self) -> Mapping[str, Any]:
        while self._clock.left() > 0:
            try:
                received = self._channel.receive()
            except BlockingIOError:
                self._child.wait(_LOOK)
                continue
            except BrokenChannelError as error:
                raise RunFailedError("tampering", f"The model's process sent what its code never sends: {error}") from error
            if received is None:
                raise self._ended()
            message, file = received
            if file is not None:
                os.close(file)
            if "problem" in message:
                raise self._problem(str(message["problem"]))
            return message
        raise self._too_slow()

    def _too_slow(self) -> RunFailedError:
        allowed = self._run.trainer.budget.evaluation_seconds
        return RunFailedError("timeout", f"The evaluation took longer than {allowed:g} s", (), "Make the model cheaper to run.")

    def _problem(self, said: str) -> RunFailedError:
        said = "it no longer gives logits of the right shape" if self._is_muted else said
        return RunFailedError("contract_broken", f"The model can't be evaluated: {said}"[:500])

    def _ended(self) -> RunFailedError:
        """The process has let go of its end: say why it ended."""
        self._child.deafen(self._channel.socket)
        while self._child.status is None:
            if self._clock.left() < 0:
                return self._too_slow()
            self._child.wait(_LOOK)
        if self._is_muted:
            message = f"The model's process ended with status {self._child.status} in the midst of the evaluation"
            return RunFailedError("contract_broken", message, ("What it printed there is not kept.",))
        error = of_exit(self._child.status, self._run.log.text(), "Loading or running the model that training left")
        failure = error.failure
        return error if failure.kind != "crashed" else RunFailedError("contract_broken", failure.message, failure.lines)


@contextmanager
def load_model(run: Run, rows: int, width: int, vocabulary: int, clock: Clock) -> Generator[Model]:
    """Load what training left into a fresh process, for as long as the context lasts.

    Args:
        run: Its folder holds `model.pt` and `config.json`, taken over, and the source.
        rows: The most in a batch.
        width: Tokens in a row.
        vocabulary: Logits a token.
        clock: What isn't answered before it is over took too long.

    Raises:
        RunFailedError: What training left can't be loaded.
        CancelledError: The runner was asked to end.
    """
    size = 4 * rows * width * (1 + vocabulary)
    file = os.memfd_create("logits", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, size)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    memory = mmap.mmap(file, size)
    inputs = np.frombuffer(memory, np.int32, rows * width).reshape(rows, width)
    logits = np.frombuffer(memory, np.float32, offset=inputs.nbytes).reshape(rows, width, vocabulary)

    ours, theirs = Channel.pair()
    folder, descriptor = run.folder, theirs.socket.fileno()
    shape = {"rows": rows, "time": width, "vocabulary": vocabulary, "bytes": size, "device": run.spec.device}
    ours.send(shape | {"source": str(folder.source), "model": str(folder.model), "config": str(folder.config)}, file)
    os.close(file)
    ours.socket.setblocking(False)  # noqa: FBT003
    command, sandbox = [sys.executable, "-P", "-m", "labhand.trainer.scoring_child"], run.confinement.for_scoring()
    folder.renew_temporary()
    with ours.socket, run.child(command, folder.source, sandbox, [descriptor], **{VARIABLE: str(descriptor)}) as child:
        theirs.close()
        child.listen(ours.socket)
        yield Model(run, child, ours, inputs, logits, clock)


def _count(said: object) -> int:
    """How many parameters the model's process says that it has, if it can be."""
    if not isinstance(said, int) or not 0 <= said < _MOST_PARAMETERS:
        raise RunFailedError("tampering", "The model's process sent what its code never sends: no count of parameters")
    return said


def take_files(run: Run) -> None:
    """Take over what training left, as files that nothing else has a hand on.

    Raises:
        RunFailedError: Something is missing, too large, or no plain file.
    """
    for name, largest in ((run.folder.model.name, LARGEST_FILE[run.spec.device]), (run.folder.config.name, LARGEST_CONFIG)):
        if problem := run.folder.take(name, largest):
            message = f"Training left no {name} that can be used: it {problem}"
            raise RunFailedError("contract_broken", message, (), "Call session.save(model, config) at the end of train.py.")
