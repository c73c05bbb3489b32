"""Requests that come twice: a launch repeated with its `request_id` gets the first answer and starts nothing."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TypeVar

from ...errors import ConflictError
from ...schemas.launch import LaunchOptions
from ...schemas.messages import Answer
from ...store.database import Reader, Transaction
from ...store.experiments import launches

A = TypeVar("A", bound=Answer)


async def first_answer(reader: Reader, caller: str, request: LaunchOptions, kind: type[A]) -> A | None:
    """What was answered when the caller asked the same under the same `request_id`; None the first time.

    Raises:
        ConflictError: The `request_id` was used for something else.
    """
    if request.request_id is None or request.dry_run:
        return None
    told = await launches.answer(reader, caller, request.request_id)
    if told is None:
        return None
    kept = json.loads(told)
    if kept["asked"] != _digest(request):
        raise ConflictError(
            f"request_id={request.request_id!r} was already used for another launch",
            "Give every launch a request_id of its own",
        )
    return kind.model_validate(kept["answer"])


async def keep_answer(tx: Transaction, caller: str, request: LaunchOptions, answer: Answer) -> None:
    """Remember an answer, where the caller may repeat the request."""
    if request.request_id is not None:
        kept = {"asked": _digest(request), "answer": answer.model_dump(mode="json")}
        await launches.save_answer(tx, caller, request.request_id, json.dumps(kept))


def _digest(request: LaunchOptions) -> str:
    return sha256(f"{type(request).__name__} {request.model_dump_json()}".encode()).hexdigest()
