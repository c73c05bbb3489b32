"""arXiv's own API. It answers errors as entries, rewrites queries without saying so, and is often overloaded: one try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar
from xml.etree import ElementTree as ET

from typing_extensions import override

from ..literature_settings import SourceName
from .paper import Paper, PaperId, find_id, one_line, split_doi
from .paper_source import LAST_YEAR, PaperQuery, PaperSource
from .transport import Page, PageRequest, SourceTrouble

ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"
FIRST_YEAR = 1991
MAX_TERMS = 12
MAX_ECHO = 2000
"""Characters of a feed's title that are compared with the query."""


class Arxiv(PaperSource):
    """See the module."""

    name: ClassVar[SourceName] = "arxiv"
    base: ClassVar[str] = "https://export.arxiv.org"
    spacing: ClassVar[float] = 3.0
    rest_seconds: ClassVar[float] = 900.0
    read_statuses: ClassVar[frozenset[int]] = frozenset({400})

    @override
    def search_request(self, query: PaperQuery) -> PageRequest:
        return self._request(
            "/api/query",
            {"search_query": _search_query(query), "start": "0", "max_results": str(query.limit), "sortBy": "relevance"},
        )

    @override
    def read_search(self, page: Page, query: PaperQuery) -> list[Paper]:
        feed = _feed(page)
        _refuse_rewritten(feed, _search_query(query))
        return list(_papers(feed))

    @override
    def lookup_request(self, id: PaperId) -> PageRequest | None:
        return self._request("/api/query", {"id_list": id.value, "max_results": "1"}) if id.kind == "arXiv" else None

    @override
    def read_lookup(self, page: Page) -> Paper | None:
        return next(_papers(_feed(page)), None)


def _search_query(query: PaperQuery) -> str:
    """Return the words as terms that arXiv has no cause to rewrite: quoted, each with its field, joined by AND."""
    words = re.findall(r"[^\W_]+(?:[-.][^\W_]+)*", query.words)[:MAX_TERMS]
    terms = [f'all:"{word}"' for word in dict.fromkeys(words)]
    if query.first_year is not None or query.last_year is not None:
        first, last = query.first_year or FIRST_YEAR, query.last_year or LAST_YEAR
        terms.append(f"submittedDate:[{first}01010000 TO {last}12312359]")
    return " AND ".join(terms)


def _feed(page: Page) -> ET.Element:
    """Return the feed of an answer.

    Raises:
        SourceTrouble: It is no feed, or an error: an entry with the title `Error`, often with status 200.
    """
    try:
        feed = ET.fromstring(page.body)  # noqa: S314 - expat refuses bombs of entities, and the bytes are bounded
    except ET.ParseError:
        raise SourceTrouble("failed", "it answered no feed, but a web page or a part of a feed") from None
    if feed.tag != f"{ATOM}feed":
        raise SourceTrouble("failed", "it answered no feed, but another document")
    for entry in feed.iter(f"{ATOM}entry"):
        if _text(entry, "title") == "Error" and entry.find(f"{ATOM}published") is None:
            raise SourceTrouble("failed", f"it answered an error: {_text(entry, 'summary')[:120]}")
    return feed


def _refuse_rewritten(feed: ET.Element, query: str) -> None:
    """Compare the query that the feed's title echoes: the hits of another query would pass for those of this one.

    Raises:
        SourceTrouble: arXiv ran another query.
    """
    echo = re.search(r"search_query=(.*?)&(?:id_list|start)=", _text(feed, "title")[:MAX_ECHO])
    if echo and echo[1] != query:
        raise SourceTrouble("failed", f"it ran another query than it was asked: {echo[1][:100]}")


def _papers(feed: ET.Element) -> Iterator[Paper]:
    for entry in feed.iter(f"{ATOM}entry"):
        found = find_id(_text(entry, "id"))
        if found is None or found.kind != "arXiv":
            continue
        published = _text(entry, "published")[:4]
        yield Paper(
            title=_text(entry, "title"),
            arxiv=found.value,
            doi=split_doi(one_line(entry.findtext(f"{ARXIV}doi")))[1],
            year=int(published) if published.isdecimal() else None,
            authors=tuple(name for author in entry.iter(f"{ATOM}author") if (name := _text(author, "name"))),
            abstract=_text(entry, "summary"),
        )


def _text(element: ET.Element, name: str) -> str:
    return one_line(element.findtext(f"{ATOM}{name}"))
