"""A metric in files that a run wrote: JSON, lines of JSON, tables, records of TensorBoard and W&B, trackio's databases."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ...contract.trainer_toml.metric import Metric, MetricFormat
from .event_files import scalars
from .found_files import find_files, read_file, text_lines
from .samples import Sample, UnreadableError, as_text, at_path
from .trackio_files import logged
from .wandb_files import history

MAX_JSON_BYTES = 32 << 20
"""Of a JSON file, which is parsed as a whole."""
_ALL_FILES: frozenset[MetricFormat] = frozenset({"tensorboard"})
"""Formats whose runs are spread over several files. Of the others the file that was written last counts."""


def file_samples(metric: Metric, work: Path, source: Path) -> Iterator[Sample]:
    """The values in a run's files, in their order.

    Args:
        metric: It names a file.
        work: The folder in which the command ran.
        source: The folder that it was copied from.

    Raises:
        UnreadableError: The file is missing, isn't written by this run, or can't be read as what it should be.
    """
    paths = find_files(metric.file, work, source)
    read = _READERS[metric.format or "json"]
    for path in paths if metric.format in _ALL_FILES else paths[-1:]:
        yield from read(path, metric.key)


def _json(path: Path, key: str) -> Iterator[Sample]:
    try:
        content: object = json.loads(read_file(path, MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{path.name} is no JSON: {error}") from None
    for value in at_path(content, key):
        yield Sample(as_text(value), f"{path.name}: {key} = {as_text(value)}")


def _json_lines(path: Path, key: str) -> Iterator[Sample]:
    for number, line in enumerate(text_lines(path), 1):
        if not line.strip():
            continue
        try:
            content: object = json.loads(line)
        except (ValueError, RecursionError):
            raise UnreadableError(f"line {number} of {path.name} is no JSON: {line.strip()[:80]}") from None
        for value in at_path(content, key):
            yield Sample(as_text(value), f"{path.name}, line {number}: {line.strip()[:200]}")


def _table(path: Path, key: str) -> Iterator[Sample]:
    lines = text_lines(path)
    first = next(lines, "")
    delimiter = max("\t;,", key=first.count)
    header = [name.strip() for row in csv.reader([first], delimiter=delimiter) for name in row]
    if key not in header:
        shown = ", ".join(header[:30]) or "it is empty"
        raise UnreadableError(f"{path.name} has no column {key!r}: {shown}")
    place = header.index(key)
    try:
        for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 2):
            if len(row) > place and (text := row[place].strip()):  # loggers leave a cell empty where a step didn't measure it
                yield Sample(text, f"{path.name}, line {number}: {key} = {text}")
    except csv.Error as error:
        raise UnreadableError(f"{path.name} can't be read as a table: {error}") from None


_READERS: Mapping[MetricFormat, Callable[[Path, str], Iterator[Sample]]] = {
    "json": _json,
    "jsonl": _json_lines,
    "csv": _table,
    "tensorboard": scalars,
    "wandb": history,
    "trackio": logged,
}
