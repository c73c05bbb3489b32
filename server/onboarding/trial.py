"""A try of a `trainer.toml`: one run by the real runner in its sandbox, in a temporary folder, for a bounded time."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from ...trainer.contract.failures import FailureKind
from ...trainer.contract.files import read_bounded
from ...trainer.contract.run_folder import RunFolder
from ...trainer.contract.run_result import RunFailure
from ...trainer.contract.run_spec import RunSpec
from ...trainer.contract.trainer_folder.left_out import MAX_LEFT_OUT, LeftOutPath
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, TrainerFile
from ..backends.local.slots import DeviceSlot, Slots
from ..backends.local.spawn import spawn_runner
from ..errors import NoCapacityError
from ..machine import Devices, devices
from ..source.repository import write_folder
from ..source.run_knobs import for_run
from ..source.trainer_folder import read_folder
from .metric_candidates import MetricCandidate
from .proposal import PLACEHOLDER_METRIC
from .written_metrics import written_metrics

MAX_LOG_BYTES: Final = 10 << 20
MAX_SLOT_SECONDS: Final = 300.0
"""That a try waits for a slot."""
MAX_START_SECONDS: Final = 1800.0
"""That may pass before the command starts."""
LOOK_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 20.0
"""That a runner may take to end its processes."""
_RUN: Final = "e0001-1"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What came of a try.

    Attributes:
        status: `stopped`: it hadn't ended by itself in time.
        score: The metric; None if there is none.
        failure: Why it failed; None if it didn't.
        log: What it printed.
        written: What its files hold that may be a metric, the likeliest first.
        seconds: Of training, on the clock that a budget counts.
        silent_seconds: By the wall, from the start of the command to its first output; None if it printed nothing, or if it
            ended so soon that nobody saw.
    """

    status: Literal["succeeded", "failed", "stopped"]
    score: float | None
    failure: RunFailure | None
    log: str
    seconds: float
    written: Sequence[MetricCandidate] = ()
    silent_seconds: float | None = None

    @property
    def has_ended_well(self) -> bool:
        """Whether the command ended with status 0; its metric may not be known yet."""
        if self.failure is None:
            return True
        text = f"{self.failure.message} {self.failure.next_step}"
        return self.failure.kind == FailureKind.CONTRACT_BROKEN and PLACEHOLDER_METRIC in text


@dataclass(frozen=True, slots=True)
class TrainerTrial:
    """What is tried.

    Attributes:
        folder: The trainer's folder.
        toml: The content of its `trainer.toml`, which need not be written.
        trainer: The same, parsed.
        left_out: What of the folder a run doesn't get.
    """

    folder: Path
    toml: bytes
    trainer: TrainerFile
    left_out: tuple[LeftOutPath, ...] = ()


def run_trial(
    trial: TrainerTrial,
    max_seconds: float,
    seed: int,
    say: Callable[[str], None],
    max_slot_seconds: float = MAX_SLOT_SECONDS,
) -> TrialResult:
    """Run a trainer once.

    Args:
        trial: The trainer.
        max_seconds: Of wall-clock time from the start of its command on, after which the try is ended.
        seed: `LABHAND_SEED` of the run.
        say: Tells the person that the try waits for a slot.
        max_slot_seconds: That it waits.

    Raises:
        NoCapacityError: The devices of this machine stayed taken, are too few, or its driver is broken.
        BadInputError: The folder can't be a source.
    """
    here = devices()
    if here.problem:
        raise NoCapacityError(here.problem, "")
    with TemporaryDirectory(prefix="labhand-try-") as name:
        folder = RunFolder(Path(name).resolve() / "runs" / _RUN)
        _lay_out(trial, folder, here, seed)
        slot = _wait_for_slot(folder, here, trial.trainer.process_count, say, max_slot_seconds)
        began = time.monotonic()
        course = _run(folder, slot, max_seconds)
        folder.find_work(trial.trainer.data_paths)
        result = _result(folder, time.monotonic() - began, is_stopped=course.is_stopped)
        return replace(result, silent_seconds=course.silent_seconds)


