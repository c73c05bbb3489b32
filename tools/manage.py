"""Tools that manage the lab: cancelling experiments, writing notes."""

from __future__ import annotations

from ..server.lab.manage import cancel as cancellations
from ..server.lab.manage import notebook
from ..server.schemas.manage import Cancelled, CancelRequest, Noted, NoteRequest
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Cancel experiments", destructive=True, idempotent=True)
async def cancel(ctx: LabContext, request: CancelRequest) -> Cancelled:
    """End experiments that are queued or running. Cancelling twice is not an error.

    Ended experiments don't change. A cancelled validation has no verdict, and keeps its place in the lab's series of tests.
    """
    return await cancellations.cancel(await lab_of(ctx), request.ids, request.reason, caller_of(ctx), force=request.force)


@tool("Write a note")
async def note(ctx: LabContext, request: NoteRequest) -> Noted:
    """Write to the lab notebook what was learned. Notes are shown in the briefing, and get_results searches them."""
    return await notebook.note(await lab_of(ctx), request.text, request.experiments, request.theme, caller_of(ctx))
