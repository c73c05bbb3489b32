"""What a service that knows papers is to labhand: a request for each question, and a reader for its answer."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..literature_settings import SourceName
from .paper import Paper, PaperId
from .transport import NOT_FOUND, Page, PageRequest, SourceTrouble, Transport, origin_of

T = TypeVar("T")
HTML = "text/html"
LAST_YEAR = 9999


@dataclass(frozen=True, slots=True)
class PaperQuery:
    """What to search for.

    Attributes:
        words: Plain words.
        first_year: Of publication, inclusive; None for any.
        last_year: Likewise.
        limit: How many papers to return at most.
    """

    words: str
    first_year: int | None = None
    last_year: int | None = None
    limit: int = 10

    def covers(self, year: int | None) -> bool:
        """Return whether a paper of this year is wanted. One whose year isn't known is."""
        return year is None or (self.first_year or 0) <= year <= (self.last_year or LAST_YEAR)


class PaperSource(ABC):
    """A service. A subclass says how it is asked, and reads its answers; this class asks.

    Args:
        base_url: Of the service, without a slash at its end.
        transport: Sends the requests.

    Attributes:
        name: In `labhand.toml` and in answers.
        base: Its base URL, unless `labhand.toml` names another.
        key_variables: Environment variables that may hold a key; the first that is set counts.
        spacing: Seconds between two requests.
        rest_seconds: How long it is left alone if it throttles without saying for how long.
        read_statuses: Statuses of errors whose text the source reads.
    """

    name: ClassVar[SourceName]
    base: ClassVar[str]
    key_variables: ClassVar[Sequence[str]] = ()
    spacing: ClassVar[float] = 0.0
    rest_seconds: ClassVar[float] = 60.0
    read_statuses: ClassVar[frozenset[int]] = frozenset()

    def __init__(self, base_url: str, transport: Transport) -> None:
        self.base_url = base_url.rstrip("/")
        self._transport = transport

    @abstractmethod
    def search_request(self, query: PaperQuery) -> PageRequest:
        """Return the request that searches."""

    @abstractmethod
    def read_search(self, page: Page, query: PaperQuery) -> list[Paper]:
        """Return the papers of the answer, the best first.

        Raises:
            SourceTrouble: The answer isn't one of this service, or is an error.
        """

    @abstractmethod
    def lookup_request(self, id: PaperId) -> PageRequest | None:
        """Return the request for one paper; None if the service doesn't know ids of this kind."""

    @abstractmethod
    def read_lookup(self, page: Page) -> Paper | None:
        """Return the paper of the answer; None if the service doesn't have it.

        Raises:
            SourceTrouble: As for `read_search`.
        """

    async def search(self, query: PaperQuery) -> list[Paper]:
        """Return the papers that the service finds, those of other years left out.

        Raises:
            SourceTrouble: It gave no answer that can be used.
        """
        page = await self._transport.get(self.search_request(query))
        if page.status == NOT_FOUND:
            raise SourceTrouble("failed", f"HTTP {NOT_FOUND}: the service is not at this address")
        papers = self.read_search(page, query)
        wanted = [paper.with_origin(self.name) for paper in papers if paper.ids and paper.title and query.covers(paper.year)]
        return wanted[: query.limit]

    async def look_up(self, id: PaperId) -> Paper | None:
        """Return a paper; None if the service doesn't have it, or doesn't know ids of its kind.

        Raises:
            SourceTrouble: It gave no answer that can be used.
        """
        request = self.lookup_request(id)
        if request is None:
            return None
        page = await self._transport.get(request)
        paper = None if page.status == NOT_FOUND else self.read_lookup(page)
        return paper.with_origin(self.name) if paper is not None and paper.ids and paper.title else None

    def _request(self, path: str, query: Mapping[str, str] | None = None) -> PageRequest:
        """Return a request of this service, with its key if there is one."""
        variable = next((name for name in self.key_variables if os.environ.get(name, "").strip()), "")
        key = os.environ.get(variable, "").strip() if variable else ""
        return PageRequest(
            service=self.base_url,
            url=self.base_url + path,
            query=query or {},
            allowed=frozenset({origin_of(self.base_url)}),
            key_headers=self._key_headers(key) if key else {},
            key=key,
            key_variable=variable,
            spacing=self.spacing,
            rest_seconds=self.rest_seconds,
            read_statuses=self.read_statuses,
        )

    def _key_headers(self, key: str) -> Mapping[str, str]:
        """Return the headers that carry a key."""
        return {"Authorization": f"Bearer {key}"}


def read_json(page: Page, form: TypeAdapter[T]) -> T:
    """Return the JSON of an answer.

    Raises:
        SourceTrouble: It is something else, such as an HTML page with status 200.
    """
    if page.content_type == HTML or page.body.lstrip()[:1] == b"<":
        raise SourceTrouble("failed", f"it answered a web page instead of data (HTTP {page.status})")
    try:
        return form.validate_json(page.body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])[:60]
        raise SourceTrouble(
            "failed", f"its answer has an unexpected form{f' at {place}' if place else ', and may be cut'}"
        ) from None


class Named(BaseModel):
    """An author, as several services write one."""

    name: str | None = None


def names_of(authors: Sequence[Named]) -> tuple[str, ...]:
    """Return the names of authors."""
    return tuple(author.name for author in authors if author.name)
