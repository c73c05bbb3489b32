"""Repeated requests: a launch repeated with its `request_id` returns the first answer and starts nothing."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TypeVar

from ...errors import ConflictError
from ...schemas.launch import GridLaunched, Launched, LaunchOptions
from ...store.database import Reader, Transaction
from ...store.request_answers import find_answer, save_answer

FORMAT = 2
"""Number of the format of stored answers. An answer of another format can't be restored, so that its request is another."""
ALREADY = "Launched by an earlier call with this request_id"
A = TypeVar("A", Launched, GridLaunched)


async def first_answer(reader: Reader, caller: str, request: LaunchOptions) -> str | None:
    """Return the stored answer to the same request with the same `request_id`, as JSON; None where this is the first.

    Raises:
        ConflictError: The `request_id` was used for something else.
    """
    if request.request_id is None or request.dry_run:
        return None
    stored = await find_answer(reader, caller, request.request_id)
    if stored is None:
        return None
    record = json.loads(stored)
    if record["asked"] != _digest(request):
        raise ConflictError(
            f"request_id={request.request_id!r} was already used for a different launch", "Use a new request_id for each launch"
        )
    return json.dumps(record["answer"])


def restore(kind: type[A], stored: str) -> A:
    """Return a stored answer, without the state of the lab.

    Args:
        kind: The type of the answer.
        stored: What `first_answer` returned.
    """
    return kind.model_validate_json(stored)


async def keep_answer(tx: Transaction, caller: str, request: LaunchOptions, answer: Launched | GridLaunched) -> None:
    """Store an answer, where the request has a `request_id`."""
    if request.request_id is not None:
        record = {"asked": _digest(request), "answer": answer.model_dump(mode="json")}
        await save_answer(tx, caller, request.request_id, json.dumps(record))


def _digest(request: LaunchOptions) -> str:
    # Without papers a request is the same as in versions that had none.
    content = request.model_dump_json(exclude=None if request.papers else {"papers"})
    return sha256(f"{type(request).__name__} {FORMAT} {content}".encode()).hexdigest()
