"""Semantic Scholar: papers of all fields, with citations. Without a key it mostly throttles; with one, once a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter
from typing_extensions import override

from ..literature_settings import SourceName
from .paper import Paper, PaperId, find_id, one_line, split_doi
from .paper_source import Named, PaperQuery, PaperSource, names_of, read_json
from .transport import Page, PageRequest

FIELDS = "paperId,externalIds,title,year,abstract,citationCount,authors"
"""`tldr` isn't among them: several of the service's addresses refuse it."""


class _SemanticScholarPaper(BaseModel):
    paperId: str
    title: str | None = None
    year: int | None = None
    abstract: str | None = None
    citationCount: int | None = None
    externalIds: dict[str, str | int] | None = None
    authors: list[Named] = []

    def paper(self) -> Paper:
        outside = self.externalIds or {}
        listed = find_id(str(outside.get("ArXiv", "")))
        arxiv, doi = split_doi(str(outside.get("DOI", "")))
        own = find_id(self.paperId)
        return Paper(
            title=one_line(self.title),
            arxiv=listed.value if listed and listed.kind == "arXiv" else arxiv,
            doi=doi,
            s2=own.value if own and own.kind == "s2" else "",
            year=self.year,
            authors=names_of(self.authors),
            abstract=one_line(self.abstract),
            citations=self.citationCount,
        )


class _Papers(BaseModel):
    total: int
    data: list[_SemanticScholarPaper] = []


_FOUND = TypeAdapter(_Papers)
_ONE = TypeAdapter(_SemanticScholarPaper)


class SemanticScholar(PaperSource):
    """See the module."""

    name: ClassVar[SourceName] = "semantic_scholar"
    base: ClassVar[str] = "https://api.semanticscholar.org"
    key_variables: ClassVar[Sequence[str]] = ("S2_API_KEY", "SEMANTIC_SCHOLAR_API_KEY")
    spacing: ClassVar[float] = 1.0

    @override
    def search_request(self, query: PaperQuery) -> PageRequest:
        parameters = {"query": query.words, "limit": str(query.limit), "fields": FIELDS}
        if query.first_year is not None or query.last_year is not None:
            parameters["year"] = f"{query.first_year or ''}-{query.last_year or ''}"
        return self._request("/graph/v1/paper/search", parameters)

    @override
    def read_search(self, page: Page, query: PaperQuery) -> list[Paper]:
        return [paper.paper() for paper in read_json(page, _FOUND).data]

    @override
    def lookup_request(self, id: PaperId) -> PageRequest | None:
        if id.kind == "openalex":
            return None
        paper = {"arXiv": f"ARXIV:{id.value}", "doi": f"DOI:{id.value}"}.get(id.kind, id.value)
        return self._request(f"/graph/v1/paper/{quote(paper, safe=':/')}", {"fields": FIELDS})

    @override
    def read_lookup(self, page: Page) -> Paper | None:
        return read_json(page, _ONE).paper()

    @override
    def _key_headers(self, key: str) -> Mapping[str, str]:
        return {"x-api-key": key}
