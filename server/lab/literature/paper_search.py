"""`search_papers`: the services are asked at once, and what they found is merged into at most ten rows."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import anyio

from ...errors import BadInputError
from ...literature.merging import merge
from ...literature.paper import Paper
from ...literature.paper_source import PaperQuery, PaperSource
from ...literature.transport import SourceTrouble
from ...schemas.literature import PaperFound, PaperReading, PaperSearch, PapersFound
from ...store import papers as store
from ..lab import Lab
from ..sanitize import cut
from .kept_papers import PAPERS, authors_of, keep, known_paper, title_of
from .service_answers import ServiceAnswer, services, transport_for, unavailable

FRESH_SECONDS = 24 * 3600.0
"""How long an answer to a search is used instead of asking again: what services know changes once a day."""
FALLBACK = "datacite"
"""The service that is asked only if no other found anything."""
YEARS = range(1800, 2101)
MAX_SENTENCE = 220
"""Characters of the sentence on a paper."""


async def search_papers(lab: Lab, request: PaperSearch, *, keeps: bool = True) -> PapersFound:
    """Search for papers.

    Args:
        lab: The lab.
        request: What to search for.
        keeps: Write down what was found. Not in a lab that must not be changed.

    Raises:
        BadInputError: The query has no words, the years can't be read, or the literature is switched off.
        UnavailableError: No service gave an answer.
    """
    query = _query(request)
    settings = lab.literature()
    every = services(settings, transport_for(settings))
    first = [source for source in every if source.name != FALLBACK] or every
    answers = await _ask_all(lab, first, query, keeps=keeps)
    fallback = [source for source in every if source not in first]
    if not any(answer.papers for answer in answers.values()):
        answers |= await _ask_all(lab, fallback, query, keeps=keeps)
    found = merge({name: answer.papers for name, answer in answers.items()})[: request.limit]
    missing = {name: answer.trouble for name, answer in answers.items() if answer.trouble is not None}
    texts = {name: answer.as_text() for name, answer in answers.items()}
    if not found and missing:
        others = {name: text for name, text in texts.items() if name not in missing}
        raise unavailable(f"No answer to the search for {cut(query.words, 80)!r}", missing, others)
    rows = await _rows(lab, found, keeps=keeps)
    return PapersFound(
        papers=rows,
        sources=texts,
        note=f"Papers may be missing: {', '.join(missing)} could not be asked" if missing else "",
        next=PaperReading(id=rows[0].id).as_call() if rows else "",
    )


async def _ask_all(lab: Lab, sources: Sequence[PaperSource], query: PaperQuery, *, keeps: bool) -> dict[str, ServiceAnswer]:
    answers: dict[str, ServiceAnswer] = {}

    async def ask(source: PaperSource) -> None:
        answers[source.name] = await _ask(lab, source, query, keeps=keeps)

    async with anyio.create_task_group() as tasks:
        for source in sources:
            tasks.start_soon(ask, source)
    return {source.name: answers[source.name] for source in sources}


async def _ask(lab: Lab, source: PaperSource, query: PaperQuery, *, keeps: bool) -> ServiceAnswer:
    """Return what a service answers: now, within the last day, or earlier if it gives no answer now."""
    name = source.search_request(query).name
    stored = await store.find_answer(lab.db, source.name, name)
    earlier = ServiceAnswer(PAPERS.validate_json(stored[0]), stored[1]) if stored else None
    if earlier and earlier.kept_at is not None and 0 <= time.time() - earlier.kept_at < FRESH_SECONDS:
        return earlier
    try:
        papers = await source.search(query)
    except SourceTrouble as trouble:
        return ServiceAnswer(earlier.papers if earlier else (), earlier.kept_at if earlier else None, trouble)
    if keeps:
        async with lab.db.transaction(flush=False) as tx:
            await store.save_answer(tx, source.name, name, PAPERS.dump_json(papers).decode(), time.time())
    return ServiceAnswer(papers)


async def _rows(lab: Lab, found: Sequence[Paper], *, keeps: bool) -> list[PaperFound]:
    if not keeps:
        known = [await known_paper(lab.db, paper.ids) for paper in found]
        return [_row(paper, each[0].id if each else paper.id, None) for paper, each in zip(found, known, strict=True)]
    async with lab.db.transaction() as tx:
        rows = [await keep(tx, paper, time.time()) for paper in found]
    return [_row(paper, row.id, row.read_at) for paper, row in zip(found, rows, strict=True)]


def _row(paper: Paper, id: str, read_at: float | None) -> PaperFound:
    return PaperFound(
        id=id,
        title=title_of(paper),
        year=paper.year,
        by=authors_of(paper),
        about=_sentence(paper),
        cited_by=paper.citations,
        code=cut(paper.code, 120) if paper.code.startswith("https://") else "",
        read=True if read_at is not None else None,
    )


def _sentence(paper: Paper) -> str:
    text = paper.summary or paper.abstract
    end = re.search(r"[.!?](?=\s+[A-Z])", text)
    return cut(text[: end.end()] if end else text, MAX_SENTENCE)


def _query(request: PaperSearch) -> PaperQuery:
    words = " ".join(request.query.split())
    if not re.search(r"[^\W_]", words):
        raise BadInputError(f"query={request.query[:80]!r} has no words", 'Give a few, such as query="muon optimizer"')
    years = _years(request.year)
    return PaperQuery(words, *years, limit=request.limit)


def _years(text: str | None) -> tuple[int | None, int | None]:
    """Return the first and the last year of `2025`, `2024-`, `-2023` or `2022-2024`; None where any will do."""
    stripped = (text or "").replace(" ", "").replace("–", "-")
    if not stripped:
        return None, None
    match = re.fullmatch(r"(\d{4})?(-)?(\d{4})?", stripped, re.ASCII)
    first, last = (int(match[1]) if match[1] else None, int(match[3]) if match[3] else None) if match else (None, None)
    if match and not match[2]:
        last = first
    given = [year for year in (first, last) if year is not None]
    if not given or any(year not in YEARS for year in given) or given != sorted(given):
        raise BadInputError(
            f"year={text!r} can't be read as years", 'Give year="2025", "2024-" (since), "-2023" (until) or "2022-2024"'
        )
    return first, last
