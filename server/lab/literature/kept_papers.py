"""Papers as the lab keeps them: found, joined with what was known of them before, and read back."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from ...literature.merging import join
from ...literature.paper import Paper, PaperId
from ...store import papers
from ...store.database import Reader, Transaction
from ...store.papers import PaperRow
from ..sanitize import cut

PAPERS = TypeAdapter(list[Paper])
MAX_TITLE = 200
"""Characters of a title."""
MAX_BY = 60
"""Characters of authors."""


async def known_paper(reader: Reader, ids: Sequence[PaperId]) -> tuple[PaperRow, Paper] | None:
    """Return a paper that the lab knows, by any of its ids."""
    row = await papers.find_paper(reader, [str(id) for id in ids])
    return (row, Paper.model_validate_json(row.record)) if row else None


async def keep(tx: Transaction, paper: Paper, at: float) -> PaperRow:
    """Write a paper down, joined with what was known of it, and return its row. Its shown id never changes.

    Args:
        tx: The transaction.
        paper: What was found.
        at: A Unix time.
    """
    known = await known_paper(tx, paper.ids)
    joined = join(paper, known[1]) if known else paper
    row = PaperRow(known[0].id if known else paper.id, joined.model_dump_json(), known[0].read_at if known else None)
    await papers.save_paper(tx, row, [str(id) for id in joined.ids], at)
    return row


def title_of(paper: Paper) -> str:
    """Return a title as it is shown."""
    return cut(paper.title, MAX_TITLE) or "(title not known)"


def authors_of(paper: Paper) -> str:
    """Return the first author, and whether there are more."""
    first = next(iter(paper.authors), "")
    return cut(first, MAX_BY) + (" et al." if len(paper.authors) > 1 else "")
