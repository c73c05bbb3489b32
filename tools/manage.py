"""Tools that end, write out, or write down."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..server.lab.inspect import checkout as checking_out
from ..server.lab.manage import cancel as cancelling
from ..server.lab.manage import notebook
from ..server.schemas.answers import Cancelled, CheckedOut, Noted
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Cancel experiments", destructive=True, idempotent=True)
async def cancel(
    ctx: LabContext,
    *,
    ids: Annotated[list[str], Field(description="Experiments, ranges, grids")],
    reason: Annotated[str, Field(description="Kept with the experiment")],
    force: Annotated[bool, Field(description="Also what someone else launched")] = False,
) -> Cancelled:
    """End experiments that are queued or running. Twice is no error. What has finished stays as it is."""
    return await cancelling.cancel(await lab_of(ctx), ids, reason, caller_of(ctx), force=force)


@tool("Check out a source", destructive=True, idempotent=True)
async def checkout(
    ctx: LabContext,
    *,
    id: Annotated[str, Field(description="champion, baseline, or an experiment's id")],
) -> CheckedOut:
    """Write an experiment's source to the trainer folder, for reading and editing there. Never over unsaved changes."""
    return await checking_out.checkout(await lab_of(ctx), id)


@tool("Write a note")
async def note(
    ctx: LabContext,
    *,
    text: Annotated[str, Field(description="What was learned", min_length=1, max_length=4000)],
    experiments: Annotated[list[str] | None, Field(description="What it is about")] = None,
    theme: Annotated[str | None, Field(description="The line of thought")] = None,
) -> Noted:
    """Write to the lab notebook what was learned. Notes show in the briefing and are searched by get_results."""
    return await notebook.note(await lab_of(ctx), text, experiments or [], theme, caller_of(ctx))
