"""Analysis of many experiments: figures and plots."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ..domain import Picture
from .messages import Answer, Request
from .results import StratumSummary

Aspect = Literal["summary", "effects", "noise", "pareto", "horizons", "efficiency", "yardstick", "importance", "ablation"]
"""What to analyze."""


class AnalysisQuery(Request):
    """What to analyze, over which experiments."""

    tool: ClassVar[str] = "analyze"

    what: Aspect = Field(default="summary", description="summary: noise, largest effects, importance and efficiency in short")
    ids: list[str] | None = Field(default=None, description="Experiments, ranges, grids. The default is all")
    gpu: str | None = Field(default=None, description="Only this kind of GPU")
    metric: str | None = Field(default=None, description="For pareto: one metric or measure")


class PlotQuery(Request):
    """What to plot, over which experiments."""

    tool: ClassVar[str] = "plot"

    what: Picture = Field(default="progress", description="Which plot")
    ids: list[str] | None = Field(default=None, description="Experiments, ranges, grids. The default is all")
    gpu: str | None = Field(default=None, description="Only this kind of GPU")
    metric: str | None = Field(default=None, description="For pareto: a metric or measure")


class EffectRow(Answer):
    """The mean effect of a change over the experiments that ran; positive is better.

    Attributes:
        term: `DEPTH 6→8`, or two of them joined by ` * `: their interaction.
        interval: 95 % interval of this effect alone.
    """

    term: str
    gain: float
    interval: list[float] = Field(default_factory=list[float])
    p: float | None = None


class NoisySource(Answer):
    """A source whose scores vary more between seeds than those of others, by one of its experiments."""

    id: str
    sd: float
    seeds: int


class NoiseFigures(Answer):
    """How much a score varies between seeds, and what that allows one to see.

    Attributes:
        sd: Standard deviation between seeds.
        degrees: Degrees of freedom of `sd`.
        replicated_sources: Number of sources with two scores or more, from which it is estimated.
        shown_by_one_seed: The smallest gain whose 95 % interval excludes 0 if one seed ran.
        shown_by_four_seeds: The same for four seeds.
        noisier: Sources with clearly more noise.
        explained_by_steps: The share of the variance between replicates that the steps of their runs explain.
        sd_at_equal_steps: The standard deviation without that share.
        drift_per_day: Change of the baseline's scores in a day.
        drift_p: The p-value of that change.
        drift_runs: Number of runs of the baseline that it rests on.
    """

    sd: float
    degrees: int
    replicated_sources: int | None = None
    shown_by_one_seed: float | None = None
    shown_by_four_seeds: float | None = None
    noisier: list[NoisySource] = Field(default_factory=list[NoisySource])
    explained_by_steps: float | None = None
    sd_at_equal_steps: float | None = None
    drift_per_day: float | None = None
    drift_p: float | None = None
    drift_runs: int | None = None


class FrontPoint(Answer):
    """An experiment on a Pareto front, with its mean score and the value of the front's measure."""

    id: str
    score: float
    value: float


class HorizonPair(Answer):
    """How far the rankings at two budgets agree.

    Attributes:
        budgets: The two budgets, in seconds.
        ran_at_both: Number of sources that ran at both.
        tau: Kendall's tau between the two rankings; absent with too few sources.
        interval: 95 % interval of `tau`.
    """

    budgets: list[float]
    ran_at_both: int
    tau: float | None = None
    interval: list[float] = Field(default_factory=list[float])


class EfficiencyFigures(Answer):
    """What GPU time and money bought.

    Attributes:
        gpu_hours: GPU-hours that ended experiments held, and for the whole lab those of idle clusters.
        usd: What they cost.
        useful_share: The share of the GPU time that was training which led to a score.
        scheduling: Training time of all runs, scored or not, divided by the held GPU time minus start-up and evaluation.
        speed_up: How many GPUs worked on average over the wall-clock time; absent for rehearsed runs, whose time is simulated.
        wall_hours: Hours from the first start to the last end; absent for rehearsed runs.
        gpu_hours_per_confirmed: GPU-hours for each confirmed source.
        usd_per_confirmed: Dollars for each confirmed source.
        idle_gpu_hours: GPU-hours that clusters held while no run used them.
        idle_usd: What that idle time cost.
        stopped_early: Number of runs that were stopped as doomed.
        gpu_seconds_saved: GPU-seconds that stopping them saved.
        stopped_run_to_the_end: Number of them that were run again to the end.
        stopped_by_mistake: Number of those that then beat the reference.
    """

    gpu_hours: float | None = None
    usd: float | None = None
    useful_share: float | None = None
    scheduling: float | None = None
    speed_up: float | None = None
    wall_hours: float | None = None
    gpu_hours_per_confirmed: float | None = None
    usd_per_confirmed: float | None = None
    idle_gpu_hours: float | None = None
    idle_usd: float | None = None
    stopped_early: int | None = None
    gpu_seconds_saved: float | None = None
    stopped_run_to_the_end: int | None = None
    stopped_by_mistake: int | None = None


class SearchStep(Answer):
    """The best gain on the baseline after so many experiments.

    Attributes:
        as_run: In the order in which they ran.
        random_search: The mean over all orders.
        optimiser: As the optimiser would have chosen among them; absent beyond the part that is replayed.
    """

    experiments: int
    as_run: float
    random_search: float
    optimiser: float | None = None


class Analysis(Answer):
    """The answer of `analyze`, with the parts that `what` asks for.

    Attributes:
        stratum: The stratum that the analysis is about.
        experiments: Number of experiments that the analysis uses.
        left_out: How many of the experiments asked for the analysis doesn't use, and why.
        importance: How much each knob separates the best quarter from the rest, as shares of 1.
        yardstick: What random search and the optimiser would have reached, after parts of the experiments.
        unknown: Effects that these experiments can't separate from others.
        made_of: How much of the whole change is code, and how much is retuned knobs.
        hunks: What the score would lose without each part of the change.
        ancestry: What each source on the way from the baseline gained by its own change.
        pareto: For each measure, the experiments that no other experiment beats in both that measure and the score.
        tells: How to read the analysis.
    """

    what: str
    stratum: StratumSummary | None = None
    experiments: int
    left_out: list[str] = Field(default_factory=list[str])
    noise: NoiseFigures | None = None
    main: list[EffectRow] = Field(default_factory=list[EffectRow])
    interactions: list[EffectRow] = Field(default_factory=list[EffectRow])
    unknown: list[str] = Field(default_factory=list[str])
    made_of: list[EffectRow] = Field(default_factory=list[EffectRow])
    hunks: list[EffectRow] = Field(default_factory=list[EffectRow])
    ancestry: list[EffectRow] = Field(default_factory=list[EffectRow])
    importance: dict[str, float] = Field(default_factory=dict[str, float])
    pareto: dict[str, list[FrontPoint]] = Field(default_factory=dict[str, list[FrontPoint]])
    horizons: list[HorizonPair] = Field(default_factory=list[HorizonPair])
    efficiency: EfficiencyFigures | None = None
    yardstick: list[SearchStep] = Field(default_factory=list[SearchStep])
    tells: list[str] = Field(default_factory=list[str])
