"""The self-reported score and measures of a trainer that doesn't use labhand: lines of its output, believed as they are."""

from __future__ import annotations

import math
import re

from ..contract.failures import FailureKind
from ..contract.trainer_file import Metric
from .classify import RunFailedError, nearest_lines

_SUMMARY: dict[str, tuple[str, float]] = {
    "num_steps": ("steps", 1),
    "total_tokens_M": ("tokens", 1e6),
    "num_params_M": ("parameters", 1e6),
    "peak_vram_mb": ("peak_memory_bytes", 2**20),
}
"""Lines that autoresearch prints: their names in `result.json`, and the factor to its unit."""
_CLAIMS = ("training_seconds",)
_LINE = re.compile(r"^(\w+):\s*(\d+\.?\d*)\s*$", re.MULTILINE)


def read_score(metric: Metric, log: str) -> float:
    """The last value of the metric in the output.

    Raises:
        RunFailedError: No line has one, it is no number, or it isn't finite.
    """
    matches = list(metric.pattern.finditer(log))
    if not matches:
        near = nearest_lines(metric.name, log)
        expected = f"The output has no line that matches {metric.pattern.pattern}"
        raise RunFailedError(
            FailureKind.CONTRACT_BROKEN, expected, near, f"Print a line like `{metric.name}: 0.9979` when training is over."
        )
    line, text = matches[-1][0], matches[-1][1]
    try:
        score = float(text)
    except ValueError:
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, f"{metric.name} is {text!r}, which is no number", [line]) from None
    if not math.isfinite(score):
        raise RunFailedError(FailureKind.DIVERGED, f"{metric.name} is {text}", [line])
    return score


def read_summary(log: str) -> tuple[dict[str, int], dict[str, float]]:
    """Measures and claims in the output, in the units of `result.json`."""
    numbers: dict[str, float] = {}
    for name, text in _LINE.findall(log):
        numbers[name] = float(text)
    measures = {to: round(numbers[name] * factor) for name, (to, factor) in _SUMMARY.items() if name in numbers}
    claimed = {name: numbers[name] for name in _CLAIMS if name in numbers}
    return measures, claimed
