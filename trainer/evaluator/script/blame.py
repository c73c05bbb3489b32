"""Why a person's own evaluator gave no score, and whether the artifacts or the script are at fault, as far as can be told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ...contract.failures import FailureKind
from ...contract.trainer_toml.trainer_file import TrainerFile
from ...run.failures.classify import RunFailedError, of_exit
from ...sandbox.guard import NOT_STARTED

_MISSING_MODULE = re.compile(r"^ModuleNotFoundError: No module named '([\w.]+)'", re.MULTILINE)
_DENIED = re.compile(r"\[Errno 13\]|Permission denied|\[Errno 1\]")
_BOUNDS = (
    "An evaluator reads Python, the files that experiments can't change, the artifacts, and the paths of read under [evaluator]"
    " in trainer.toml. It writes to TMPDIR alone and has no network."
)
_ARTIFACT_STEP = "Read the lines, and have training write what the evaluator reads."


def of_script_exit(
    status: int, output: str, trainer: TrainerFile, artifacts: Sequence[str], *, has_scored: bool
) -> RunFailedError:
    """Say why the script ended with a status other than 0.

    Args:
        status: 128 or more for a signal, as in a shell.
        output: All that the script printed.
        trainer: Whose evaluator it is.
        artifacts: What training left.
        has_scored: The same script has scored other artifacts with the same data on this machine.
    """
    error = of_exit(status, output, "The evaluator")
    failure = error.failure
    if status == NOT_STARTED:
        return _of_person(failure.message, failure.lines, "Tell the person: check command under [evaluator] in trainer.toml.")
    if failure.kind is FailureKind.OUT_OF_MEMORY:
        return error
    text = "\n".join(failure.lines)
    if (left_out := _left_out_module(text, trainer)) is not None:
        reason = f"it imports {left_out}, which experiments can change and which is therefore left out"
        step = "Tell the person: score what training writes, such as predictions or an exported model, without its code."
        return _of_person(f"{failure.message} ({reason})", failure.lines, step)
    named = next((path for path in artifacts if _names(text, path)), None)
    if named is not None:
        return _of_artifact(f"{failure.message} (while it used the artifact {named})", failure.lines)
    if has_scored:
        reason = "it has scored other artifacts on this machine, so that these are probably at fault"
        return _of_artifact(f"{failure.message} ({reason})", failure.lines)
    step = f"Tell the person: {_BOUNDS}" if _DENIED.search(text) else ""
    reason = "it has never given a score on this machine, so that the script or its data are probably at fault"
    return _of_person(f"{failure.message} ({reason})", failure.lines, step)


def without_score(error: RunFailedError) -> RunFailedError:
    """Say that it was the person's evaluator that printed no score. A score that isn't finite is the artifacts' fault."""
    failure = error.failure
    if failure.kind is not FailureKind.CONTRACT_BROKEN:
        error.failure = replace(failure, message=f"The evaluator's {failure.message}")
        return error
    step = f"Tell the person: the evaluator has to do this. {failure.next_step}"
    return _of_person(f"The evaluator gave no score. {failure.message}", failure.lines, step)


def unsteady(first: float, second: float, tolerance: float) -> RunFailedError:
    """Say that the same artifacts got two scores."""
    share = abs(first - second) / max(abs(first), abs(second))
    message = (
        f"The evaluator gave the same artifacts two scores, {first:.6g} and {second:.6g}: they differ by {share:.2%}, and"
        f" {tolerance:.2%} is allowed"
    )
    step = (
        "A score has to follow from the artifacts: leave nothing random in them, such as dropout. Or tell the person to make"
        " the evaluator deterministic, or to set tolerance under [evaluator] in trainer.toml."
    )
    return RunFailedError(FailureKind.CONTRACT_BROKEN, message, (), step)


def _of_person(message: str, lines: Sequence[str], step: str = "") -> RunFailedError:
    return RunFailedError(FailureKind.EVALUATOR_FAILED, message, lines, step)


def _of_artifact(message: str, lines: Sequence[str]) -> RunFailedError:
    return RunFailedError(FailureKind.CONTRACT_BROKEN, message, lines, _ARTIFACT_STEP)


def _names(text: str, path: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(PurePosixPath(path).name)}(?!\w)", text) is not None


def _left_out_module(text: str, trainer: TrainerFile) -> str | None:
    """The editable file that a failing import asked for."""
    match = _MISSING_MODULE.search(text)
    if match is None:
        return None
    module = match[1].replace(".", "/")
    return next((path for path in (f"{module}.py", f"{module}/__init__.py") if trainer.is_editable(path)), None)
