"""What a person may do on the page. Each action is a form that is posted with the session's form token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ..errors import BadInputError
from ..ids import message_id, plan_id
from ..lab.approval import decisions
from ..lab.fleet.scale import scale
from ..lab.lab import Lab
from ..lab.manage.cancel import cancel
from ..lab.steering import pausing, person_messages
from ..schemas.fleet import ScaleRequest

Fields = Mapping[str, str]
MAX_REASON = 500


async def _cancel(lab: Lab, fields: Fields, caller: str) -> str:
    ids = fields.get("ids", "").replace(",", " ").split()
    reason = fields.get("reason", "").strip()[:MAX_REASON] or "cancelled on the dashboard"
    answer = await cancel(lab, ids, reason, caller, force=True)
    if answer.cancelled:
        return f"Cancelled: {', '.join(answer.cancelled)}."
    return f"Nothing to cancel: {', '.join(answer.already_finished)} had ended already."


async def _scale(lab: Lab, fields: Fields, caller: str) -> str:
    pool, count = fields.get("pool", ""), fields.get("clusters", "")
    if count and not count.isdecimal():
        raise BadInputError(f"clusters={count!r:.20} is no number", "Give a number, or nothing for as many as needed")
    answer = await scale(lab, ScaleRequest(pool=pool, clusters=int(count) if count else None), caller)
    held = "as many clusters as its queue needs" if answer.clusters is None else f"{answer.clusters} clusters"
    return f"{answer.pool} is to hold {held}."


async def _say(lab: Lab, fields: Fields, caller: str) -> str:
    message = await person_messages.say(lab, fields.get("text", ""), caller)
    return f"{message_id(message.number)} stands first in every answer of the lab until the agent answers it with a note."


async def _approve(lab: Lab, fields: Fields, caller: str) -> str:
    plan = await decisions.approve(lab, fields.get("plan", ""), fields.get("digest", ""), caller, "dashboard")
    return f"{plan_id(plan.number)} is approved: the agent may launch what it says."


async def _reject(lab: Lab, fields: Fields, caller: str) -> str:
    reason = fields.get("reason", "").strip()[:MAX_REASON]
    plan = await decisions.reject(lab, fields.get("plan", ""), fields.get("digest", ""), caller, "dashboard", reason)
    return f"{plan_id(plan.number)} is rejected."


async def _pause(lab: Lab, fields: Fields, caller: str) -> str:
    await pausing.pause(lab, fields.get("reason", ""), caller)
    return "Paused: what runs goes on, and nothing starts until you resume."


async def _resume(lab: Lab, fields: Fields, caller: str) -> str:
    del fields, caller
    return "The lab wasn't paused." if await pausing.resume(lab) is None else "Resumed: what is queued starts."


ACTIONS: Mapping[str, Callable[[Lab, Fields, str], Awaitable[str]]] = {
    "approve": _approve,
    "cancel": _cancel,
    "pause": _pause,
    "reject": _reject,
    "resume": _resume,
    "say": _say,
    "scale": _scale,
}
"""By the last part of their URL. Each returns what it has done, in a sentence."""
