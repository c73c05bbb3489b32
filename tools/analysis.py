"""Tools that analyze and plot many experiments together."""

from __future__ import annotations

from mcp.server.mcpserver import Image

from ..server.lab.analysis import analyze as analyses
from ..server.lab.analysis import plots
from ..server.schemas.analysis import Analysis, AnalysisQuery, PlotQuery
from .lab_context import LabContext, lab_of
from .registry import tool


@tool("Analyze experiments", read_only=True)
async def analyze(ctx: LabContext, request: AnalysisQuery) -> Analysis:
    """What many experiments of one stratum show together. `left_out` says how many were not used, and why.

    The stratum is the one with the most of the named experiments, or with the most of the newest; only efficiency uses
    all strata.

    effects: mean effects of each knob and of changed code, with 95 % intervals, and two-factor interactions. noise: standard
    deviation between seeds, the gain that one and four seeds can show, drift of the baseline. importance: which knobs
    distinguish the best quarter. pareto: score against other metrics, memory, speed and size.
    horizons: whether short runs rank like longer ones. efficiency: how much of the GPU time trained scored runs, and the
    cost of a confirmed gain. yardstick: what random search and the optimiser would have
    reached with the same experiments. ablation: what each part of the change of the champion (or of the one experiment named)
    contributes, and how much of it is code and how much retuned knobs.
    """
    return await analyses.analyze(await lab_of(ctx), request.what, request.ids or None, request.gpu, request.metric)


@tool("Plot experiments", read_only=True)
async def plot(ctx: LabContext, request: PlotQuery) -> list[str | Image]:
    """A plot (PNG) of experiments of one stratum, with a caption that says what it leaves out.

    progress: scores in the order in which experiments ended, with the noise, what luck alone would show, and the champions.
    effects: effects of each change, with intervals. curves: training loss of the best experiments, or of those named, beside
    the reference. timeline: what each slot did. parallel: knobs against scores. horizons: scores at one budget against a
    longer one. pareto: scores against another metric.
    """
    rendered = await plots.plot(await lab_of(ctx), request.what, request.ids or None, request.gpu, request.metric)
    return [rendered.caption, Image(data=rendered.png, format="png")]
