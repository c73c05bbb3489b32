"""What a person may do on the page. Each action is a form that is posted with the session's form token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ..errors import BadInputError
from ..lab.fleet.scale import scale
from ..lab.lab import Lab
from ..lab.manage.cancel import cancel
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


ACTIONS: Mapping[str, Callable[[Lab, Fields, str], Awaitable[str]]] = {"cancel": _cancel, "scale": _scale}
"""By the last part of their URL. Each returns what it has done, in a sentence."""
