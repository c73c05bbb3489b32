"""The self-reported score and measures of a trainer that doesn't use labhand: lines of its output, believed as they are."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..contract.failures import FailureKind
from ..contract.run_result import MAX_NUMBER
from ..contract.trainer_toml.metric import Metric
from .bounded_search import SEARCH_CPU_SECONDS, SearchTimeoutError, find_last
from .classify import MAX_LINE_CHARACTERS, RunFailedError, nearest_lines
from .printed_lines import as_number, printed_lines

MAX_SHOWN = 100
"""Characters of a value that an error shows."""
_SIMPLER = "A person has to simplify pattern under [metric] in trainer.toml: no repetition inside of another one."

_SUMMARY: dict[str, tuple[str, float]] = {
    "num_steps": ("steps", 1),
    "total_tokens_M": ("tokens", 1e6),
    "num_params_M": ("parameters", 1e6),
    "peak_vram_mb": ("peak_memory_bytes", 2**20),
}
"""Lines that autoresearch prints: their names in `result.json`, and the factor to its unit."""
_CLAIMS = ("training_seconds",)
MAX_MEASURE = 2.0**63
"""A measure from here on isn't a count of anything, and doesn't fit in a database."""


def read_score(metric: Metric, output: str, check: Callable[[], None]) -> float:
    """The last value of the metric in the output.

    Args:
        metric: Its pattern is matched within single lines.
        output: All of it.
        check: Called several times a second during the search. It may raise to give up.

    Raises:
        RunFailedError: No line has one, it is no number, or it isn't finite.
    """
    lines = printed_lines(output)
    try:
        match = find_last(metric.pattern, lines, check)
    except SearchTimeoutError:
        message = f"The pattern {metric.pattern.pattern!r} took more than {SEARCH_CPU_SECONDS} s to search the output"
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, message, lines[-5:], _SIMPLER) from None
    example = f"Print a line like `{metric.name}: 0.9979` when training is over."
    if match is None:
        expected = f"The output has no line that matches {metric.pattern.pattern}"
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, expected, nearest_lines(metric.name, lines), example)
    line, text = match
    shown = [line[:MAX_LINE_CHARACTERS]]
    score = as_number(text)
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


def read_summary(output: str) -> tuple[dict[str, int], dict[str, float]]:
    """Measures and claims in the output, in the units of `result.json`."""
    numbers: dict[str, float] = {}
    for line in printed_lines(output):
        name, _, text = line.partition(":")
        if name in _SUMMARY or name in _CLAIMS:
            number = as_number(text.strip(" \t"))
            if number is not None and 0 <= number < MAX_MEASURE:
                numbers[name] = number
    counts = {to: numbers[name] * factor for name, (to, factor) in _SUMMARY.items() if name in numbers}
    measures = {name: round(count) for name, count in counts.items() if count < MAX_MEASURE}
    claimed = {name: numbers[name] for name in _CLAIMS if name in numbers}
    return measures, claimed
