"""Tools for the fleet: its GPUs, and the clusters of its pools."""

from __future__ import annotations

from ..server.lab.fleet import gpus, scale
from ..server.schemas.fleet import GpuList, Scaled, ScaleRequest
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("List GPUs", read_only=True)
async def list_gpus(ctx: LabContext) -> GpuList:
    """The pools of GPUs: kind, number, free, queue, price, measured relative speed, budget; clusters, and their idle cost.

    `volatile`: results that were not fetched are lost with a cluster.
    """
    return await gpus.list_gpus(await lab_of(ctx))


@tool("Scale a pool", destructive=True, idempotent=True)
async def scale_pool(ctx: LabContext, request: ScaleRequest) -> Scaled:
    """Launch or end clusters of a pool, within what the person allowed. Returns at once; list_gpus shows the progress.

    Launching experiments launches clusters, and idle ones end by themselves: use this to have clusters ready before a grid, or
    to stop paying at once. Clusters that were asked for cost money while idle, which counts against the allowance. With 0,
    what is queued for the pool waits. A pool is never scaled below what runs on it: cancel first.
    """
    return await scale.scale(await lab_of(ctx), request, caller_of(ctx))
