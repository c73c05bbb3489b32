"""Tools that tell what experiments say together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..server.answers import Analysis
from ..server.lab import analysis
from ..server.requests import Aspect
from .bench import LabContext, lab_of
from .registry import tool

Ids = Annotated[list[str] | None, Field(description="Experiments, ranges, grids; all by default")]


@tool("Analyze experiments", read_only=True)
async def analyze(
    ctx: LabContext,
    *,
    what: Annotated[Aspect, Field(description="A short digest of several by default")] = "summary",
    ids: Ids = None,
) -> Analysis:
    """What many experiments say together, in one stratum; `left_out` says how many it doesn't rest on, and why.

    effects: what each knob, and each pair of knobs, did, with intervals. noise: between seeds, what it takes to see a gain,
    drift. importance: which knobs set the best quarter apart. pareto: score against memory, speed, parameters, lines of code.
    horizons: whether short runs rank as longer ones do. efficiency: what GPU time bought. yardstick: what random search and
    the optimiser would have reached with the same experiments.
    """
    return await analysis.analyze(await lab_of(ctx), what, ids)
