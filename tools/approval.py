"""The tool that proposes a plan of spending. A person decides; where the client can ask that person, it is asked here."""

from __future__ import annotations

from mcp.types import InputRequiredResult

from ..server.lab.approval import proposing
from ..server.schemas.approval import PlanRequest, Proposed
from .lab_context import LabContext, caller_of, lab_of
from .person_question import ask_about
from .registry import tool


@tool("Propose a plan of spending")
async def propose(ctx: LabContext, request: PlanRequest) -> Proposed | InputRequiredResult:
    """State what you want to launch and what it may cost, for a person to approve. Launches nothing.

    Needed where a launch says so. Plan generously and once: the launches that follow count against the plan, and what goes
    beyond it needs another one.
    """
    lab, caller = await lab_of(ctx), caller_of(ctx)
    plan = await proposing.propose(lab, request, caller)
    return await ask_about(ctx, lab, plan, caller)
