"""Tools that tell the state of the research: the briefing, and waiting."""

from __future__ import annotations

from ..server.lab.monitor import briefing, waiting
from ..server.schemas.monitor import Briefing, Waited, WaitQuery
from .background_wait import after_wait
from .clients import wait_limit_of
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Get the briefing", read_only=True, always_loaded=True)
async def get_briefing(ctx: LabContext) -> Briefing:
    """The state of the research. Call it first, and again after your context was cleared.

    Goal, metric, noise, champion, promising experiments, themes, what runs, what is left to spend, causes of failure, notes.
    """
    return await briefing.get_briefing(await lab_of(ctx))


@tool("Wait for experiments", read_only=True, always_loaded=True)
async def wait(ctx: LabContext, request: WaitQuery) -> Waited:
    """Wait until any or all experiments have ended. Returns the best of what ended, and causes of failure.

    A validation ends with its verdict; a later wait returns the gain. `timed_out` is normal: call again. Each answer reports
    only what is new, unless you give an earlier `cursor` as `after`. The call returns early when something needs your
    `attention`. Don't poll get_results.
    """
    reported = ctx.request_context.lifespan_context.reported
    limit = wait_limit_of(ctx)
    answer = await waiting.wait(await lab_of(ctx), request, caller_of(ctx), ctx.report_progress, reported, limit)
    return after_wait(ctx, request, answer)
