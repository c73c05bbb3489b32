"""The runner's side of the model's process: sends rows of tokens, gets their logits, believes nothing."""

from __future__ import annotations

import mmap
import os
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .channel import VARIABLE, BrokenChannelError, Channel
from .child import Child
from .environment import scrubbed
from .failures import RunFailedError, of_exit
from .run import Run

LARGEST_MODEL, LARGEST_CONFIG = 64 * 2**30, 2**20
_LOOK = 0.25


class Model:
    """The trained model, as a function from tokens to logits in another process.

    Attributes:
        parameters: How many it says that it has.
    """

    def __init__(
        self, run: Run, child: Child, channel: Channel, inputs: NDArray[np.int32], logits: NDArray[np.float32]
    ) -> None:
        self._run = run
        self._child = child
        self._channel = channel
        self._inputs = inputs
        self._logits = logits
        self._deadline = time.monotonic() + run.trainer.budget.evaluation_seconds
        self.parameters = int(self._answer()["parameters"])

    def logits(self, tokens: NDArray[Any]) -> NDArray[np.float32]:
        """Logits [rows, time, vocabulary] of token ids [rows, time]; they hold until the next call.

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
        return self._logits[:rows]

    def _answer(self) -> Mapping[str, Any]:
        while time.monotonic() < self._deadline:
            try:
                received = self._channel.receive()
            except BlockingIOError:
                self._child.wait(_LOOK)
                continue
            except BrokenChannelError as error:
                raise RunFailedError("tampering", f"The model's process sent what its code never sends: {error}") from error
            if received is None:
                raise self._ended()
            message, _ = received
            if "problem" in message:
                raise RunFailedError("contract_broken", f"The model can't be evaluated: {message['problem']}"[:500])
            return message
        raise self._too_slow()

    def _too_slow(self) -> RunFailedError:
        allowed = self._run.trainer.budget.evaluation_seconds
        return RunFailedError("timeout", f"The evaluation took longer than {allowed:g} s", (), "Make the model cheaper to run.")

    def _ended(self) -> RunFailedError:
        """The process has let go of its end: say why it ended."""
        self._child.deafen(self._channel.socket)
        while self._child.status is None:
            if time.monotonic() > self._deadline:
                return self._too_slow()
            self._child.wait(_LOOK)
        error = of_exit(self._child.status, self._run.log.text(), "Loading or running the model that training left")
        failure = error.failure
        return error if failure.kind != "crashed" else RunFailedError("contract_broken", failure.message, failure.lines)


@contextmanager
def load_model(run: Run, rows: int, width: int, vocabulary: int) -> Generator[Model]:
    """Load what training left into a fresh process, for as long as the context lasts.

    Args:
        run: Its folder holds `model.pt`, `config.json` and the source.
        rows: The most in a batch.
        width: Tokens in a row.
        vocabulary: Logits a token.

    Raises:
        RunFailedError: What training left is missing, too large, or can't be loaded.
        CancelledError: The runner was asked to end.
    """
    _check_files(run)
    size = 4 * rows * width * (1 + vocabulary)
    file = os.memfd_create("logits")
    os.ftruncate(file, size)
    memory = mmap.mmap(file, size)
    inputs = np.frombuffer(memory, np.int32, rows * width).reshape(rows, width)
    logits = np.frombuffer(memory, np.float32, offset=inputs.nbytes).reshape(rows, width, vocabulary)

    ours, theirs = Channel.pair()
    folder, descriptor = run.folder, theirs.socket.fileno()
    shape = {"rows": rows, "time": width, "vocabulary": vocabulary, "bytes": size, "device": run.spec.device}
    ours.send(shape | {"source": str(folder.source), "model": str(folder.model), "config": str(folder.config)}, file)
    os.close(file)
    ours.socket.setblocking(False)  # noqa: FBT003
    command = [sys.executable, "-P", "-m", "labhand.trainer.scoring_child"]
    environment = scrubbed(run.spec, **{VARIABLE: str(descriptor)})
    with ours.socket, Child(command, folder.source, environment, run.log, run.stop, [descriptor]) as child:
        theirs.close()
        child.listen(ours.socket)
        yield Model(run, child, ours, inputs, logits)


def _check_files(run: Run) -> None:
    for path, largest in ((run.folder.model, LARGEST_MODEL), (run.folder.config, LARGEST_CONFIG)):
        if not path.is_file() or path.is_symlink():
            message = f"Training left no {path.name}"
            raise RunFailedError("contract_broken", message, (), "Call session.save(model, config) at the end of train.py.")
        if path.stat().st_size > largest:
            raise RunFailedError("contract_broken", f"{path.name} is larger than {largest} bytes")
