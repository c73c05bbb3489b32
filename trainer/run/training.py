"""Training: the experiment's command runs under the runner's clock until it ends or is ended."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from ..channel import VARIABLE, BrokenChannelError, Channel, memory_file
from ..contract.failures import FailureKind
from ..contract.files import open_to_append
from ..contract.run_result import MAX_NUMBER
from ..contract.run_spec import ResumedRun
from ..sandbox.guard import GUARD
from .budget_use import budget_variables, told_command
from .checkpoint_watch import CheckpointWatch, lay_out_checkpoint, put_back_checkpoint
from .child import Child
from .clock import Clock
from .compiler_cache import keep_compiled, lay_out_compiled
from .failures.classify import RunFailedError, of_exit, relevant_lines
from .gate import LOOK_SECONDS
from .run import Run
from .several_processes import ClosedNetworkWatch
from .usage import DiskWatch, GpuWatch, check_claim, check_startup, note_claim, record_memory

GRACE_SECONDS, GRACE_SHARE = 1.0, 0.05
"""Allowed past the budget, on its clock, for the last step and for saving: seconds, and a share of the budget."""
MAX_POINTS = 20_000
"""Lines in curve.jsonl; later reports count for the result and aren't written."""
_MESSAGES_AT_A_TIME = 64
"""That are read before the clock is checked again."""


def train_by_output(run: Run) -> None:
    """Run a command that doesn't use labhand; all its time counts as training.

    Raises:
        RunFailedError: It failed, or ran longer than start-up and budget allow, with the evaluation where it does that itself.
        CancelledError: The runner was asked to end.
    """
    budget = run.trainer.budget
    run.lay_out()
    resumed = lay_out_checkpoint(run)
    _enter(run)
    evaluation = budget.evaluation_seconds if run.trainer.metric.self_reported else 0.0
    clock = run.clock(budget.startup_seconds + max(0.0, run.spec.budget_seconds - run.spec.resumed_seconds) + evaluation)
    command = run.environment.words(told_command(run))
    run.folder.set_phase("running")
    checkpoints = CheckpointWatch(run, clock)
    watches = (DiskWatch(run), ClosedNetworkWatch(run.log, run.confinement), checkpoints)
    gpu = GpuWatch(run)
    variables = {**budget_variables(run), **resumed}
    with run.child(command, run.folder.work, run.confinement.for_training(), (), GUARD, **variables) as child:
        try:
            while child.status is None:
                if clock.left() < 0:
                    parts = "start-up, budget and evaluation" if evaluation else "start-up and budget"
                    message = f"The command ran for longer than {parts} together allow"
                    raise RunFailedError(FailureKind.TIMEOUT, message, relevant_lines(run.log.text()))
                for watch in watches:
                    watch.look()
                gpu.look((run.spec.resumed_seconds + clock.used()) / run.spec.budget_seconds)
                child.wait(clock.next_look())
            checkpoints.look_now()
        finally:
            run.result.seconds |= _used(run.spec.resumed, clock)
            record_memory(run)
    _check_exit(run, child)


def _used(earlier: ResumedRun | None, clock: Clock) -> dict[str, float]:
    """The seconds of training, together with those of an earlier run whose checkpoint this one went on from."""
    before, wall_before = (0.0, 0.0) if earlier is None else (earlier.seconds, earlier.wall_seconds)
    return {"training": before + clock.used(), "training_wall": wall_before + clock.wall()}


def train_with_session(run: Run, tokens: bytes) -> None:
    """Run a command that uses `labhand.trainer.session`, until it has saved a model.

    Args:
        run: Times and reported numbers are written to its result.
        tokens: This seed's training data, uint16.

    Raises:
        RunFailedError: It failed, diverged, broke the contract, or ran past its deadline.
        CancelledError: The runner was asked to end.
    """
    try:
        _train(run, tokens)
    except RunFailedError as error:
        if error.failure.kind != FailureKind.OUT_OF_MEMORY or run.gate.is_in:
            raise
        _enter(run)  # a model that is evaluated on the same GPU may have taken the memory
        put_back_checkpoint(run)
        _train(run, tokens)


