"""Asks the person at the client about a plan, by the client's elicitation: in both eras of the protocol.

The answer comes from the client, not from the model: no argument of a tool can give it. It is about the plan with the digest
that was shown. Whatever goes wrong meanwhile leaves the plan as it is, for the person to decide elsewhere.
"""

from __future__ import annotations

import logging

import anyio
from mcp import MCPError
from mcp.server.elicitation import render_elicitation_schema
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from pydantic import BaseModel, Field, ValidationError

from ..server.errors import LabhandError
from ..server.lab.approval import decisions, plans, proposing
from ..server.lab.lab import Lab
from ..server.schemas.approval import PlanSummary, Proposed
from .clients import wait_limit_of
from .lab_context import LabContext, client_info

MODERN = "2026-07-28"
"""The first version of the protocol in which the client asks the person between two calls of a tool."""
QUESTION = "approval"
MAX_MESSAGE = 4000
PROGRESS_SECONDS = 10.0
log = logging.getLogger(__name__)


class PersonAnswer(BaseModel):
    """The form that the person fills in."""

    approve: bool = Field(title="Approve", description="Let this be launched. Otherwise the plan is rejected")
    reason: str = Field(default="", title="Reason", description="If you reject it: what the agent should change")


async def ask_about(ctx: LabContext, lab: Lab, plan: PlanSummary, caller: str) -> Proposed | InputRequiredResult:
    """Return the answer of `propose`, after the person at the client was asked, if the plan is open and the client can ask."""
    if plan.state != "open" or not lab.approval().by_client or not can_ask(ctx):
        return await proposing.answer(lab, plan)
    message = _message(plan)
    if ctx.session.protocol_version >= MODERN:
        responses = ctx.input_responses or {}
        # The state is sealed by the server, and bound to this call with its arguments: it says what the person has seen.
        if QUESTION not in responses or ctx.request_state != plan.digest:
            form = ElicitRequestFormParams(message=message, requested_schema=render_elicitation_schema(PersonAnswer))
            return InputRequiredResult(input_requests={QUESTION: ElicitRequest(params=form)}, request_state=plan.digest)
        response = responses[QUESTION]
        result = response if isinstance(response, ElicitResult) else None
    else:
        result = await _ask_now(ctx, message)
    return await proposing.answer(lab, await _decide(ctx, lab, plan, result, caller))


def _message(plan: PlanSummary) -> str:
    """Return what the form says. Where a plan is too long for it, the person is told where all of it stands."""
    text = plans.as_text(plan)
    if len(text) <= MAX_MESSAGE:
        return text
    rest = f"\n… This is not all of the plan: `labhand proposals` shows it. Digest: {plan.digest}"
    return text[: MAX_MESSAGE - len(rest)] + rest


def can_ask(ctx: LabContext) -> bool:
    """Return whether the client says that it can ask its person by a form."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


async def _ask_now(ctx: LabContext, message: str) -> ElicitResult | None:
    """Ask while the call waits, for as long as the client bears; None if no answer came."""
    answer: ElicitResult | None = None
    with anyio.move_on_after(wait_limit_of(ctx).max_seconds):
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(_report_progress, ctx)
            answer = await _elicit(ctx, message)
            waiting.cancel_scope.cancel()
    return answer


async def _report_progress(ctx: LabContext) -> None:
    """Keep a client from giving the call up, if it is one whose patience starts anew with each report."""
    while True:
        await ctx.report_progress(0, 1, "waiting for the person")
        await anyio.sleep(PROGRESS_SECONDS)


async def _elicit(ctx: LabContext, message: str) -> ElicitResult | None:
    schema = render_elicitation_schema(PersonAnswer)
    try:
        answer: ElicitResult = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    except (MCPError, ValidationError) as error:
        log.warning("The client couldn't ask its person: %s", error)
        return None
    return answer


async def _decide(ctx: LabContext, lab: Lab, plan: PlanSummary, result: ElicitResult | None, caller: str) -> PlanSummary:
    """Write down what the person answered, and return the plan as it is then. No answer decides nothing."""
    if result is None or result.action == "cancel":
        return await proposing.current(lab, plan.plan)
    name = f"the person at {client_info(ctx)[0]}" if client_info(ctx)[0] else f"the person at {caller}"
    try:
        given = PersonAnswer.model_validate(result.content or {}) if result.action == "accept" else None
    except ValidationError:
        log.warning("The client's answer about %s can't be read", plan.plan)
        return await proposing.current(lab, plan.plan)
    try:
        if given is not None and given.approve:
            await decisions.approve(lab, plan.plan, plan.digest, name, "client")
        else:
            await decisions.reject(lab, plan.plan, plan.digest, name, "client", given.reason if given else "")
    except LabhandError as error:  # decided elsewhere in the meantime, or the allowance is too small now
        log.info("The answer about %s doesn't count: %s", plan.plan, error)
    return await proposing.current(lab, plan.plan)
