"""The tool that returns the table of results."""

from __future__ import annotations

from ..server.lab.results import table
from ..server.schemas.results import Results, ResultsQuery
from .lab_context import LabContext, lab_of
from .registry import tool


@tool("Get results", read_only=True, always_loaded=True)
async def get_results(ctx: LabContext, request: ResultsQuery) -> Results:
    """The table of experiments, with `gain` over the reference (positive is better) and `verdict`: what the evidence allows.

    Values that all rows share (metric, direction, stratum, reference, noise, status, …) are in `common`. A gain smaller
    than the noise is not evidence of an improvement: read `verdict` before `score`. A score that was not measured is
    absent. `flags` says what to check before a score is believed: what the source uses, what the runner observed, `unseeded`
    where the seed changes nothing, `not_reproduced` where an implausibly good score was not reached again.
    """
    return await table.get_results(await lab_of(ctx), request)
