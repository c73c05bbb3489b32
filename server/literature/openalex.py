"""OpenAlex: works of all fields, with citations. It meters money: searches cost, look-ups are free.

At zero it answers 429 with a `Retry-After` of hours, until midnight UTC. A free key raises the daily sum tenfold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter
from typing_extensions import override

from ..literature_settings import SourceName
from .paper import ARXIV_DOI, Paper, PaperId, find_id, one_line, split_doi
from .paper_source import PaperQuery, PaperSource, read_json
from .transport import Page, PageRequest

FIELDS = "id,doi,title,publication_year,cited_by_count,abstract_inverted_index,authorships,primary_location"
MAX_WORDS = 3000
"""Words of an abstract, whatever positions its index names."""


class _Author(BaseModel):
    display_name: str | None = None


class _Authorship(BaseModel):
    author: _Author = _Author()


class _Location(BaseModel):
    landing_page_url: str | None = None


class _Work(BaseModel):
    id: str
    title: str | None = None
    doi: str | None = None
    publication_year: int | None = None
    cited_by_count: int | None = None
    abstract_inverted_index: dict[str, list[int]] | None = None
    authorships: list[_Authorship] = []
    primary_location: _Location | None = None

    def paper(self) -> Paper:
        arxiv, doi = split_doi(self.doi)
        landing = find_id((self.primary_location.landing_page_url if self.primary_location else None) or "")
        own = find_id(self.id)
        return Paper(
            title=one_line(self.title),
            arxiv=arxiv or (landing.value if landing and landing.kind == "arXiv" else ""),
            doi=doi,
            openalex=own.value if own and own.kind == "openalex" else "",
            year=self.publication_year,
            authors=tuple(each.author.display_name for each in self.authorships if each.author.display_name),
            abstract=_abstract(self.abstract_inverted_index or {}),
            citations=self.cited_by_count,
        )


class _Works(BaseModel):
    results: list[_Work]


_FOUND = TypeAdapter(_Works)
_ONE = TypeAdapter(_Work)


class OpenAlex(PaperSource):
    """See the module."""

    name: ClassVar[SourceName] = "openalex"
    base: ClassVar[str] = "https://api.openalex.org"
    key_variables: ClassVar[Sequence[str]] = ("OPENALEX_API_KEY",)

    @override
    def search_request(self, query: PaperQuery) -> PageRequest:
        parameters = {"search": query.words, "per_page": str(query.limit), "select": FIELDS}
        if years := _years(query):
            parameters["filter"] = f"publication_year:{years}"
        return self._request("/works", parameters)

    @override
    def read_search(self, page: Page, query: PaperQuery) -> list[Paper]:
        return [work.paper() for work in read_json(page, _FOUND).results]

    @override
    def lookup_request(self, id: PaperId) -> PageRequest | None:
        if id.kind == "s2":
            return None
        work = {"arXiv": f"doi:{ARXIV_DOI}{id.value}", "doi": f"doi:{id.value}"}.get(id.kind, id.value)
        return self._request(f"/works/{quote(work, safe=':/')}", {"select": FIELDS})

    @override
    def read_lookup(self, page: Page) -> Paper | None:
        return read_json(page, _ONE).paper()


def _years(query: PaperQuery) -> str:
    first, last = query.first_year, query.last_year
    if first is not None and last is not None:
        return f"{first}-{last}"
    return f">{first - 1}" if first is not None else f"<{last + 1}" if last is not None else ""


def _abstract(positions: Mapping[str, Sequence[int]]) -> str:
    """Return the text of an index that names the positions of each word."""
    words = sorted((place, word) for word, places in positions.items() for place in places[:MAX_WORDS])
    return one_line(" ".join(word for _, word in words[:MAX_WORDS]))
