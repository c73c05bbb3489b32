"""Why a run has no score: the kind of failure, the lines of the log that matter, and what would help."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from difflib import SequenceMatcher

from ...contract.failures import FailureKind
from ...contract.run_result import RunFailure
from ...sandbox.guard import NOT_STARTED
from ...sandbox.policy import Confinement
from ..output.printed_lines import without_escapes
from .refusals import refusal

MAX_LINES = 15
MAX_LINE_CHARACTERS = 300
_TRACEBACK = "Traceback (most recent call last)"
_RANK = re.compile(r"\[rank(\d+)\]: ?")
"""Before each line of the error of a process that torch.distributed started. The launcher's own traceback follows it."""
_LAUNCHER = "ChildFailedError"
"""The error of torchrun itself, after those of the processes that it started."""
_OF_COMPILER = re.compile(r"^\S+:\d+(?::\d+)?: (?:fatal )?error: |^error(?:\[E\d+\])?: ")
"""The first line of an error of gcc, clang or rustc. What follows it often comes of it, and `make` prints the last line."""

_NEXT_STEP: dict[FailureKind, str] = {
    FailureKind.OUT_OF_MEMORY: "Make the model or the batch smaller, or accumulate gradients.",
    FailureKind.DIVERGED: "Lower the learning rate, warm up longer, or clip gradients.",
    FailureKind.TIMEOUT: "Check the clock in every step: leave the training loop when session.progress() reaches 1.",
    FailureKind.CRASHED: "Read the lines, correct the source, and launch it again.",
    FailureKind.IMPORT_ERROR: "Use what is installed: an experiment can't add packages.",
    FailureKind.SANDBOX_REFUSED: "Do without it, or ask a person to change the limit.",
    FailureKind.CONTRACT_BROKEN: "Read docs/trainers.md: it says what the runner expects of a trainer.",
    FailureKind.EVALUATOR_FAILED: "Tell the person: the script and the data that [evaluator] in trainer.toml names are theirs.",
    FailureKind.TAMPERING: "Train honestly: the lines are the evidence.",
}
_SIGNS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = (
    (
        FailureKind.OUT_OF_MEMORY,
        re.compile(r"out of memory|OutOfMemoryError|^MemoryError|can't allocate memory", re.M | re.I),
    ),
    (FailureKind.IMPORT_ERROR, re.compile(r"^(ModuleNotFoundError|ImportError)\b", re.M)),
    (FailureKind.DIVERGED, re.compile(r"^FAIL$|\bloss is nan\b|\bdiverged\b", re.M | re.I)),
)


class RunFailedError(Exception):
    """The run has no score."""

    def __init__(self, kind: FailureKind, message: str, lines: Sequence[str] = (), next_step: str = "") -> None:
        super().__init__(message)
        self.failure = RunFailure(kind, message, tuple(lines), next_step or _NEXT_STEP[kind])


def of_exit(status: int, log: str, what: str = "The command", bounds: Confinement | None = None) -> RunFailedError:
    """Classify a command that ended by itself with a status other than 0.

    Args:
        status: 128 or more for a signal, as in a shell.
        log: All of its output.
        what: The command's name in the message.
        bounds: The sandbox that it ran in; None if it ran in none.
    """
    lines = relevant_lines(log)
    if status == NOT_STARTED:
        return RunFailedError(FailureKind.CRASHED, f"{what} could not be started", lines, "Check the command in trainer.toml.")
    if status == 128 + signal.SIGKILL:
        message = f"{what} was killed from outside, as the kernel does when memory runs out"
        return RunFailedError(FailureKind.OUT_OF_MEMORY, message, lines)
    kind = _kind_of("\n".join(lines))
    ended = f"by signal {status - 128}" if status > 128 else f"with status {status}"
    message = f"{what} ended {ended}: {_headline(lines)}".removesuffix(": ")
    refused = None if bounds is None or kind is FailureKind.OUT_OF_MEMORY else refusal(lines, status, bounds)
    if refused is not None:
        return RunFailedError(refused.kind, f"{message} ({refused.what})", lines, refused.remedy)
    return RunFailedError(kind, message, lines)


def _kind_of(lines: str) -> FailureKind:
    for kind, sign in _SIGNS:
        if sign.search(lines):
            return kind
    return FailureKind.CRASHED


def relevant_lines(log: str) -> list[str]:
    """The last traceback, or else a compiler's first error or the last lines, at most `MAX_LINES` of them.

    Of several processes that train together, it is the traceback of the first one that failed.
    """
    printed = without_escapes(log).splitlines()
    lines = _of_one_rank([line.rstrip()[:MAX_LINE_CHARACTERS] for line in printed if line.strip()])
    starts = [index for index, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    if not starts:
        first = next((index for index, line in enumerate(lines) if _OF_COMPILER.match(line)), len(lines) - MAX_LINES)
        return lines[max(0, first) :][:MAX_LINES]
    traces = [_one_traceback(lines[start:]) for start in reversed(starts)]
    trace = next((trace for trace in traces if _LAUNCHER not in trace[-1]), traces[0])
    return trace if len(trace) <= MAX_LINES else [trace[0], "  …", *trace[2 - MAX_LINES :]]


def _of_one_rank(lines: list[str]) -> list[str]:
    """The error lines of the first rank that printed a traceback, without their mark; all lines where none did."""
    marked = [(match[1], line[match.end() :]) for line in lines if (match := _RANK.match(line))]
    rank = next((rank for rank, line in marked if line.startswith(_TRACEBACK)), None)
    return lines if rank is None else [line for of, line in marked if of == rank]


def _one_traceback(lines: list[str]) -> list[str]:
    """A traceback without the output that follows it; its error may continue in indented lines."""
    error = _index_of_error(lines)
    end = next((index for index in range(error + 1, len(lines)) if not lines[index].startswith((" ", "\t"))), len(lines))
    return lines[:end]


def _index_of_error(trace: list[str]) -> int:
    return next((index for index, line in enumerate(trace) if index and not line.startswith(" ")), len(trace) - 1)


def _headline(lines: list[str]) -> str:
    """The line that says most: a traceback's error, a compiler's first error, or else the last line."""
    if not lines:
        return ""
    if lines[0].startswith(_TRACEBACK):
        return lines[_index_of_error(lines)]
    return lines[0] if _OF_COMPILER.match(lines[0]) else lines[-1]


def nearest_lines(name: str, printed: Sequence[str], max_lines: int = 5) -> list[str]:
    """The lines that look most like one that prints a metric, best first; the last lines if none does."""
    lines = [line.strip()[:MAX_LINE_CHARACTERS] for line in printed if line.strip()][-1000:]

    def likeness(line: str) -> float:
        return SequenceMatcher(None, name.lower(), line[: 2 * len(name)].lower()).ratio()

    near = sorted((line for line in lines if likeness(line) >= 0.5), key=likeness, reverse=True)
    return near[:max_lines] or lines[-max_lines:]
