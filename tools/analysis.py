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
    """Analyze experiments of one stratum: the one with the most scores lately, or among `ids`. `left_out` says what isn't used.

    effects: of each knob and of changed code, with 95 % intervals, and interactions. noise: standard deviation between seeds,
    the gain that one and four seeds can show, drift. importance: which knobs distinguish the best quarter. pareto: score
    against other metrics, memory, speed and size. horizons: whether short runs rank like longer ones. efficiency: the share
    of GPU time spent on training that led to a score, and the cost of a confirmed gain. yardstick: what random search and the
    optimiser would have reached. ablation: what each part of the change of the champion (or of one experiment) contributes.
    """
    return await analyses.analyze(await lab_of(ctx), request.what, request.ids or None, request.gpu, request.metric)


@tool("Plot experiments", read_only=True)
async def plot(ctx: LabContext, request: PlotQuery) -> list[str | Image]:
    """A plot (PNG) of experiments of one stratum, with a caption that says what it leaves out.

    progress: scores in order, with the noise, what luck alone would show, and the champions. effects: of each change, with
    intervals. curves: training loss of the best, or of those named, beside the reference. timeline: what each slot did.
    parallel: knobs against scores. horizons: scores at one budget against a longer one. pareto: against another metric.
    """
    rendered = await plots.plot(await lab_of(ctx), request.what, request.ids or None, request.gpu, request.metric)
    return [rendered.caption, Image(data=rendered.png, format="png")]
