"""Citations: experiments and notes name papers that were found or read in the lab, so that no invented one is cited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...domain import Experiment
from ...errors import NotFoundError
from ...ids import id_ranges
from ...literature.paper import Paper, parse_id
from ...literature.paper_text import PART_MARK
from ...schemas.literature import PaperReading
from ...store import papers as store
from ...store.database import Reader, Transaction
from ..lab import Lab
from ..sanitize import cut
from .kept_papers import authors_of, known_paper, title_of
from .service_answers import day

MAX_SECTION = 80
"""Characters of a section's name."""


@dataclass(frozen=True, slots=True)
class PaperUse:
    """A paper that was read or is cited, for the report.

    Attributes:
        id: As it is shown.
        sections: The sections that are cited.
        read: The day on which it was first read; empty if it was only cited.
        cited_by: Experiments and notes.
    """

    id: str
    title: str
    year: int | None
    by: str
    sections: str
    read: str
    cited_by: str


async def find_citations(reader: Reader, papers: Sequence[str]) -> list[tuple[str, str]]:
    """Return the ids of cited papers as the lab has them, each with the section that is cited.

    Args:
        reader: The database.
        papers: Ids as a caller writes them, each with `#` and a section where only that is cited.

    Raises:
        BadInputError: A text is no id of a paper.
        NotFoundError: The lab knows no such paper.
    """
    citations: dict[tuple[str, str], None] = {}
    for text in papers:
        name, _, section = text.partition(PART_MARK)
        id = parse_id(name)
        known = await known_paper(reader, [id])
        if known is None:
            raise NotFoundError(
                f"papers={text[:100]!r} names a paper that was neither found nor read in this lab",
                f"First {PaperReading(id=str(id)).as_call()}, or find it with search_papers",
            )
        citations[known[0].id, cut(section, MAX_SECTION)] = None
    return list(citations)


async def save_citations(tx: Transaction, papers: Sequence[str], experiments: Iterable[Experiment]) -> None:
    """Write down that experiments cite papers, as `find_citations` takes them."""
    await store.cite(tx, await find_citations(tx, papers), experiments=[experiment.number for experiment in experiments])


def cited_names(citations: Sequence[tuple[str, str]]) -> list[str]:
    """Return citations as a caller writes them: `arXiv:2601.00001#3.2`."""
    return [f"{paper}{PART_MARK}{section}" if section else paper for paper, section in citations]


async def cited_by(lab: Lab, experiment: int) -> list[str]:
    """Return the papers that an experiment cites: `arXiv:2601.00001#3.2 “Title”`."""
    return [
        f"{row.id}{PART_MARK + section if section else ''} “{title_of(Paper.model_validate_json(row.record))}”"
        for row, section in await store.cited_by(lab.db, experiment)
    ]


async def paper_uses(lab: Lab) -> list[PaperUse]:
    """Return the papers that were read or are cited in the lab."""
    uses: list[PaperUse] = []
    for each in await store.read_or_cited(lab.db):
        paper = Paper.model_validate_json(each.paper.record)
        citing = [*id_ranges(each.experiments), *(f"note {number}" for number in each.notes)]
        uses.append(
            PaperUse(
                id=each.paper.id,
                title=title_of(paper),
                year=paper.year,
                by=authors_of(paper),
                sections=", ".join(each.sections),
                read=day(each.paper.read_at) if each.paper.read_at is not None else "",
                cited_by=", ".join(citing),
            )
        )
    return uses
