"""The state of the lab in one line, which the answers of launches, `wait` and `get_results` include."""

from __future__ import annotations

import time

from ..domain import ACTIVE, Status
from ..ids import experiment_id
from ..schemas.messages import LabLine
from ..store.comparison import champions
from ..store.experiments import workload
from ..store.money import spending
from . import allowance
from .lab import Lab
from .steering import pausing, person_messages


async def lab_line(lab: Lab) -> LabLine:
    """Return the champion, the numbers of running and queued experiments and idle GPUs, and what is left of the allowance."""
    best = await champions.champion(lab.db)
    counts = await workload.count_pending(lab.db)
    running = sum(count for status, count in counts.items() if status in ACTIVE)
    slots = sum(pool.slots - pool.taken for pool in await lab.pools())
    pause = await pausing.current_pause(lab)
    return LabLine(
        person=[person_messages.in_words(message) for message in await person_messages.unanswered(lab)],
        paused=None if pause is None else pausing.in_words(pause),
        champion="baseline" if best is None or best.experiment is None else experiment_id(best.experiment),
        running=running,
        queued=counts.get(Status.QUEUED, 0),
        idle_gpus=max(0, slots - running),
        allowance_left=allowance.left(lab.allowance(), await spending.committed(lab.db, time.time())),
    )
