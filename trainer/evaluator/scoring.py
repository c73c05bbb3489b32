"""The runner's side of the model's process: sends rows of tokens, receives logits, and checks everything that it is told."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..channel import BrokenChannelError, Channel
from ..contract.failures import FailureKind
from ..run.child import Child
from ..run.clock import Clock
from ..run.failures.classify import RunFailedError, of_exit
from ..run.run import Run

MAX_CONFIG_BYTES = 2**20
_MAX_PARAMETERS = 2**48
_LOOK = 0.25


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a model's answers: rows in a batch at most, tokens in a row, logits per token."""

    rows: int
    time: int
    vocabulary: int


class Model:
    """The trained model, as a function from tokens to logits in another process.

    Attributes:
        parameters: Their number, as the process reports it.
    """

    def __init__(self, run: Run, child: Child, channel: Channel, shape: Shape, clock: Clock) -> None:
        self._run = run
        self._child = child
        self._channel = channel
        self._clock = clock
        self._answer()  # the process has started, and the one before has ended
        run.folder.renew_temporary()
        self._inputs, self._logits = self._share(shape)
        self.parameters = _count(self._answer().get("parameters"))
        self._rehearse()

    def _share(self, shape: Shape) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Give the process memory for tokens and logits, and tell it what to load."""
        size, folder = 4 * shape.rows * shape.time * (1 + shape.vocabulary), self._run.folder
        file = os.memfd_create("logits", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(file, size)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        memory = mmap.mmap(file, size)
        inputs = np.frombuffer(memory, np.int32, shape.rows * shape.time).reshape(shape.rows, shape.time)
        logits = np.frombuffer(memory, np.float32, offset=inputs.nbytes).reshape(*inputs.shape, shape.vocabulary)
        about = {"source": str(folder.source), "model": str(folder.model), "config": str(folder.config)}
        try:
            self._channel.send(asdict(shape) | about | {"bytes": size, "device": self._run.spec.device}, file)
        except BrokenChannelError:
            raise self._ended() from None
        finally:
            os.close(file)
        return inputs, logits

    def _rehearse(self) -> None:
        """Give it random rows, so that an honest mistake shows now, while its output may be shown.

        From then on it is given secret text, and its output is dropped: an experiment could print the text for a later one to
        memorise.
        """
        shape = self._inputs.shape
        self.logits(np.random.default_rng().integers(0, self._logits.shape[-1], shape))
        self._child.mute()

    def logits(self, tokens: NDArray[Any]) -> NDArray[np.float32]:
        """Logits [rows, time, vocabulary] of token ids [rows, time], in a copy that the model's process can't change.

        In shared memory it could raise a target's logit after the sum was read and before the target's own is.

        Raises:
            RunFailedError: The model crashed, took too long, or returned something else.
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
                raise RunFailedError(
                    FailureKind.TAMPERING, f"The model's process sent what its code never sends: {error}"
                ) from error
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
        return RunFailedError(
            FailureKind.TIMEOUT, f"The evaluation took longer than {allowed:g} s", (), "Make the model cheaper to run."
        )

    def _problem(self, problem: str) -> RunFailedError:
        problem = "it no longer returns logits of the right shape" if self._child.is_muted else problem
        return RunFailedError(FailureKind.CONTRACT_BROKEN, f"The model can't be evaluated: {problem}"[:500])

    def _ended(self) -> RunFailedError:
        """The process has closed its end of the channel: find out why it ended."""
        self._child.deafen(self._channel.socket)
        while self._child.status is None:
            if self._clock.left() < 0:
                return self._too_slow()
            self._child.wait(_LOOK)
        if self._child.is_muted:
            message = f"The model's process ended with status {self._child.status} during the evaluation"
            return RunFailedError(FailureKind.CONTRACT_BROKEN, message, ("What it printed there is not kept.",))
        what = "Loading or running the model that training left"
        error = of_exit(self._child.status, self._run.log.text(), what, self._run.confinement)
        failure = error.failure
        return (
            error
            if failure.kind != FailureKind.CRASHED
            else RunFailedError(FailureKind.CONTRACT_BROKEN, failure.message, failure.lines)
        )


@contextmanager
def models(
    run: Run, shape: Shape, clock: Clock, max_processes: int = 2
) -> Generator[Callable[[], AbstractContextManager[Model]]]:
    """Yield a function that loads the trained model into a fresh process for as long as a context lasts, one after another.

    Args:
        run: Its folder holds the source, and the `model.pt` and `config.json` that `take_files` has moved there.
        shape: Of its answers.
        clock: When it is over, the evaluation took too long.
        max_processes: How many contexts may be entered.

    Raises, on entering one of those contexts:
        RunFailedError: What training left can't be loaded.
        CancelledError: The runner was asked to end.
    """
    with ExitStack() as ends:
        pairs = [Channel.pair() for _ in range(max_processes)]
        for ours, theirs in pairs:
            ends.callback(ours.close)
            ends.callback(theirs.close)
            ours.socket.setblocking(False)  # noqa: FBT003
        descriptors = [theirs.socket.fileno() for _, theirs in pairs]
        sandbox, module = run.confinement.for_scoring(), "labhand.trainer.evaluator.scoring_child"
        child = ends.enter_context(run.child([*map(str, descriptors)], run.folder.source, sandbox, descriptors, module))
        for _, theirs in pairs:
            theirs.close()
        channels = iter([ours for ours, _ in pairs])

        @contextmanager
        def fresh() -> Generator[Model]:
            channel = next(channels)
            child.listen(channel.socket)
            try:
                yield Model(run, child, channel, shape, clock)
            finally:
                child.go_on()
                child.deafen(channel.socket)

        yield fresh


def _count(value: object) -> int:
    """The number of parameters that the model's process reports, if it is possible."""
    if not isinstance(value, int) or not 0 <= value < _MAX_PARAMETERS:
        raise RunFailedError(
            FailureKind.TAMPERING, "The model's process sent what its code never sends: no count of parameters"
        )
    return value


def take_files(run: Run) -> None:
    """Move the trained model into the run folder, where nothing else can change it.

    Raises:
        RunFailedError: A file is missing, too large, or no plain file.
    """
    for name, max_bytes in (
        (run.folder.model.name, run.confinement.file_bytes),
        (run.folder.config.name, MAX_CONFIG_BYTES),
    ):
        if problem := run.folder.take(name, max_bytes):
            message = f"Training left no {name} that can be used: it {problem}"
            raise RunFailedError(
                FailureKind.CONTRACT_BROKEN, message, (), "Call session.save(model, config) at the end of train.py."
            )
