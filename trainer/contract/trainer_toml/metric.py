"""`[metric]`: what a run is judged by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from .toml_table import TomlTable

Direction = Literal["minimize", "maximize"]
MetricSource = Literal["evaluator", "output"]

METRIC_KEYS: Final[Mapping[str, Any]] = {"name": None, "direction": None, "source": None, "pattern": None}


@dataclass(frozen=True, slots=True)
class Metric:
    """What a run is judged by.

    Attributes:
        name: Such as `val_bpb`.
        direction: Which way is better.
        source: `evaluator`, or `output` for a line that the command prints.
        pattern: Finds that line, and is matched within single lines; its first group is the value.
    """

    name: str
    direction: Direction
    source: MetricSource
    pattern: re.Pattern[str]

    @property
    def self_reported(self) -> bool:
        """Whether the experiment's own output is believed."""
        return self.source == "output"


def read_metric(table: TomlTable) -> Metric:
    """Read the table `[metric]`."""
    name = table.text("name")
    direction = cast("Direction", table.choice("direction", ("minimize", "maximize")))
    source = cast("MetricSource", table.choice("source", ("evaluator", "output")))
    return Metric(name, direction, source, _pattern(table, table.text("pattern", rf"^{re.escape(name)}:[ \t]*(\S*)")))


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
