"""The tool that hires machines, and gives them up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..server.lab.fleet import scale
from ..server.schemas.fleet import Scaled
from ..server.schemas.requests import ScaleRequest
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Scale a pool", destructive=True, idempotent=True)
async def scale_pool(
    ctx: LabContext,
    *,
    pool: Annotated[str, Field(description="A pool that list_gpus shows with clusters_most")],
    clusters: Annotated[int | None, Field(description="To hold, idle or not; null for as many as the queue needs")] = None,
    dry_run: Annotated[bool, Field(description="Price it, change nothing")] = False,
) -> Scaled:
    """Bring clusters up or down, within what the person allowed. Answers at once; list_gpus shows how far it is.

    Launching brings clusters up by itself, and idle ones go by themselves: use this to have them warm before a grid, or to stop
    paying at once. Clusters that were asked for cost money while idle, which counts against the allowance. With 0, what is
    queued for the pool waits. A pool is never scaled below what runs on it: cancel first.
    """
    request = ScaleRequest(pool=pool, clusters=clusters, dry_run=dry_run)
    return await scale.scale(await lab_of(ctx), request, caller_of(ctx))
