"""`[metric]` and `[[metrics]]`: what a run is judged by, what else is kept of it, and the limits that it has to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Literal, cast, get_args

from .toml_table import TomlTable

Direction = Literal["minimize", "maximize"]
MetricSource = Literal["evaluator", "output", "run"]
MetricFormat = Literal["json", "jsonl", "csv", "tensorboard", "wandb", "trackio"]
MetricValue = Literal["last", "best", "mean"]

METRIC_KEYS: Final[Mapping[str, Any]] = {
    "name": None,
    "direction": None,
    "source": None,
    "pattern": None,
    "json": None,
    "file": None,
    "format": None,
    "key": None,
    "value": None,
    "last_k": None,
    "at_least": None,
    "at_most": None,
    "judged": None,
}
MAX_METRICS: Final = 32
"""Metrics of one trainer."""
DEFAULT_LAST_K: Final = 20
_ENDINGS: Final[Mapping[str, MetricFormat]] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".wandb": "wandb",
}
RUN_MEASURES: Final = ("peak_memory_bytes", "steps", "tokens", "epochs", "parameters", "flops")
"""The measures of a run that can be a metric."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that a run comes to.

    Attributes:
        name: Such as `val_bpb`.
        direction: Which way is better.
        source: `evaluator`; `output` for what the command prints or writes; `run` for a measure of the runner.
        pattern: Finds its lines, and is matched within single lines; its first group is the value.
        json_path: Where the value is in lines of JSON that the command prints; empty for none.
        file: The file that has it, relative to the folder in which the command runs; a path or a glob. Empty for none.
        format: Of the file.
        key: Where the value is in the file: a path of keys, a column, or a tag.
        value: Which value counts, where there are several.
        last_k: How many values a mean is of.
        at_least: A guard: values below it break it.
        at_most: A guard: values above it break it.
        is_judged: `judged = true`: runs are judged by it.
    """

    name: str
    direction: Direction
    source: MetricSource
    pattern: re.Pattern[str]
    json_path: str = ""
    file: str = ""
    format: MetricFormat | None = None
    key: str = ""
    value: MetricValue = "last"
    last_k: int = DEFAULT_LAST_K
    at_least: float | None = None
    at_most: float | None = None
    is_judged: bool = False

    @property
    def self_reported(self) -> bool:
        """Whether the experiment's own output is believed."""
        return self.source == "output"

    @property
    def is_guard(self) -> bool:
        """Whether it has a limit that every improvement has to keep."""
        return self.at_least is not None or self.at_most is not None

    @property
    def place(self) -> str:
        """Where its value comes from, for messages."""
        if self.file:
            return f"{self.key} in {self.file}"
        return f"{self.json_path} in lines of JSON" if self.json_path else f"lines that match {self.pattern.pattern}"


def read_metric(table: TomlTable) -> Metric:
    """Read the table `[metric]`, or one table of `[[metrics]]`."""
    name = table.text("name")
    at_least, at_most = table.number("at_least"), table.number("at_most")
    if at_least is not None and at_most is not None and at_least > at_most:
        table.problem("at_least", f"is {at_least:g}, which is above at_most = {at_most:g}: no value keeps both")
    file, file_format = _file(table)
    key = table.text("key", name or None) if file else ""
    if table.has("key") and not file:
        table.problem("key", 'is a place in a file: name the file too, as in file = "metrics.json"')
    return Metric(
        name=name,
        direction=_direction(table, at_least, at_most),
        source=_source(table, name),
        pattern=_pattern(table, table.text("pattern", rf"^{re.escape(name)}:[ \t]*(\S*)")),
        json_path=table.text("json") if table.has("json") else "",
        file=file,
        format=file_format,
        key=key,
        value=cast("MetricValue", table.choice("value", get_args(MetricValue))),
        last_k=_last_k(table),
        at_least=at_least,
        at_most=at_most,
        is_judged=table.flag("judged"),
    )


