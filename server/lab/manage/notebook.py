"""The lab notebook: what was learned, tied to experiments and themes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...errors import BadInputError
from ...ids import id_ranges
from ...schemas.manage import Noted
from ...store import notes
from ...store.experiments import cancellation
from ...store.experiments.filter import Filter
from ..lab import Lab
from ..selection import select

LONGEST = 10_000
"""Characters of a note."""


async def note(lab: Lab, text: str, experiments: Sequence[str], theme: str | None, caller: str) -> Noted:
    """Write down what was learned.

    Args:
        lab: The lab.
        text: In a few sentences.
        experiments: What it is about: ids of experiments and grids, and ranges.
        theme: The line of thought that it belongs to.
        caller: Who writes it.

    Raises:
        BadInputError: The text is empty or too long, or an id is none.
        NotFoundError: An id names nothing.
    """
    learned = text.strip()
    if not 0 < len(learned) <= LONGEST:
        raise BadInputError(f"The note has {len(learned):,} characters", f"Say what was learned in 1 to {LONGEST:,}")
    wanted = await select(lab, experiments) if experiments else Filter(experiments=())
    async with lab.db.transaction() as tx:
        numbers = [one.number for one in await cancellation.statuses(tx, wanted)]
        number = await notes.write(tx, by=caller, at=time.time(), text=learned, theme=theme, experiments=numbers)
    return Noted(note=number, text=learned, experiments=id_ranges(numbers), theme=theme)
