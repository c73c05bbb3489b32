"""Tools that tell the state of the research: the briefing, and waiting."""

from __future__ import annotations

from ..server.lab.monitor import briefing
from ..server.lab.monitor import wait as waiting
from ..server.schemas.monitor import Briefing, Waited, WaitQuery
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Get the briefing", read_only=True, always_loaded=True)
async def get_briefing(ctx: LabContext) -> Briefing:
    """The state of the research, in one screen. Call it first, and again after your context was cleared.

    Goal, metric and noise; the champion and its origin; promising experiments; themes with the number tried, the best gain
    and the failures; what runs and for whom; what is left to spend; causes of failure; promising experiments that were not
    combined yet; notes.
    """
    return await briefing.get_briefing(await lab_of(ctx))


@tool("Wait for experiments", read_only=True, always_loaded=True)
async def wait(ctx: LabContext, request: WaitQuery) -> Waited:
    """Wait until any or all experiments have ended. Returns what ended since the cursor, best first, and causes of failure.

    Reaching the time limit is normal: `timed_out` is true, nothing is lost; call again. What an answer reported isn't
    reported again, unless you give an earlier `cursor` as `after`. The call returns early when something needs your
    attention (`attention`): stuck runs, many failures of one kind, idle GPUs with an empty queue. Don't poll get_results.
    """
    reported = ctx.request_context.lifespan_context.reported
    return await waiting.wait(await lab_of(ctx), request, caller_of(ctx), ctx.report_progress, reported)