def read_metrics(table: TomlTable) -> tuple[Metric, ...]:
    """Read `[metric]` and all of `[[metrics]]`.

    Returns:
        At least one metric. The first is the one that runs are judged by: the one that is marked with `judged = true`, else
        `[metric]`, else the first of `[[metrics]]`.
    """
    tables = list(table.tables("metrics")) if table.has("metrics") else []
    if table.has("metric") or not tables:
        tables.insert(0, table.table("metric", needed=True))
    metrics = [read_metric(each) for each in tables[:MAX_METRICS]]
    if len(tables) > MAX_METRICS:
        table.problem("metrics", f"has {len(tables)} metrics, and {MAX_METRICS} are the most")
    marked = [place for place, metric in enumerate(metrics) if metric.is_judged]
    if len(marked) > 1:
        names = ", ".join(metrics[place].name for place in marked)
        table.problem("metrics", f"{names} have judged = true: runs are judged by one metric")
    _refuse_duplicates(table, metrics)
    judged = metrics.pop(marked[0] if marked else 0)
    if judged.source == "run":
        table.problem(
            "metrics", f'{judged.name} is a measure of the run (source = "run"), and runs are judged by another metric'
        )
    return judged, *metrics


def _refuse_duplicates(table: TomlTable, metrics: list[Metric]) -> None:
    names = [metric.name for metric in metrics if metric.name]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        table.problem("metrics", f"{', '.join(twice)} is named twice: every metric has a name of its own")


def _direction(table: TomlTable, at_least: float | None, at_most: float | None) -> Direction:
    """The direction; where it isn't given, that of a lower limit is up."""
    if not table.has("direction") and at_least is not None and at_most is None:
        return "maximize"
    return cast("Direction", table.choice("direction", get_args(Direction)))


def _source(table: TomlTable, name: str) -> MetricSource:
    """The source; where it isn't given, it follows from the other keys."""
    printed = [key for key in ("pattern", "json", "file") if table.has(key)]
    if len(printed) > 1:
        table.problem(printed[-1], f"{' and '.join(printed)} are given, and a metric comes from one place")
    if not table.has("source"):
        return "output" if printed or table.is_in_array else "evaluator"
    source = cast("MetricSource", table.choice("source", get_args(MetricSource)))
    if printed and source == "run":
        table.problem("source", f"is {source!r}, and {printed[0]} says that the command prints or writes the metric")
    if source == "run" and name not in RUN_MEASURES:
        table.problem("name", f'is {name!r}, and with source = "run" it has to be one of {", ".join(RUN_MEASURES)}')
    return source


def _file(table: TomlTable) -> tuple[str, MetricFormat | None]:
    if not table.has("file"):
        return "", None
    file = table.text("file")
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or file.startswith("~"):
        table.problem("file", f"is {file!r} and has to be a path inside the folder in which the command runs")
    if table.has("format"):
        return file, cast("MetricFormat", table.choice("format", get_args(MetricFormat)))
    found = "tensorboard" if "tfevents" in path.name else _ENDINGS.get(path.suffix)
    if file and found is None:
        table.problem(
            "file", f"is {file!r}, whose ending says no format: add format, one of {', '.join(get_args(MetricFormat))}"
        )
    return file, found


def _last_k(table: TomlTable) -> int:
    if table.has("last_k") and (not table.has("value") or table.text("value") != "mean"):
        table.problem("last_k", 'is the number of values of a mean: add value = "mean"')
    return table.positive_integer("last_k", DEFAULT_LAST_K)


def _pattern(table: TomlTable, text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text, re.MULTILINE)
    except re.error as error:
        table.problem("pattern", f"is {text!r}, which is no regular expression: {error}")
        return re.compile("")
    if "\n" in text or r"\n" in text:
        table.problem("pattern", f"is {text!r} and has to match within one line: a metric is printed on a line of its own")
    if text and pattern.groups < 1:
        table.problem("pattern", f"is {text!r} and needs a group (…) around the number")
    return pattern
