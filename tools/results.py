"""The tool that returns the table of results."""

from __future__ import annotations

from ..server.lab.results import table
from ..server.schemas.results import Results, ResultsQuery
from .lab_context import LabContext, lab_of
from .registry import tool


@tool("Get results", read_only=True, always_loaded=True)
async def get_results(ctx: LabContext, request: ResultsQuery) -> Results:
    """The table of experiments, with `gain` over the reference (positive is better) and `verdict`: what the evidence allows.

    Values that all rows share are in `common`. Read `verdict` before `score`: a gain within the noise is no evidence. A score
    that was not measured is absent. `flags` says what to check before a score is believed, such as `unseeded` (the seed
    changes nothing) or `not_reproduced` (an implausibly good score was not reached again).
    """
    return await table.get_results(await lab_of(ctx), request)
