"""Cursors: the place at which an answer ended, as text that the caller passes to the next call."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote
from zlib import crc32

from typing_extensions import override

from ...errors import BadInputError
from ...schemas.results import ResultsQuery
from ...store.experiments.paging import PageCursor, SortSegment

_FINISHED = re.compile(r"([0-9]+)(?:v([0-9]+))?")


@dataclass(frozen=True, slots=True)
class WaitCursor:
    """What `wait` has returned so far: `17`, `17v3` with validations, or `17+stuck:e0042-1` with alerts.

    Attributes:
        finished: The last `finished_seq` of an experiment; 0 if none has finished.
        validations: The last `finished_seq` of a validation; 0 likewise.
        attention: Keys of the alerts, and of the verdicts of validations that go on, so that they aren't new again.
    """

    finished: int = 0
    validations: int = 0
    attention: frozenset[str] = frozenset()

    @override
    def __str__(self) -> str:
        finished = f"{self.finished}v{self.validations}" if self.validations else str(self.finished)
        return "+".join([finished, *(quote(key, safe=":") for key in sorted(self.attention))])


def parse_wait_cursor(text: str | None) -> WaitCursor:
    """Parse a cursor of `wait`; None is the beginning.

    Raises:
        BadInputError: The text is not a cursor of `wait`.
    """
    if text is None:
        return WaitCursor()
    finished, *attention = text.split("+")
    place = _FINISHED.fullmatch(finished)
    if place is None:
        raise BadInputError(f"after={text!r} is not a cursor", "Set after to the `cursor` of an earlier wait, or leave it out")
    return WaitCursor(int(place[1]), int(place[2] or 0), frozenset(map(unquote, attention)))


def write_page_cursor(place: PageCursor, query: ResultsQuery) -> str:
    """Return the cursor of `get_results` after a row. It is valid for the same query only."""
    content = json.dumps([_fingerprint(query), place.stretch, *place.keys], separators=(",", ":"))
    return urlsafe_b64encode(content.encode()).decode().rstrip("=")


def parse_page_cursor(text: str, query: ResultsQuery, order: Sequence[SortSegment]) -> PageCursor:
    """Parse a cursor of `get_results`.

    Raises:
        BadInputError: The text is not a cursor of `get_results`, or belongs to another query.
    """
    try:
        content: list[Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        fingerprint, stretch, *keys = content
    except (ValueError, TypeError) as error:
        raise BadInputError(f"cursor={text!r} is not a cursor", _REMEDY) from error
    lengths = {segment.name: len(segment.keys) for segment in order}
    if fingerprint != _fingerprint(query) or lengths.get(stretch) != len(keys):
        raise BadInputError(f"cursor={text!r} belongs to another query", _REMEDY)
    return PageCursor(stretch, keys)


_REMEDY = "Set cursor to the `next_cursor` of the page before, with the same filters and order, or leave it out"


def _fingerprint(query: ResultsQuery) -> int:
    return crc32(query.model_dump_json(exclude={"cursor", "limit", "detail"}).encode())
