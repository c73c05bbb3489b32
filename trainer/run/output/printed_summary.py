"""Measures and claims in the output of a trainer that doesn't use labhand."""

from __future__ import annotations

from typing import Final

from .printed_lines import as_number, printed_lines

_SUMMARY: Final[dict[str, tuple[str, float]]] = {
    "num_steps": ("steps", 1),
    "num_epochs": ("epochs", 1),
    "total_tokens_M": ("tokens", 1e6),
    "num_params_M": ("parameters", 1e6),
    "total_flops": ("flops", 1),
    "peak_vram_mb": ("peak_memory_bytes", 2**20),
}
"""Lines that autoresearch and the like print: their names in `result.json`, and the factor to its unit."""
_CLAIMS = ("training_seconds",)
MAX_MEASURE = 2.0**63
"""A measure from here on isn't a count of anything, and doesn't fit in a database."""


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
