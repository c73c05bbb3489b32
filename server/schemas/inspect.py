"""Inspection of single experiments: source, detail, log, checkout."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from .messages import Answer, Request

Part = Literal["diff", "curve", "runs", "failure", "replicates", "all"]
"""A part of the detail of an experiment."""


class SourceQuery(Request):
    """Which source to read, and which part of it."""

    tool: ClassVar[str] = "read_source"

    id: str = Field(
        default="champion", description="champion, baseline, workdir (the trainer folder on disk), or an experiment's id"
    )
    file: str | None = Field(default=None, description="Path of the file; the default is the first editable file")
    symbol: str | None = Field(default=None, description="A function, class, method (Class.method) or knob")
    lines: str | None = Field(default=None, description="A range of lines, 40-80")
    search: str | None = Field(default=None, description="Text or a regular expression; matches are shown with context")
    against: str | None = Field(default=None, description="Show the diff from this source to `id`")


class ExperimentQuery(Request):
    """Which experiment to show, and which parts of it."""

    tool: ClassVar[str] = "get_experiment"

    id: str = Field(description="An experiment's id, e0042")
    include: list[Part] | None = Field(default=None, description="Which parts; the default is diff, runs and failure")
    against: str | None = Field(default=None, description="Show the diff against this experiment instead of its base")


class LogQuery(Request):
    """Which lines of which log to read."""

    tool: ClassVar[str] = "get_logs"

    id: str = Field(description="An experiment's id, e0042")
    tail_lines: int = Field(default=20, ge=1, le=2000, description="Number of lines from the end")
    search: str | None = Field(default=None, description="Only lines that contain this text")


class CheckoutRequest(Request):
    """Which source to write to the trainer folder."""

    tool: ClassVar[str] = "checkout"

    id: str = Field(description="champion, baseline, or an experiment's id")


class ExperimentDetail(Answer):
    """The answer of `get_experiment`, with the parts that `include` names."""

    id: str
    status: str
    verdict: str
    reason: str | None = None
    score: float | None = None
    gain: float | None = None
    hypothesis: str
    theme: str | None = None
    by: str
    base: str
    changes: str
    seed: int
    replicate: int
    gpu: str
    budget_seconds: float
    stratum: dict[str, JsonValue] = Field(default_factory=dict)
    cost: str = ""
    seconds: dict[str, JsonValue] = Field(default_factory=dict)
    measures: dict[str, JsonValue] = Field(default_factory=dict)
    failure: dict[str, JsonValue] = Field(default_factory=dict)
    diff: str = ""
    curve: list[list[float]] = Field(default_factory=list[list[float]])
    runs: list[dict[str, JsonValue]] = Field(default_factory=list[dict[str, JsonValue]])
    replicates: list[str] = Field(default_factory=list[str])
    flags: list[str] = Field(default_factory=list[str])


class CheckedOut(Answer):
    """The answer of `checkout`."""

    id: str
    folder: str
    written: list[str] = Field(default_factory=list[str])
    removed: list[str] = Field(default_factory=list[str])
