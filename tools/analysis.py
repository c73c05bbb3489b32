"""Tools that tell what experiments say together."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Image
from pydantic import Field

from ..server.lab.analysis import analyze as analysis
from ..server.lab.analysis import plots
from ..server.schemas.analysis import Analysis
from ..server.schemas.requests import Aspect, Picture
from .lab_context import LabContext, lab_of
from .registry import tool

Ids = Annotated[list[str] | None, Field(description="Experiments, ranges, grids; all by default")]
Gpu = Annotated[str | None, Field(description="Only this kind: scores of several kinds don't compare")]


@tool("Analyze experiments", read_only=True)
async def analyze(
    ctx: LabContext,
    *,
    what: Annotated[Aspect, Field(description="A short digest of several by default")] = "summary",
    ids: Ids = None,
    gpu: Gpu = None,
) -> Analysis:
    """What many experiments say together, in one stratum; `left_out` says how many it doesn't rest on, and why.

    effects: what each knob, and each pair of knobs, did, with intervals. noise: between seeds, what it takes to see a gain,
    drift. importance: which knobs set the best quarter apart. pareto: score against memory, speed, parameters, lines of code.
    horizons: whether short runs rank as longer ones do. efficiency: what GPU time bought. yardstick: what random search and
    the optimiser would have reached with the same experiments. ablation: what each part of the champion's change (or of the one
    experiment named) is worth, and how much is code and how much retuned knobs.
    """
    return await analysis.analyze(await lab_of(ctx), what, ids, gpu)


@tool("Draw a picture", read_only=True, structured=False)
async def plot(
    ctx: LabContext,
    *,
    what: Annotated[Picture, Field(description="Which picture")] = "progress",
    ids: Ids = None,
    gpu: Gpu = None,
) -> list[str | Image]:
    """A picture (PNG) of experiments of one stratum, with a caption.

    progress: scores in their order, with the noise, what luck alone would show, and the champions. effects: what each change
    did, with intervals. curves: training loss of the best, or of those named, beside the reference. timeline: what each slot
    did. parallel: knobs against scores. horizons: scores at one budget against a longer one.
    """
    drawn = await plots.plot(await lab_of(ctx), what, ids, gpu)
    return [drawn.caption, Image(data=drawn.png, format="png")]
