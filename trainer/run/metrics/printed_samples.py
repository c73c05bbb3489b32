"""The values of a metric in what a run printed: lines that match a pattern, and lines of JSON."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence

from ...contract.trainer_toml.metric import Metric
from .samples import Sample, as_text, at_path

_NOT_PYTHON = re.compile(r"\b(nan|inf)\b")


def printed_samples(metric: Metric, lines: Sequence[str]) -> Iterator[Sample]:
    """The values in lines of output, in their order."""
    return _of_json(metric.json_path, lines) if metric.json_path else _of_pattern(metric, lines)


def last_printed(metric: Metric, lines: Sequence[str]) -> Sample | None:
    """The last value in lines of output; None if there is none."""
    for line in reversed(lines):
        found = list(printed_samples(metric, [line]))
        if found:
            return found[-1]
    return None


def _of_pattern(metric: Metric, lines: Sequence[str]) -> Iterator[Sample]:
    for line in lines:
        for match in metric.pattern.finditer(line):
            yield Sample(match[1] or "", line)


def _of_json(path: str, lines: Sequence[str]) -> Iterator[Sample]:
    # Most lines of a log are no JSON, and parsing takes longer than looking for the word.
    word = path.rpartition(".")[2]
    for line in lines:
        start, end = line.find("{"), line.rfind("}")
        if word in line and 0 <= start < end:
            for value in at_path(_decoded(line[start : end + 1]), path):
                yield Sample(as_text(value), line)


def _decoded(text: str) -> object:
    """A line of JSON, or of the Python dictionary that `print` shows, as the Hugging Face trainer does; None for neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_NOT_PYTHON.sub(r"'\1'", text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
