"""Runs one experiment, from its claim to its result: `python -m labhand.trainer.runner FOLDER`.

docs/runs.md describes the folder before and after. This process doesn't load torch, which would slow down every start.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

from .contract.errors import ContractError
from .contract.failures import FailureKind
from .contract.run_folder import RunFolder
from .contract.run_result import RunFailure
from .contract.run_spec import RunSpec
from .contract.trainer_toml.budget import as_words
from .contract.trainer_toml.trainer_file import TrainerFile, read_trainer
from .environments.command_environment import CommandEnvironment, TrainerPlace, environment_of
from .environments.making import Maker
from .evaluator.choice import evaluator_of
from .run.budget_use import check_budget
from .run.child import CancelledError, Stop
from .run.environment import certificate_files
from .run.failures.classify import RunFailedError
from .run.gate import Gate
from .run.interpreter import with_what_runs
from .run.machine import describe_device
from .run.metrics.recorded_metrics import left_by, record_others, record_unscored
from .run.metrics.score import read_score
from .run.output.fingerprint import fingerprint
from .run.output.log import Log
from .run.output.printed_summary import read_summary
from .run.preparation import prepare_once
from .run.result import ResultDraft
from .run.run import Run
from .run.several_processes import check_network, with_launcher
from .run.spare_guards import SpareGuards
from .run.training import train_by_output, train_with_session
from .run.usage import note_summary
from .sandbox.cgroup import own_group
from .sandbox.kernel import adopt_orphans, hide
from .sandbox.policy import Confinement

RESULT_MARK = "LABHAND_RESULT"
MAX_TOKENS = 2**29
"""Of one run's training data, which is held in memory: 1 GiB."""


def main(arguments: list[str]) -> int:
    """Run the experiment in a folder; do nothing if another runner has claimed it.

    Args:
        arguments: The run folder.
    """
    hide()
    spares = SpareGuards.of_this_runner()
    folder = RunFolder(Path(arguments[0]))
    stop = Stop()
    if not folder.claim():
        return 0
    result = ResultDraft(folder.path.name, time.monotonic())
    folder.set_phase("starting")
    with Log(folder.log) as log:
        _run_to_result(folder, log, stop, result, spares)
    line = folder.write_result(result.finish())
    with contextlib.suppress(OSError):  # the reader may have ended
        os.write(sys.stdout.fileno(), f"{RESULT_MARK} {line}\n".encode())
    return 0


def _run_to_result(folder: RunFolder, log: Log, stop: Stop, result: ResultDraft, spares: SpareGuards) -> None:
    """Do all of it; any error goes into the result."""
    try:
        result.score = _run(folder, log, stop, result, spares)
    except CancelledError:
        result.cancelled = True
    except RunFailedError as error:
        result.failure = error.failure
    except ContractError as error:
        result.failure = RunFailure(
            FailureKind.CONTRACT_BROKEN, error.problem, (), error.remedy or "Correct the file that the message names."
        )
    except Exception:  # noqa: BLE001 - the process's boundary: a result is written whatever happens
        lines = tuple(traceback.format_exc().splitlines()[-15:])
        result.failure = RunFailure(
            FailureKind.CRASHED, f"The runner itself failed: {lines[-1]}", lines, "Report this as a bug of labhand."
        )


def _run(folder: RunFolder, log: Log, stop: Stop, result: ResultDraft, spares: SpareGuards) -> float:
    spec = folder.spec()
    result.run = spec.run
    gate = Gate(spec.gate)
    if not gate.try_to_get_in():
        result.held_from = None
    _pin(spec)
    adopt_orphans()
    trainer = with_launcher(read_trainer(folder.source).on_device(spec.device))
    result.metric = trainer.metric
    if trainer.budget.unit != "seconds":
        result.budget = f"{as_words(trainer.budget.amount_in(spec.budget_seconds, spec.clock))} {trainer.budget.unit}"
    result.device = describe_device(spec)
    folder.link_data(trainer.data_paths, spec.trainer_folder)
    with own_group() as group:
        confinement = Confinement(folder, spec, trainer, group)
        result.sandbox = confinement.in_force
        confinement.check()
        environment = _environment(trainer, folder, spec, log, stop)
        confinement.use_interpreter(environment.interpreter, environment.readable())
        check_network(trainer, confinement)
        prepared = prepare_once(environment.base or environment, folder.source, spec, log, stop)
        confinement.allow_reading(prepared.readable() if prepared else [])
        confinement.allow_reading(certificate_files() if trainer.network else [])
        confinement.check()
        run = Run(folder, spec, trainer, log, stop, result, confinement, gate, environment, group, prepared, spares)
        result.device = with_what_runs(run, result.device)
        return _run_to_score(run)


