"""What is to be sent and what was sent, in a file of the lab's folder: a dispatcher that follows a killed one goes on with it.

Only the process that holds the notifier's lock writes it.
"""

from __future__ import annotations

import logging
from pathlib import Path

from anyio import to_thread
from pydantic import BaseModel, Field, ValidationError

from ...trainer.contract.files import write_whole
from ..lab.monitor.notable import Marks
from ..schemas.deliveries import DeliveryState
from ..schemas.messages import changed

FILE = "notifications.json"
LOCK = "notifier.lock"
MAX_REMEMBERED = 50
"""Messages that were sent, or given up, and are still shown."""
MAX_WAITING = 200
"""Messages that wait: where a webhook is down for days, the oldest are given up."""
INTERRUPTED = "labhand was ended while it was sent; the message may have arrived"

log = logging.getLogger(__name__)


class Outbox(BaseModel):
    """The content of the file.

    Attributes:
        marks: Of what a person was told; None before the first look.
        waiting: What is to be sent, in turn.
        past: What was sent or given up, the oldest first.
    """

    marks: Marks | None = None
    waiting: list[DeliveryState] = Field(default_factory=list[DeliveryState])
    past: list[DeliveryState] = Field(default_factory=list[DeliveryState])

    def add(self, states: list[DeliveryState]) -> None:
        """Queue messages."""
        self.waiting += states
        for state in self.waiting[:-MAX_WAITING]:
            self.end(state, changed(state, outcome="failed", problem="too many messages wait"))

    def replace(self, before: DeliveryState, after: DeliveryState) -> None:
        """Put the new state of a message in the place of its old one."""
        self.waiting[self.waiting.index(before)] = after

    def end(self, before: DeliveryState, after: DeliveryState) -> None:
        """Move a message to the past."""
        self.waiting.remove(before)
        self.past = [*self.past, after][-MAX_REMEMBERED:]


def read_outbox(folder: Path) -> Outbox:
    """Return the outbox of the lab whose data lies in a folder; an empty one if there is none, or it can't be read."""
    try:
        return Outbox.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return Outbox()
    except (ValidationError, OSError) as error:
        log.warning("%s can't be read, so messages begin anew: %s", folder / FILE, type(error).__name__)
        return Outbox()


def resume(outbox: Outbox) -> None:
    """Give up what was being sent when the process before this one ended: nothing is sent twice."""
    for state in [state for state in outbox.waiting if state.outcome == "sending"]:
        outbox.end(state, changed(state, outcome="unknown", problem=INTERRUPTED))


async def save(outbox: Outbox, folder: Path) -> None:
    """Write the outbox to the disk."""
    text = outbox.model_dump_json()
    await to_thread.run_sync(write_whole, folder / FILE, text)
