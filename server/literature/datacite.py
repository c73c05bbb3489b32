"""DataCite, where arXiv registers its papers: the fallback for titles, abstracts and authors. It needs no key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, TypeAdapter
from typing_extensions import override

from ..literature_settings import SourceName
from .paper import ARXIV_DOI, Paper, PaperId, one_line, split_doi
from .paper_source import LAST_YEAR, Named, PaperQuery, PaperSource, read_json
from .transport import Page, PageRequest

ARXIV_CLIENT = "arxiv.content"
"""The account under which arXiv registers DOIs."""


class _Title(BaseModel):
    title: str | None = None


class _Description(BaseModel):
    description: str | None = None
    descriptionType: str | None = None


class _Attributes(BaseModel):
    titles: list[_Title] = []
    creators: list[Named] = []
    descriptions: list[_Description] = []
    publicationYear: int | None = None


class _Doi(BaseModel):
    id: str
    attributes: _Attributes

    def paper(self) -> Paper:
        arxiv, doi = split_doi(self.id)
        about = self.attributes
        abstracts = [each.description for each in about.descriptions if each.descriptionType == "Abstract"]
        return Paper(
            title=one_line(about.titles[0].title if about.titles else ""),
            arxiv=arxiv,
            doi=doi,
            year=about.publicationYear,
            authors=_names(about.creators),
            abstract=one_line(abstracts[0] if abstracts else ""),
        )


class _Found(BaseModel):
    data: list[_Doi]


class _One(BaseModel):
    data: _Doi


_FOUND = TypeAdapter(_Found)
_ONE = TypeAdapter(_One)


class DataCite(PaperSource):
    """See the module."""

    name: ClassVar[SourceName] = "datacite"
    base: ClassVar[str] = "https://api.datacite.org"

    @override
    def search_request(self, query: PaperQuery) -> PageRequest:
        words = [f'"{word}"' for word in re.findall(r"[^\W_]+", query.words)]
        terms = [f"({' AND '.join(words)})"]
        if query.first_year is not None or query.last_year is not None:
            terms.append(f"publicationYear:[{query.first_year or 1900} TO {query.last_year or LAST_YEAR}]")
        return self._request("/dois", {"query": " AND ".join(terms), "client-id": ARXIV_CLIENT, "page[size]": str(query.limit)})

    @override
    def read_search(self, page: Page, query: PaperQuery) -> list[Paper]:
        return [each.paper() for each in read_json(page, _FOUND).data]

    @override
    def lookup_request(self, id: PaperId) -> PageRequest | None:
        return self._request(f"/dois/{ARXIV_DOI}{id.value}") if id.kind == "arXiv" else None

    @override
    def read_lookup(self, page: Page) -> Paper | None:
        return read_json(page, _ONE).data.paper()


def _names(creators: Sequence[Named]) -> tuple[str, ...]:
    """Return names as other services write them: `Ada Example` for `Example, Ada`."""
    parts = [(creator.name or "").partition(", ") for creator in creators]
    return tuple(f"{given} {family}".strip() for family, _, given in parts if family)
