"""Tools that tell where things stand."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..server.lab.fleet import gpus
from ..server.lab.inspect import source
from ..server.lab.monitor import briefing
from ..server.schemas.answers import Briefing
from ..server.schemas.fleet import GpuList
from .lab_context import LabContext, lab_of
from .registry import tool


@tool("Get the briefing", read_only=True, always_loaded=True)
async def get_briefing(ctx: LabContext) -> Briefing:
    """Where the research stands, in one screen. Call it first, and again whenever you have lost the thread.

    Goal, metric and noise; the champion and where it came from; what is promising; themes with tried, best, failed; what runs
    and for whom; what is left to spend; causes of failure; winners not yet combined; notes.
    """
    return await briefing.get_briefing(await lab_of(ctx))


@tool("List GPUs", read_only=True)
async def list_gpus(ctx: LabContext) -> GpuList:
    """What there is to run on: kinds, total, free, queue, price, measured relative speed."""
    return await gpus.list_gpus(await lab_of(ctx))


@tool("Read a source", read_only=True, always_loaded=True, structured=False)
async def read_source(
    ctx: LabContext,
    *,
    id: Annotated[str, Field(description="champion, baseline, workdir, or an experiment's id")] = "champion",
    file: Annotated[str | None, Field(description="The first editable file by default")] = None,
    symbol: Annotated[str | None, Field(description="A function, class, method (Class.method) or knob")] = None,
    lines: Annotated[str | None, Field(description="A range, 40-80")] = None,
    search: Annotated[str | None, Field(description="Text or a regular expression, shown with context")] = None,
    against: Annotated[str | None, Field(description="A diff from this source to `id`")] = None,
) -> str:
    """Read a source: its outline and knobs by default; a symbol, lines or a search as text ready for an edit's `find`."""
    return await source.read_source(
        await lab_of(ctx), id, file=file, symbol=symbol, lines=lines, search=search, against=against
    )
