"""Messages to a person, and what became of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..notify_settings import EventName
from .messages import Answer

Target = Literal["webhook", "command"]
Delivery = Literal["waiting", "sending", "delivered", "failed", "unknown"]


class Notification(Answer):
    """A message about one event.

    Attributes:
        id: The same for every try, so that a receiver can tell a repetition.
        event: What happened; `test` for a message that `labhand notify --test` sends.
        title: In one line.
        text: In a few lines.
        lab: The folder of the lab.
        at: The Unix time.
        details: Figures for programs.
    """

    id: str
    event: EventName | Literal["test"]
    title: str
    text: str = ""
    lab: str
    at: float
    details: dict[str, Any] = Field(default_factory=dict[str, Any])


class DeliveryState(Answer):
    """What became of one message at one target.

    Attributes:
        outcome: `unknown` if the message may have arrived: it isn't sent again.
        attempts: How many times it was sent.
        problem: Why the last try failed.
        due: The Unix time of the next try.
    """

    notification: Notification
    target: Target
    outcome: Delivery = "waiting"
    attempts: int = 0
    problem: str = ""
    due: float = 0.0
