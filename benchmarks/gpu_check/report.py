"""What the check found: a table for people, and a JSON file to attach to an issue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

FORMAT = 1
"""Increased when a field of the JSON file changes its meaning."""

Status = Literal["passed", "failed", "not run"]
Figure = float | int | str | list[str]


class PartFailedError(Exception):
    """What a part of the check looks at doesn't work here.

    Args:
        why: One line.
        figures: What was measured before.
    """

    def __init__(self, why: str, figures: Mapping[str, Figure] | None = None) -> None:
        super().__init__(why)
        self.figures = dict(figures or {})


class PartNotRunError(Exception):
    """A part of the check doesn't apply here; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What labhand aims at on a GPU. A missed target is shown and isn't a failure: a small GPU is slow and works.

    Attributes:
        figure: The name of the figure.
        bound: `at most` or `at least`.
        limit: In the unit of the figure.
        is_met: Whether the figure keeps to it.
    """

    figure: str
    bound: Literal["at most", "at least"]
    limit: float
    is_met: bool


def at_most(figures: Mapping[str, Figure], name: str, limit: float) -> Target:
    """The target that a figure is at most `limit`."""
    return Target(name, "at most", limit, is_met=float(str(figures[name])) <= limit)


def at_least(figures: Mapping[str, Figure], name: str, limit: float) -> Target:
    """The target that a figure is at least `limit`."""
    return Target(name, "at least", limit, is_met=float(str(figures[name])) >= limit)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a part that passed has found.

    Attributes:
        figures: By name; the name ends with the unit.
        targets: Of a few of the figures; only on a GPU.
        why: What was left out, and why; empty where all of the part was run.
    """

    figures: Mapping[str, Figure]
    targets: Sequence[Target] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class PartResult:
    """How one part of the check ended.

    Attributes:
        name: As `--part` names it.
        title: What the part looks at.
        why: Why it failed or wasn't run, or what was left out of a part that passed.
        seconds: That it took.
        figures: As in `Findings`.
        targets: As in `Findings`.
    """

    name: str
    title: str
    status: Status
    why: str = ""
    seconds: float = 0.0
    figures: Mapping[str, Figure] = field(default_factory=dict[str, Figure])
    targets: Sequence[Target] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the check was run.

    Attributes:
        device: The kind of the GPU, or `cpu`.
        devices: How many of that kind the machine has.
        driver: Version of the GPU's driver; None on a CPU.
        torch: Version of PyTorch.
        cuda: Version of CUDA that PyTorch was built for; None for a PyTorch without CUDA.
        python: Version of Python.
        system: Kernel and architecture.
        labhand: Version of labhand and its commit, if that is known.
        on_cpu: There is no GPU, so that all parts ran on the CPU.
    """

    device: str
    devices: int
    driver: str | None
    torch: str
    cuda: str | None
    python: str
    system: str
    labhand: str
    on_cpu: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The whole check.

    Attributes:
        date: When it began, in UTC, such as `2026-11-29T10:31:00+00:00`.
        place: Where it was run.
        parts: In the order in which they were run.
        seconds: That it took.
    """

    date: str
    place: Place
    parts: Sequence[PartResult]
    seconds: float

    @property
    def failed(self) -> list[str]:
        """The names of the parts that failed."""
        return [part.name for part in self.parts if part.status == "failed"]

    def as_json(self) -> dict[str, object]:
        """As the file has it."""
        return {
            "format": FORMAT,
            "date": self.date,
            "seconds": round(self.seconds, 1),
            "passed": not self.failed,
            **asdict(self.place),
            "parts": [asdict(part) for part in self.parts],
        }

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n", "utf-8")

    def as_table(self) -> str:
        """A table in Markdown, below a line about the machine."""
        place = self.place
        gpu = (
            "No GPU: everything ran on the CPU" if place.on_cpu else f"{place.devices} × {place.device}, driver {place.driver}"
        )
        lines = [
            f"{gpu}. torch {place.torch}, Python {place.python}, {place.system}, labhand {place.labhand},"
            f" {self.date[:10]}, {self.seconds:.0f} s.",
            "",
            "| part | | figures |",
            "| --- | --- | --- |",
            *(f"| {part.title} (`{part.name}`) | {part.status} | {_cell(part)} |" for part in self.parts),
        ]
        return "\n".join(lines)


def _cell(part: PartResult) -> str:
    figures = [f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in part.figures.items()]
    missed = [
        f"target: {target.figure.replace('_', ' ')} {target.bound} {target.limit:g}, {'met' if target.is_met else 'missed'}"
        for target in part.targets
    ]
    return "; ".join([*([part.why] if part.why else []), *figures, *missed]).replace("|", "\\|").replace("\n", " ")


def _shown(value: Figure) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:.3g}"
