"""Hugging Face papers: papers on machine learning, with a sentence on each and links to code. It needs no key."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, TypeAdapter
from typing_extensions import override

from ..literature_settings import SourceName
from .paper import Paper, PaperId, find_id, one_line, year_of_arxiv
from .paper_source import Named, PaperQuery, PaperSource, names_of, read_json
from .transport import Page, PageRequest


class _HuggingFacePaper(BaseModel):
    id: str
    title: str
    summary: str | None = None
    ai_summary: str | None = None
    githubRepo: str | None = None
    publishedAt: str | None = None
    authors: list[Named] = []

    def paper(self) -> Paper | None:
        found = find_id(self.id)
        if found is None or found.kind != "arXiv":
            return None
        published = (self.publishedAt or "")[:4]
        return Paper(
            title=one_line(self.title),
            arxiv=found.value,
            year=int(published) if published.isdecimal() else year_of_arxiv(found.value),
            authors=names_of(self.authors),
            abstract=one_line(self.summary),
            summary=one_line(self.ai_summary),
            code=self.githubRepo or "",
        )


class _Entry(BaseModel):
    paper: _HuggingFacePaper


_FOUND = TypeAdapter(list[_Entry])
_ONE = TypeAdapter(_HuggingFacePaper)


class HuggingFace(PaperSource):
    """See the module."""

    name: ClassVar[SourceName] = "huggingface"
    base: ClassVar[str] = "https://huggingface.co"

    @override
    def search_request(self, query: PaperQuery) -> PageRequest:
        # It has no filter for years: more are asked for than are wanted.
        dated = query.first_year is not None or query.last_year is not None
        return self._request(
            "/api/papers/search", {"q": query.words, "limit": str(min(120, query.limit * (6 if dated else 2)))}
        )

    @override
    def read_search(self, page: Page, query: PaperQuery) -> list[Paper]:
        return [paper for entry in read_json(page, _FOUND) if (paper := entry.paper.paper())]

    @override
    def lookup_request(self, id: PaperId) -> PageRequest | None:
        return self._request(f"/api/papers/{id.value}") if id.kind == "arXiv" else None

    @override
    def read_lookup(self, page: Page) -> Paper | None:
        return read_json(page, _ONE).paper()
