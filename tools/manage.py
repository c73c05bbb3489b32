"""Tools that manage the lab: cancelling experiments, writing notes."""

from __future__ import annotations

from ..server.lab.manage import cancel as cancellations
from ..server.lab.manage import notebook
from ..server.schemas.manage import Cancelled, CancelRequest, Noted, NoteRequest
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Cancel experiments", destructive=True, idempotent=True)
async def cancel(ctx: LabContext, request: CancelRequest) -> Cancelled:
    """End experiments that are queued or running. A cancelled validation has no verdict, and counts as a test."""
    return await cancellations.cancel(await lab_of(ctx), request.ids, request.reason, caller_of(ctx), force=request.force)


@tool("Write a note")
async def note(ctx: LabContext, request: NoteRequest) -> Noted:
    """Write to the notebook what was learned. The briefing shows notes, and get_results searches them."""
    lab, caller = await lab_of(ctx), caller_of(ctx)
    return await notebook.note(
        lab, request.text, request.experiments, request.theme, caller, papers=request.papers, answers=request.answers
    )