def _lay_out(trial: TrainerTrial, folder: RunFolder, here: Devices, seed: int) -> None:
    budget = trial.trainer.budget
    folder.path.mkdir(parents=True)
    source = {**read_folder(trial.folder, trial.trainer), TRAINER_FILE: trial.toml}
    seconds = budget.cpu_seconds if here.clock == "cpu" else budget.seconds
    write_folder(for_run(source, seconds, here.clock, seed), folder.source)
    spec = RunSpec(
        run=_RUN,
        experiment="e0001",
        seed=seed,
        budget_seconds=seconds,
        clock=here.clock,
        device="cpu" if here.kind == "cpu" else "cuda",
        trainer_folder=str(trial.folder.resolve()),
        left_out=trial.left_out[:MAX_LEFT_OUT],
    )
    folder.write_spec(spec)


def _wait_for_slot(
    folder: RunFolder, here: Devices, processes: int, say: Callable[[str], None], max_seconds: float
) -> DeviceSlot:
    """Take a device for each process of the command, as soon as that many are free."""
    count = len(here.indices)
    if processes > count:
        raise NoCapacityError(
            f"The command starts {processes} processes, and this machine has {count} slots ({here.kind}), one for each",
            "Start fewer, or try it on a larger machine",
        )
    slots = Slots(here.kind, here.indices)
    give_up_at = time.monotonic() + max_seconds
    is_told = False
    while True:
        with suppress(NoCapacityError):
            return slots.take(folder.path, count=processes)
        taken = len(slots.taken())
        if time.monotonic() >= give_up_at:
            raise NoCapacityError(
                f"{taken} of this machine's {count} slots ({here.kind}) are taken by other runs, and the try, which needs"
                f" {processes}, has waited for {max_seconds:g} s",
                "Run this again when those runs have ended: labhand status, in the lab that they belong to, shows them",
            )
        if not is_told:
            say(
                f"{taken} of this machine's {count} slots ({here.kind}) are taken by other runs: the try waits until"
                f" {processes} is free, for {max_seconds:g} s at most."
            )
            is_told = True
        time.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class _Course:
    """How a try went: whether it had to be ended, and the seconds until its first output."""

    is_stopped: bool
    silent_seconds: float | None


def _run(folder: RunFolder, slot: DeviceSlot, max_seconds: float) -> _Course:
    """Run the runner on devices of this machine."""
    try:
        process = spawn_runner(sys.executable, folder, slot, slot.as_spec())
    finally:
        slot.release()
    try:
        return _watch(process, folder, max_seconds)
    finally:
        _end(process)


def _watch(process: int, folder: RunFolder, max_seconds: float) -> _Course:
    """Wait until a runner has ended, for this many seconds after its command has started.

    What comes before may take long: an environment is made, or data is prepared.
    """
    give_up_at = time.monotonic() + MAX_START_SECONDS
    started: float | None = None
    silent: float | None = None
    while (now := time.monotonic()) < give_up_at:
        if started is None and folder.phase() not in {None, "starting"}:
            started = now
            give_up_at = now + max_seconds
        if started is not None and silent is None and _has_output(folder):
            silent = now - started
        if _ends(process, min(LOOK_SECONDS, max(0.0, give_up_at - now))):
            return _Course(is_stopped=False, silent_seconds=silent)  # None where it ended between two looks
    return _Course(is_stopped=True, silent_seconds=silent)


def _has_output(folder: RunFolder) -> bool:
    with suppress(FileNotFoundError):
        return folder.log.stat().st_size > 0
    return False


def _ends(process: int, seconds: float) -> bool:
    """Wait until a process has ended, for this many seconds at most."""
    descriptor = os.pidfd_open(process)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _end(process: int) -> None:
    """End a runner, which ends its processes, and wait for it."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    if not _ends(process, GRACE_SECONDS):
        os.kill(process, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(process, 0)


def _result(folder: RunFolder, wall: float, *, is_stopped: bool) -> TrialResult:
    log = (read_bounded(folder.log, MAX_LOG_BYTES) or b"").decode("utf-8", "replace")
    result = folder.result()
    seconds = wall if result is None else float(result.seconds.get("training") or wall)
    if is_stopped:
        return TrialResult("stopped", None, None, log, seconds)
    if result is None:
        text = (read_bounded(folder.runner_log, MAX_LOG_BYTES) or b"").decode("utf-8", "replace").strip()
        raise NoCapacityError(f"The runner ended without a result: {text[-300:]}", "Run labhand doctor")
    status: Literal["succeeded", "failed"] = "failed" if result.failure else "succeeded"
    return TrialResult(status, result.score, result.failure, log, seconds, written_metrics(folder.work, folder.source))
