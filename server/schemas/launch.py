"""Launches: changes of a source, single experiments, grids, and what the lab answers of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from ..domain import Priority
from .literature import CITED, MAX_CITED
from .messages import Answer, LabLine, Request

Design = Literal["full", "fractional", "latin_hypercube", "random", "one_at_a_time", "optimiser", "ablation"]
Kinds = str | list[str] | None
"""Kinds of GPU, as `list_gpus` names them: one kind; `any`, the one that finishes first; or a list, one block for each kind."""
GRID_CAP = 1000
"""The largest number of experiments that one call may launch."""


class Edit(Request):
    """An exact replacement in a file."""

    file: str = Field(default="train.py", description="Path in the trainer folder")
    find: str = Field(description="Occurs exactly once in the file")
    replace: str = Field(description="The new text")


class Change(Request):
    """How a source differs from its base. Applied in this order: files, patch, apply, edits, overrides."""

    base: str = Field(
        default="champion",
        description="champion, baseline, an experiment's id, or workdir (the trainer folder on disk)",
    )
    folder: str | None = Field(default=None, description='With base="workdir": another copy of the trainer folder')
    files: dict[str, str] = Field(default_factory=dict, description="Whole files: path and new text")
    patch: str | None = Field(default=None, description="A unified diff, a patch of Codex, or SEARCH/REPLACE blocks")
    apply: list[str] = Field(default_factory=list, description="Experiments whose changes are merged into the source")
    edits: list[Edit] = Field(default_factory=list[Edit], description="Exact replacements")
    overrides: dict[str, JsonValue] = Field(
        default_factory=dict,
        description='Knobs and new values: {"DEPTH": 6, "BATCH_SIZE": "2**14"}',
    )
    packages: list[str] = Field(
        default_factory=list[str],
        description='Extra packages, from those that `[packages] allow` in labhand.toml names: ["einops==0.8.1"]',
    )


class Variant(Change):
    """A named change that a grid crosses with its factors."""

    name: str = Field(description="Unique in the grid")
    base: str = Field(default="", description="The default is the grid's base")


class LaunchOptions(Request):
    """What the launch of one experiment and the launch of a grid have in common."""

    hypothesis: str = Field(min_length=1, max_length=2000, description="Why the score should improve, in one sentence")
    gpu: Kinds = Field(
        default=None,
        description="Kind of GPU: one of list_gpus, any (which finishes first), or several, to run on each. The default is the"
        " base's",
    )
    budget_seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Seconds of training. The default is the trainer's"
    )
    replicates: int = Field(default=1, ge=1, le=GRID_CAP, description="Number of seeds, those that ran before included")
    theme: str | None = Field(default=None, description="The line of research")
    priority: Priority = Field(default="normal", description="Place in the queue")
    papers: list[str] = Field(default_factory=list[str], max_length=MAX_CITED, description=CITED)
    request_id: str | None = Field(
        default=None,
        description="Idempotency key: a repeated launch starts nothing",
    )
    dry_run: bool = Field(default=False, description="Return the cost; start nothing")


class Launch(LaunchOptions, Change):
    """The launch of one experiment."""

    tool: ClassVar[str] = "launch_experiment"

    retry: bool = Field(
        default=False,
        description="Run failed or stopped experiments again. One that failed as `tampering` (it interfered with the"
        " evaluation) isn't trained again, only evaluated again",
    )


class GridLaunch(LaunchOptions):
    """The launch of a grid: factors crossed with variants, or a list of cells."""

    tool: ClassVar[str] = "launch_grid"

    factors: dict[str, list[JsonValue]] = Field(
        default_factory=dict, description='Knobs and the values of each: {"DEPTH": [4, 6], "LR": [0.02, 0.04]}'
    )
    variants: list[Variant] = Field(
        default_factory=list[Variant],
        json_schema_extra={"described": "elsewhere"},
        description="Named changes, crossed with the factors; arguments as in launch_experiment. The unchanged base runs only"
        " if you list it",
    )
    cells: list[dict[str, JsonValue]] = Field(
        default_factory=list[dict[str, JsonValue]], description="Combinations of knob values, instead of factors"
    )
    overrides: dict[str, JsonValue] = Field(default_factory=dict, description="Knobs with the same value in all cells")
    packages: list[str] = Field(default_factory=list[str], description="Packages of all cells")
    design: Design = Field(
        default="full",
        description="How the factors are combined. With optimiser, two numbers are the ends of a range",
    )
    size: Annotated[int, Field(ge=1, le=GRID_CAP)] | None = Field(
        default=None,
        description="random and latin_hypercube: number of cells. optimiser: number of cells to propose, by default the number"
        " of free slots. fractional: the largest number of cells",
    )
    base: str = Field(
        default="champion",
        description="champion, baseline, an experiment's id, or workdir (the trainer folder on disk)",
    )


class Estimate(Answer):
    """What a launch costs, and when it starts and ends."""

    gpu_seconds: float
    usd: float | None = None
    starts_in_seconds: float | None = None
    done_in_seconds: float | None = None


class Similar(Answer):
    """An earlier experiment that changed nearly the same.

    Attributes:
        budget_seconds: The budget of an experiment on the same source, in another setting.
        gpu: Its kind of GPU, likewise.
    """

    id: str
    changes: str
    verdict: str
    score: float | None = None
    budget_seconds: float | None = None
    gpu: str | None = None


class LaunchedBlock(Answer):
    """The part of a launch on several kinds of GPU that runs on one kind. Scores of different kinds are never compared.

    Attributes:
        seeds: Number of seeds, of each cell of a grid. The seeds themselves are in `get_results`.
        duplicates: Earlier experiments with the same source, seed, budget and kind, returned instead of being run again.
        baseline: Replicates of the baseline that the lab added to measure the noise.
        champion: Replicates of the champion that the lab added, because it had not run at this budget on this kind of GPU.
    """

    experiments: list[str] = Field(default_factory=list[str])
    gpu: str
    seeds: int
    estimate: Estimate
    duplicates: list[str] = Field(default_factory=list[str])
    baseline: list[str] = Field(default_factory=list[str])
    champion: list[str] = Field(default_factory=list[str])


class LaunchAnswer(LaunchedBlock):
    """What the answers of `launch_experiment` and `launch_grid` have in common.

    Attributes:
        base: The experiment or source that it was made from.
        why_gpu: The reason for the kind of GPU, where the lab chose it.
        blocks: One for each kind of GPU, where there are several.
        flags: What the source uses that the baseline doesn't use and an idea seldom needs, of all variants of a grid. Flags
            are warnings and never block the launch.
        note: How many replicates of baseline and champion a dry run includes, or that the allowance has no room for all.
        plan: The approved plan that it is part of.
        approval: In a dry run, why the launch needs a plan that a person approves, and how to propose one.
        next: What to do about the duplicates.
        warning: What went wrong after the launch, which has happened all the same.
    """

    base: str
    why_gpu: str = ""
    blocks: list[LaunchedBlock] = Field(default_factory=list[LaunchedBlock])
    flags: list[str] = Field(default_factory=list[str])
    note: str = ""
    plan: str = ""
    approval: str = ""
    dry_run: bool | None = None
    next: str = ""
    warning: str = ""
    lab: LabLine | None = None


class Launched(LaunchAnswer):
    """The answer of `launch_experiment`."""

    changes: str = ""
    diffstat: str = ""
    similar: list[Similar] = Field(default_factory=list[Similar])


class Cell(Answer):
    """One combination of a grid."""

    id: str = ""
    variant: str = ""
    knobs: dict[str, JsonValue] = Field(default_factory=dict)


class GridName(Answer):
    """The id of a grid: `g007`."""

    grid: str = ""


class GridLaunched(LaunchAnswer, GridName):  # in this order, the grid's id stands first in the JSON
    """The answer of `launch_grid`.

    Attributes:
        cells: In a dry run the first twenty cells; after a launch at most four. `get_results` shows more.
        tells: Which effects the design can estimate, and which it can't tell apart.
        resolution: The resolution of a fractional design, as a Roman numeral.
        aliases: Effects that a fractional design can't tell apart, `A*B = C*D`.
    """

    cells: list[Cell] = Field(default_factory=list[Cell])
    total: int
    tells: str = ""
    resolution: str | None = None
    aliases: list[str] = Field(default_factory=list[str])
