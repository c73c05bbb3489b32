"""The self-reported score and other metrics of a run, believed as they were printed or written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...contract.failures import FailureKind
from ...contract.run_folder import RunFolder
from ...contract.run_result import MAX_NUMBER
from ...contract.trainer_toml.metric import Metric
from ..bounded_child import MAX_MEMORY_BYTES, SEARCH_CPU_SECONDS, SearchTimeoutError, in_child
from ..failures.classify import MAX_LINE_CHARACTERS, RunFailedError, nearest_lines
from ..output.printed_lines import printed_lines
from .file_samples import file_samples
from .printed_samples import last_printed, printed_samples
from .samples import Sample, UnreadableError, choose

FILE_CPU_SECONDS = 30
"""CPU time that reading a metric's files may take."""
MAX_SHOWN = 100
"""Characters of a value that an error shows."""
_SIMPLER = "A person has to simplify pattern under [metric] in trainer.toml: no repetition inside of another one."

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Left:
    """What a run has left.

    Attributes:
        lines: Of its output.
        folder: Its folder; None where there are no files to be read.
        check: Called several times a second while something is read. It may raise to give up.
    """

    lines: Sequence[str]
    folder: RunFolder | None
    check: Check

    @classmethod
    def by(cls, output: str, check: Check, folder: RunFolder | None = None) -> Left:
        """What a run has left whose output is this."""
        return cls(printed_lines(output), folder, check)


def read_score(metric: Metric, left: Left) -> float:
    """The value of the metric that a run is judged by.

    Raises:
        RunFailedError: There is none, it is no number, or it isn't finite.
    """
    example = f"Print a line like `{metric.name}: 0.9979` when training is over."
    try:
        sample = _find(metric, left)
    except SearchTimeoutError:
        message, remedy = _too_slow(metric)
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, message, left.lines[-5:], remedy) from None
    except UnreadableError as error:
        message = f"{metric.name} can't be read: {error}"
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, message, left.lines[-5:], _write(metric)) from None
    if sample is None:
        lines = nearest_lines(metric.name, left.lines)
        remedy = _write(metric) if metric.file or metric.json_path else example
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, _missing(metric), lines, remedy)
    shown = [sample.line[:MAX_LINE_CHARACTERS]]
    score, text = sample.number, sample.text
    if score is None:
        value = f"is {text[:MAX_SHOWN]!r}, which is no number in its usual form" if text else "has no value on its line"
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, f"{metric.name} {value}", shown, example)
    if not math.isfinite(score):
        raise RunFailedError(FailureKind.DIVERGED, f"{metric.name} is {text}", shown)
    if abs(score) > MAX_NUMBER:
        message = f"{metric.name} is {text}, and numbers up to ±{MAX_NUMBER:g} can be compared"
        raise RunFailedError(
            FailureKind.CONTRACT_BROKEN, message, shown, "Print a metric of a usual size, or nan for no value."
        )
    return score


def read_other(metric: Metric, left: Left) -> tuple[float | None, str]:
    """The value of a metric that a run isn't judged by.

    Returns:
        The value, None where there is none that can be used; and why there is none, in a few words.
    """
    try:
        sample = _find(metric, left)
    except SearchTimeoutError:
        return None, _too_slow(metric)[0]
    except UnreadableError as error:
        return None, str(error)
    if sample is None:
        return None, _missing(metric)
    number = sample.number
    if number is None or not abs(number) <= MAX_NUMBER:
        return None, f"its value is {sample.text[:MAX_SHOWN]!r}"
    return number, ""


def _find(metric: Metric, left: Left) -> Sample | None:
    """The value that counts; None if there is none.

    Raises:
        SearchTimeoutError: Looking for it takes too much time or memory.
        UnreadableError: The file that has it can't be read.
    """

    def look() -> object:
        try:
            sample = _look(metric, left)
        except UnreadableError as error:
            return {"problem": str(error)}
        return None if sample is None else [sample.text, sample.line]

    answer: Any = in_child(look, left.check, FILE_CPU_SECONDS if metric.file else SEARCH_CPU_SECONDS)
    match answer:
        case {"problem": str(problem)}:
            raise UnreadableError(problem)
        case [str(text), str(line)]:
            return Sample(text, line)
        case _:
            return None


def _look(metric: Metric, left: Left) -> Sample | None:
    if metric.file:
        if left.folder is None:
            raise UnreadableError("the run has no files: its weights were evaluated again")
        return choose(metric, file_samples(metric, left.folder.work, left.folder.source))
    if metric.value == "last":  # from the end: a long output has hundreds of thousands of lines
        return last_printed(metric, left.lines)
    return choose(metric, printed_samples(metric, left.lines))


def _missing(metric: Metric) -> str:
    if metric.file:
        return f"{metric.file} has no value of {metric.key}"
    if metric.json_path:
        return f"The output has no line of JSON with {metric.json_path}"
    return f"The output has no line that matches {metric.pattern.pattern}"


def _too_slow(metric: Metric) -> tuple[str, str]:
    """What took too long, and the remedy."""
    if metric.file:
        limits = f"{FILE_CPU_SECONDS} s of CPU time or {MAX_MEMORY_BYTES >> 30} GiB of memory"
        return f"{metric.file} took more than {limits} to read", "Write the metric to a smaller file of its own."
    return f"The pattern {metric.pattern.pattern!r} took more than {SEARCH_CPU_SECONDS} s to search the output", _SIMPLER


def _write(metric: Metric) -> str:
    if metric.file:
        return f"Write {metric.key} to {metric.file}, in the folder in which the command runs, before it ends."
    example = '{"' + metric.json_path.replace(".", '": {"') + '": 0.9979}' + "}" * metric.json_path.count(".")
    return f"Print a line of JSON like {example}."
