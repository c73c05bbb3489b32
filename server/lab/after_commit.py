"""What follows a commit: waking the dispatcher, and the state of the lab for the answer.

Either may fail, for example while `labhand.toml` is half written. What was committed has happened all the same, and an error
would read as a refusal: so the answer is made before the commit, and what fails after it becomes a warning in that answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from ..schemas.fleet import Scaled
from ..schemas.launch import GridLaunched, Launched
from ..schemas.manage import Cancelled
from ..schemas.messages import changed
from ..schemas.monitor import WaitQuery
from ..schemas.validation import Validated
from .lab import Lab
from .status_line import lab_line

_log = logging.getLogger(__name__)
CommittedAnswer = TypeVar("CommittedAnswer", Launched, GridLaunched, Validated, Scaled, Cancelled)


async def complete(lab: Lab, answer: CommittedAnswer, done: str, *, wakes: bool = True) -> CommittedAnswer:
    """Return an answer of a call that has committed, with the state of the lab.

    Args:
        lab: The lab.
        answer: The answer, made before the commit.
        done: What the call did, as the beginning of a sentence: `Launched`.
        wakes: Whether there is work for the dispatcher.
    """
    problems: list[str] = []
    if wakes:
        _attempt(lab.wake_dispatcher, problems, f"the dispatcher could not be started ({WaitQuery().as_call()} tries again)")
    try:
        line = await lab_line(lab)
    except Exception as error:  # noqa: BLE001 - no error may hide that the call has committed
        line = None
        problems.append(_describe("the state of the lab could not be read", error))
    warning = f"{done}, but {'; and '.join(problems)}" if problems else ""
    return changed(answer, lab=line, warning=warning)


def _attempt(action: Callable[[], None], problems: list[str], problem: str) -> None:
    try:
        action()
    except Exception as error:  # noqa: BLE001 - see `complete`
        problems.append(_describe(problem, error))


def _describe(problem: str, error: Exception) -> str:
    _log.warning("After a commit %s", problem, exc_info=error)
    return f"{problem}: {str(error) or type(error).__name__}"