def _enter(run: Run) -> None:
    """Wait until the run has its device to itself."""
    run.gate.wait(run.stop)
    run.result.has_device()


def _train(run: Run, tokens: bytes) -> None:
    ours, theirs = Channel.pair()
    ours.send(_facts(run))
    ours.socket.setblocking(False)  # noqa: FBT003
    descriptor = theirs.socket.fileno()
    run.lay_out()
    lay_out_compiled(run)
    resumed = lay_out_checkpoint(run)
    command, sandbox = run.environment.words(told_command(run)), run.confinement.for_training()
    with run.child(command, run.folder.work, sandbox, [descriptor], **{VARIABLE: str(descriptor), **resumed}) as child:
        theirs.close()
        child.listen(ours.socket)
        training = _Training(run, ours, memory_file("training-tokens", tokens))
        try:
            training.watch(child)
        finally:
            training.settle()
            ours.close()
    if training.is_saved:
        keep_compiled(run)
        return
    _check_exit(run, child)
    if not training.is_ready:
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, "The command ended without having called session.ready()")


def _facts(run: Run) -> Mapping[str, Any]:
    data = run.trainer.data
    return {
        "seed": run.spec.seed,
        "budget_seconds": run.spec.budget_seconds,
        "used_seconds": run.spec.resumed_seconds,
        "clock": run.spec.clock,
        "device": run.spec.device,
        "vocabulary": data.vocabulary if data else 0,
        "context": data.context if data else 0,
        "output": str(run.folder.work),
    }


def _check_exit(run: Run, child: Child) -> None:
    if child.status:
        raise of_exit(child.status, run.log.text(), bounds=run.confinement)