def _environment(trainer: TrainerFile, folder: RunFolder, spec: RunSpec, log: Log, stop: Stop) -> CommandEnvironment:
    """The environment of the trainer's commands. Where it has to be made first, the log shows how."""
    home = None if spec.trainer_folder is None else Path(spec.trainer_folder)
    place = TrainerPlace(folder.source, home, spec.python)
    return environment_of(trainer, place, Maker(lambda line: log.write(f"{line}\n".encode()), stop.check))


def _pin(spec: RunSpec) -> None:
    """Pin this process and its descendants to the run's cores, so that runs side by side don't slow each other down."""
    if spec.cores:
        os.sched_setaffinity(0, spec.cores)


def _run_to_score(run: Run) -> float:
    evaluator = evaluator_of(run)
    if evaluator is None:
        return _run_self_reported(run)
    evaluator.check()
    if run.spec.trained is None:
        try:
            _train(run)
        finally:
            record_others(run)
        evaluator.take()
    else:
        run.result.has_device()
        run.result.take_over(run.spec.trained)
    run.folder.set_phase("evaluating")
    began = time.monotonic()
    try:
        score = evaluator.evaluate()
    except RunFailedError as error:
        if run.result.weights_of is None:
            raise
        raise _still_accused(run.result.weights_of, error) from error
    finally:
        run.result.seconds["evaluation"] = time.monotonic() - began
    if run.spec.sealed:
        evaluator.seal()
    return score


def _run_self_reported(run: Run) -> float:
    """Train, and return the score that the command printed or wrote. What a failed run had come to is kept."""
    failed: RunFailedError | None = None
    try:
        train_by_output(run)
    except RunFailedError as error:
        failed = error
    finally:
        _note_output(run)
    left = left_by(run)
    record_others(run, left)
    if failed is None:
        check_budget(run)
        return read_score(run.trainer.metric, left)
    value = record_unscored(run, left)
    if value is None or failed.failure.kind is not FailureKind.TIMEOUT or run.trainer.budget.on_timeout == "fail":
        raise failed
    run.result.flags.append(f"timed_out: {failed.failure.message}; the last value that it gave counts")
    return value


def _note_output(run: Run) -> None:
    """Write to the result what a command that doesn't use labhand printed of itself."""
    output = run.log.text()
    note_summary(run, *read_summary(output))
    run.result.output = fingerprint(output, run.spec.seed)


def _train(run: Run) -> None:
    """Train on the corpus that the trainer names, or run its command alone."""
    if run.trainer.data is None:
        try:
            train_by_output(run)
        finally:
            _note_output(run)
        check_budget(run)
        return
    from .data.corpus import training_stream  # noqa: PLC0415
    from .evaluator.language_model import prepared_corpus  # noqa: PLC0415  imports numpy, which other runs don't need

    stream = training_stream(prepared_corpus(run.trainer.data), run.spec.seed, MAX_TOKENS)
    train_with_session(run, stream.tobytes())


def _still_accused(before: str, error: RunFailedError) -> RunFailedError:
    """A model that failed as tampering, and fails in any way when it is evaluated again, stays accused."""
    message = f"Evaluated again on the weights of {before}, it failed again: {error.failure.message}"
    return RunFailedError(FailureKind.TAMPERING, message, error.failure.lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
