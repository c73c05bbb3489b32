"""`note`: the lab notebook, in which what was learned is tied to experiments and themes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...errors import BadInputError
from ...ids import id_ranges
from ...schemas.manage import Noted
from ...store import notes
from ...store.experiments import cancellation
from ...store.experiments.filter import Filter
from ...store.notes import NotebookEntry
from ...store.papers import cite
from ..lab import Lab
from ..literature.citing import cited_names, find_citations
from ..selection import select
from ..steering import person_messages

MAX_TEXT = 10_000
"""Characters of a note."""


async def note(
    lab: Lab,
    text: str,
    experiments: Sequence[str],
    theme: str | None,
    caller: str,
    *,
    papers: Sequence[str] = (),
    answers: Sequence[str] = (),
) -> Noted:
    """Write a note.

    Args:
        lab: The lab.
        text: What was learned, in a few sentences.
        experiments: What it is about: experiments, grids, ranges.
        theme: The theme that it belongs to.
        caller: Who writes it.
        papers: What it cites, as `find_citations` takes it.
        answers: Messages of the person that it answers: `m001`.

    Raises:
        BadInputError: The text is empty or too long, or a text is not an id.
        NotFoundError: An id doesn't exist, or the lab knows no such paper.
    """
    stripped = text.strip()
    if not 0 < len(stripped) <= MAX_TEXT:
        problem = f"The note has {len(stripped):,} characters" if stripped else "The note is empty"
        raise BadInputError(problem, f"Write what was learned in 1 to {MAX_TEXT:,} characters")
    selected = await select(lab, experiments) if experiments else Filter(experiments=())
    async with lab.db.transaction() as tx:
        numbers = [experiment.number for experiment in await cancellation.statuses(tx, selected)]
        number = await notes.write(tx, by=caller, at=time.time(), text=stripped, theme=theme, experiments=numbers)
        citations = await find_citations(tx, papers)
        await cite(tx, citations, note=number)
        answered = await person_messages.answer(tx, answers, number)
    return Noted(
        note=number,
        text=stripped,
        experiments=id_ranges(numbers),
        theme=theme,
        papers=cited_names(citations),
        answers=answered,
    )


async def read_notebook(lab: Lab, most: int) -> list[NotebookEntry]:
    """Return the newest notes, the newest first."""
    return await notes.newest(lab.db, most)
