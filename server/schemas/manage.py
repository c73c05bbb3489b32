"""Management: cancelling experiments, and the notebook."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from .literature import MAX_CITED
from .messages import Answer, LabLine, Request


class CancelRequest(Request):
    """Which experiments to end."""

    tool: ClassVar[str] = "cancel"

    ids: list[str] = Field(description="Experiments, ranges, grids, validations")
    reason: str = Field(default="", description="It is stored with the experiment")
    force: bool = Field(default=False, description="Also cancel what others launched")


class NoteRequest(Request):
    """A note for the lab notebook."""

    tool: ClassVar[str] = "note"

    text: str = Field(min_length=1, max_length=4000, description="What was learned")
    experiments: list[str] = Field(default_factory=list, description="Which it is about")
    theme: str | None = Field(default=None, description="The line of research")
    papers: list[str] = Field(default_factory=list, max_length=MAX_CITED, description="As in launch_experiment")
    answers: list[str] = Field(default_factory=list, description='Messages of the person that it answers: ["m001"]')


class Cancelled(Answer):
    """The answer of `cancel`."""

    cancelled: list[str] = Field(default_factory=list[str])
    already_finished: list[str] = Field(default_factory=list[str])
    refused: dict[str, list[str]] = Field(default_factory=dict)
    warning: str = ""
    lab: LabLine | None = None


class Noted(Answer):
    """The answer of `note`."""

    note: int
    text: str
    experiments: list[str] = Field(default_factory=list[str])
    theme: str | None = None
    papers: list[str] = Field(default_factory=list[str])
    answers: list[str] = Field(default_factory=list[str])
