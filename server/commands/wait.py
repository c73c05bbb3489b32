"""`labhand wait`: ends when experiments have finished or something needs attention, so that an agent waits without a call.

An agent runs it in the background and reads its few lines when it ends; a script reads its exit code.
"""

from __future__ import annotations

import json
import time
from enum import IntEnum
from pathlib import Path
from typing import Any

from ..lab.lab import Lab
from ..lab.monitor import waiting
from ..lab.monitor.waiting import MAX_WAIT_SECONDS, WaitLimit
from ..schemas.monitor import Waited, WaitQuery
from .console import err, in_words, out
from .show import with_lab


class ExitCode(IntEnum):
    """What a script learns from the end of `labhand wait`. A wrong argument is 2, as in all commands."""

    FINISHED = 0
    ATTENTION = 3
    TIMED_OUT = 4
    NOTHING = 5


def wait_for(root: Path, query: WaitQuery, timeout_seconds: float | None, *, as_json: bool) -> ExitCode:
    """Wait for experiments and validations, whoever launched them, and print what is new.

    Args:
        root: The lab's folder.
        query: What to wait for, without a timeout of its own.
        timeout_seconds: None for no limit.
        as_json: Print the answer of the tool `wait` in one line of JSON.
    """
    answer = with_lab(root, lambda lab: _wait(lab, query, timeout_seconds))
    code = exit_code(answer, until_any=query.until == "any")
    if as_json:
        out.print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False), markup=False)
    else:
        for line in lines(answer):
            out.print(line, markup=False)
    return code


async def _wait(lab: Lab, query: WaitQuery, timeout_seconds: float | None) -> Waited:
    end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while True:
        left = MAX_WAIT_SECONDS if end is None else min(max(end - time.monotonic(), 0.0), MAX_WAIT_SECONDS)
        answer = await waiting.wait(lab, query, None, _show_progress, limit=WaitLimit(left, left))
        if not answer.timed_out or (end is not None and time.monotonic() >= end):
            return answer


async def _show_progress(_done: int, _total: int, message: str) -> None:
    if err.is_terminal:  # to an agent that reads both outputs, each line of progress would cost tokens
        err.print(message, markup=False)


def exit_code(answer: Waited, *, until_any: bool) -> ExitCode:
    """Say why a wait ended."""
    has_news = bool(answer.finished_total or answer.validations)
    if answer.timed_out:
        return ExitCode.TIMED_OUT
    if answer.pending is not None and not (until_any and has_news):
        return ExitCode.ATTENTION
    return ExitCode.FINISHED if has_news else ExitCode.NOTHING


def lines(answer: Waited) -> list[str]:
    """Return an answer as lines for a person: a line for each row, then a line for each other field that has a value."""
    values = answer.model_dump(mode="json")
    rows = [_line(row) for name in ("finished", "validations") for row in values.pop(name, [])]
    total = values.pop("finished_total", 0)
    hidden = total - len(answer.finished)
    more = [f"and {hidden} more; `labhand results` shows all"] if hidden > 0 else []
    told = [f"{name.replace('_', ' ')}: {in_words(value)}" for name, value in values.items() if value is not False]
    tested = f" and {len(answer.validations)} validations" if answer.validations else ""
    return [f"finished: {total} experiments{tested}", *rows, *more, *told]


def _line(row: dict[str, Any]) -> str:
    name = row.pop("id")
    return f"{name}: {in_words(row)}"