class _Training:
    """The runner's side of a session: first the start-up, then, from `ready` on, the training."""

    def __init__(self, run: Run, channel: Channel, tokens: int) -> None:
        self._run = run
        self._channel: Channel | None = channel
        self._tokens = tokens
        self._startup = Clock(run.trainer.budget.startup_seconds)
        self._training: Clock | None = None
        self._used_before = run.spec.resumed_seconds
        budget = run.spec.budget_seconds
        self._deadline = max(0.0, budget - self._used_before) + budget * GRACE_SHARE + GRACE_SECONDS
        self._checkpoints: CheckpointWatch | None = None
        self._disk = DiskWatch(run)
        self._network = ClosedNetworkWatch(run.log, run.confinement)
        self._gpu = GpuWatch(run)
        self._startup_use = run.clock(math.inf)
        self._points = 0
        self.is_ready = False
        self.is_saved = False

    def watch(self, child: Child) -> None:
        """Read messages and check the clock, until the model is saved, or the child has ended and all its messages are read."""
        while child.status is None and not self.is_saved:
            child.wait(self._look())
            self._listen(child)
        while self._listen(child):
            pass
        if self.is_saved:
            record_memory(self._run)
            child.kill()  # or it could go on training, and save again

    def _look(self) -> float:
        """Check all that is watched.

        Returns:
            Seconds until the next check is due.
        """
        self._disk.look()
        self._network.look()
        if self.is_ready and self._training is None:
            self._begin()
            return LOOK_SECONDS
        clock = self._training or self._startup
        if clock.left() < 0:
            raise self._timeout()
        if self._training is not None:
            self._gpu.look((self._used_before + self._training.used()) / self._run.spec.budget_seconds)
        if self._checkpoints is not None:
            self._checkpoints.look()
        return clock.next_look()

    def _timeout(self) -> RunFailedError:
        lines = relevant_lines(self._run.log.text())
        if self._training is None:
            allowed = self._run.trainer.budget.startup_seconds
            step = "Prepare less before session.ready(), or have startup_seconds raised in trainer.toml."
            return RunFailedError(FailureKind.TIMEOUT, f"The start-up took longer than {allowed:g} s", lines, step)
        budget, used = self._run.spec.budget_seconds, self._used_before + self._training.used()
        message = f"Training went on past its deadline: {used:.1f} s of {budget:g} s, {self._training.wall():.1f} s by the wall"
        return RunFailedError(FailureKind.TIMEOUT, message, lines)

    def _listen(self, child: Child) -> bool:
        """Read a bounded number of messages, so that a flood of them doesn't delay the clock.

        Returns:
            Whether there may be more.
        """
        try:
            for _ in range(_MESSAGES_AT_A_TIME):
                if self._channel is None or self.is_saved:
                    return False
                received = self._channel.receive()
                if received is None:
                    child.deafen(self._channel.socket)
                    self._channel = None
                else:
                    self._take(*received)
        except BlockingIOError:
            return False
        except BrokenChannelError as error:
            raise RunFailedError(FailureKind.CONTRACT_BROKEN, f"The experiment's messages can't be read: {error}") from error
        return True

    def _take(self, message: Mapping[str, Any], file: int | None) -> None:
        if file is not None:
            os.close(file)
        match message.get("say"):
            case "ready" if not self.is_ready:
                self._end_startup()
            case "report" if self._training is not None:
                self._note(message, self._training)
            case "saved" if self._training is not None:
                self.is_saved = True
                note_claim(self._run, message.get("seconds"))
            case word:
                raise RunFailedError(FailureKind.CONTRACT_BROKEN, f"The experiment said {word!r}, which isn't due now")

    def _end_startup(self) -> None:
        self.is_ready = True
        self._run.result.seconds["startup"] = self._startup.wall()
        check_startup(self._run, self._startup_use)
        self._begin()

    def _begin(self) -> None:
        """Send the data and start the clock, unless another run still has the device."""
        if self._channel is None or not self._run.gate.try_to_get_in():
            return
        self._run.result.has_device()
        size = os.fstat(self._tokens).st_size
        self._training = self._run.clock(self._deadline)
        self._checkpoints = CheckpointWatch(self._run, self._training)
        self._channel.send({"tokens": size // 2}, self._tokens)
        self._run.folder.set_phase("running")

    def _note(self, message: Mapping[str, Any], clock: Clock) -> None:
        """Record one report. Its numbers are the experiment's own claims, except for the seconds."""
        loss, measures = _read_report(message)
        step, tokens = measures["steps"], measures["tokens"]
        self._run.result.measures |= measures
        if not math.isfinite(loss):
            raise RunFailedError(
                FailureKind.DIVERGED,
                f"The loss was {loss} at step {step}, after {self._used_before + clock.used():.1f} s of training",
            )
        if self._points < MAX_POINTS:
            self._points += 1
            point = {"seconds": round(self._used_before + clock.used(), 3), "step": step, "loss": loss, "tokens": tokens}
            descriptor = open_to_append(self._run.folder.curve)
            if descriptor is not None:
                with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                    file.write(json.dumps(point) + "\n")

    def settle(self) -> None:
        """Write to the result what was used, however the training ended."""
        os.close(self._tokens)
        if not self.is_ready:
            self._run.result.seconds["startup"] = self._startup.wall()
        if self._training is None:
            return
        self._run.result.seconds |= _used(self._run.spec.resumed, self._training)
        if self._checkpoints is not None:
            self._checkpoints.look_now()
        record_memory(self._run)
        check_claim(self._run)


def _read_report(message: Mapping[str, Any]) -> tuple[float, dict[str, float]]:
    """The loss, which may be any number, and the measures, which are counts."""
    try:
        loss, step, tokens = float(message["loss"]), int(message["step"]), int(message["tokens"])
        measures: dict[str, float] = {"steps": step, "tokens": tokens}
        if (flops := message.get("flops")) is not None:
            measures["flops"] = float(flops)
    except (KeyError, TypeError, ValueError, OverflowError):
        loss, measures = 0.0, {"steps": -1.0}
    if not all(0 <= value <= MAX_NUMBER for value in measures.values()):
        raise RunFailedError(
            FailureKind.CONTRACT_BROKEN, f"A report lacks a sound step, loss or tokens: {dict(message)!r:.200}"
        )
    return loss, measures
