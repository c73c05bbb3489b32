"""Numbers in files that a try has written, and that may be the metric: JSON, lines of JSON, tables, a run of trackio."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from ...trainer.contract.files import read_bounded
from ...trainer.contract.sqlite_files.database_pages import UnreadableDatabaseError
from ...trainer.contract.sqlite_files.trackio_runs import newest_run
from ...trainer.contract.trainer_toml.metric import MetricFormat
from .metric_candidates import MetricCandidate, candidate_of, ranked

MAX_FILES: Final = 50
MAX_FILE_BYTES: Final = 4 << 20
MAX_DEPTH: Final = 6
"""Of folders, and of objects within a JSON file."""
_SEPARATOR: Final = re.compile(r"[./]")
_STAMP: Final = re.compile(r"\d{4}[-_.]?\d{2}[-_.]?\d{2}|\d{6,}")
"""In a folder's name: a date or a time, which another run writes otherwise."""


def written_metrics(work: Path, source: Path) -> list[MetricCandidate]:
    """Return what the files that a run wrote hold that may be a metric, the likeliest first.

    Args:
        work: The folder in which the command ran.
        source: What it was copied from: files that are the same there are no result.
    """
    found: list[MetricCandidate] = []
    for path in _written(work, source):
        file = _as_glob(path.relative_to(work))
        for key, value in _numbers(path).items():
            candidate = candidate_of(_SEPARATOR.sub("_", key), f"{file}: {key} = {value}", value)
            if candidate is not None:
                found.append(replace(candidate, file=file, key=key, format=_UNTOLD.get(path.suffix, "")))
    return ranked(found)


def _written(work: Path, source: Path) -> list[Path]:
    paths: list[Path] = []
    for place, folders, names in os.walk(work):
        here = Path(place)
        if len(here.relative_to(work).parts) >= MAX_DEPTH:
            folders.clear()
        for name in sorted(names):
            path = here / name
            original = source / path.relative_to(work)
            if path.suffix in {*_READERS, *_UNTOLD} and not path.is_symlink() and not _is_same(original, path):
                paths.append(path)
    return paths[:MAX_FILES]


def _is_same(original: Path, path: Path) -> bool:
    with suppress(OSError):
        return original.stat().st_size == path.stat().st_size and original.read_bytes() == path.read_bytes()
    return False


def _as_glob(path: Path) -> str:
    return (
        "/".join("*" if _STAMP.search(part) else part for part in path.parts[:-1])
        + ("/" if path.parts[:-1] else "")
        + path.name
    )


def _numbers(path: Path) -> Mapping[str, str]:
    """Return the last number of each key."""
    with suppress(UnreadableDatabaseError, ValueError, RecursionError, csv.Error):
        if path.suffix in _UNTOLD:
            return dict(_trackio(path))
        content = read_bounded(path, MAX_FILE_BYTES) or b""
        return dict(_READERS[path.suffix](content.decode("utf-8-sig", "replace")))
    return {}


def _trackio(path: Path) -> Iterator[tuple[str, str]]:
    for row in newest_run(path, MAX_FILE_BYTES):
        yield from _leaves(row, "")


def _json(text: str) -> Iterator[tuple[str, str]]:
    return _leaves(json.loads(text), "")


def _json_lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if line.strip():
            yield from _json(line)


def _leaves(content: object, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict) and depth < MAX_DEPTH:
        for key, value in cast("dict[str, Any]", content).items():
            yield from _leaves(value, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield path, f"{content:g}"


def _table(text: str) -> Iterator[tuple[str, str]]:
    first = text.partition("\n")[0]
    for row in csv.DictReader(text.splitlines(), delimiter=max("\t;,", key=first.count)):
        for name, value in row.items():
            with suppress(ValueError, TypeError):
                yield name.strip(), f"{float(value):g}"


_UNTOLD: Final[Mapping[str, MetricFormat]] = {".db": "trackio"}
"""The formats of files whose endings don't say them."""
_READERS: Final = {".json": _json, ".jsonl": _json_lines, ".ndjson": _json_lines, ".csv": _table, ".tsv": _table}
