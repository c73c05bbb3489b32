"""One HTTP request to a service of the literature: to allowed hosts only, bounded in bytes and seconds, tried once.

A service's redirects are followed by hand, so that no host is asked that isn't allowed, and no other host gets a key. A key is
sent as a header only: it stands in no URL. Whatever a service answers, the key is taken out of it before anyone sees it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from urllib.parse import urlsplit

import anyio
import httpx2
from anyio import to_thread

from .cooldowns import Cooldowns, Rest, Why

MAX_REDIRECTS = 5
MAX_REASON = 160
"""Characters of what a service says of an error."""
FAILED_REST_SECONDS = 60.0
"""How long a service that can't be reached is left alone, so that not every search waits for it."""
TOO_MANY, UNAVAILABLE, NOT_FOUND = 429, 503, 404
Origin = tuple[str, str, int]
"""Scheme, host and port."""
logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log each URL


class SourceTrouble(Exception):
    """A service gave no answer that can be used.

    Attributes:
        why: It throttles, or it failed.
        reason: In one line, without keys.
        until: When it is asked again, as a Unix time; None for at any time.
    """

    def __init__(self, why: Why, reason: str, until: float | None = None) -> None:
        super().__init__(reason)
        self.why: Why = why
        self.reason = reason
        self.until = until


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What to ask for.

    Attributes:
        service: The base URL of the service. All requests to it share one cooldown.
        url: The address, without the query.
        query: The query's parameters.
        allowed: The origins that may be asked, also after redirects.
        key_headers: Headers that carry a key. They go to the origin of `url` only.
        key: The key, to be taken out of whatever is shown.
        key_variable: The environment variable that it comes from.
        spacing: Seconds between two requests of all processes of this machine.
        rest_seconds: How long the service is left alone if it throttles without saying for how long.
        read_statuses: Statuses besides success and 404 with which the service answers something to read.
        max_bytes: Of the answer.
        max_seconds: For the whole of it, redirects included.
    """

    service: str
    url: str
    allowed: frozenset[Origin]
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    key_headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    key: str = field(default="", repr=False)
    key_variable: str = ""
    spacing: float = 0.0
    rest_seconds: float = 60.0
    read_statuses: frozenset[int] = frozenset()
    max_bytes: int = 4_000_000
    max_seconds: float = 10.0

    @property
    def name(self) -> str:
        """The name of the request, under which its answer is kept: without keys."""
        return str(httpx2.URL(self.url, params=dict(self.query)))


@dataclass(frozen=True, slots=True)
class Page:
    """An answer.

    Attributes:
        url: Where it came from, after redirects.
        status: 200 to 299, 404, or one that the request wants to read.
        content_type: Without parameters, in lower case.
        body: Its bytes, without the key.
    """

    url: str
    status: int
    content_type: str
    body: bytes


def origin_of(url: str) -> Origin:
    """Return the origin of a URL. That of a URL that can't be read equals no other."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return ("", url, 0)
    return (parts.scheme.lower(), (parts.hostname or "").lower(), port)


class Transport:
    """Asks services, one request at a time each.

    Args:
        cooldowns: When each may be asked again.
        contact: What is told to the services as a contact; may be empty.
    """

    def __init__(self, cooldowns: Cooldowns, contact: str = "") -> None:
        self._cooldowns = cooldowns
        about = f"; {contact}" if contact else ""
        self._agent = f"labhand/{version('labhand')} (MCP server for research agents{about})"

    async def get(self, request: PageRequest) -> Page:
        """Return the answer to a request; that the service has nothing under the address (404) is an answer.

        Raises:
            SourceTrouble: The service throttles, can't be reached, refuses, or redirects to a host that isn't allowed.
        """
        name = f"{request.service.partition('://')[2]}{' with a key' if request.key else ''}"
        try:
            turn = await to_thread.run_sync(self._cooldowns.take_turn, name, request.spacing)
        except OSError as error:
            raise SourceTrouble("failed", f"the times of earlier requests can't be read: {error}") from error
        if isinstance(turn, Rest):
            raise SourceTrouble(turn.why, turn.reason, turn.until)
        await anyio.sleep(turn)
        try:
            with anyio.fail_after(request.max_seconds):
                page = await self._follow(request)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            reason = _redacted(_unreachable(request, error), request.key)
            raise await self._resting(name, Rest("failed", time.time() + FAILED_REST_SECONDS, reason)) from None
        return await self._checked(request, name, page)

    async def _follow(self, request: PageRequest) -> _RawPage:
        url = httpx2.URL(request.url, params=dict(request.query)) if request.query else httpx2.URL(request.url)
        async with httpx2.AsyncClient(headers={"User-Agent": self._agent}, timeout=request.max_seconds) as client:
            for _ in range(MAX_REDIRECTS + 1):
                origin = origin_of(str(url))
                if origin not in request.allowed:
                    raise SourceTrouble("failed", f"it redirects to {origin[1][:80] or 'nowhere'}, which isn't allowed")
                headers = dict(request.key_headers) if origin == origin_of(request.url) else None
                async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
                    if response.has_redirect_location:
                        url = url.join(response.headers["location"])
                        continue
                    return _RawPage(str(url), response, await _read(response, request.max_bytes))
        raise SourceTrouble("failed", f"it redirects more than {MAX_REDIRECTS} times")

    async def _checked(self, request: PageRequest, name: str, page: _RawPage) -> Page:
        status = page.response.status_code
        body = page.body.replace(request.key.encode(), b"[key]") if request.key else page.body
        if status in (TOO_MANY, UNAVAILABLE):
            until = time.time() + _rest_seconds(page.response, request.rest_seconds)
            raise await self._resting(name, Rest("throttled", until, _said(status, body)))
        if not page.response.is_success and status not in {NOT_FOUND, *request.read_statuses}:
            reason = _said(status, body)
            if request.key and status in (401, 403):
                reason = f"it refuses the key in {request.key_variable}: {reason}"
            raise SourceTrouble("failed", reason)
        content_type = page.response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Page(page.url, status, content_type, body)

    async def _resting(self, name: str, rest: Rest) -> SourceTrouble:
        """Let the service rest, and return what to raise."""
        try:
            await to_thread.run_sync(self._cooldowns.rest, name, rest)
        except OSError:  # it is asked again too early
            return SourceTrouble(rest.why, rest.reason)
        return SourceTrouble(rest.why, rest.reason, rest.until)


@dataclass(frozen=True, slots=True)
class _RawPage:
    url: str
    response: httpx2.Response
    body: bytes


async def _read(response: httpx2.Response, most: int) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > most:
            raise SourceTrouble("failed", f"its answer is larger than {most:,} bytes")
    return bytes(body)


def _rest_seconds(response: httpx2.Response, default: float) -> float:
    """Return what `Retry-After` says, as seconds or as a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return max(1.0, float(text[:9]))
    try:
        return max(1.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return default


def _said(status: int, body: bytes) -> str:
    """Return the status, and what the service says of it."""
    text = body[:2000].decode("utf-8", "replace")
    words = " ".join(text.split())
    return f"HTTP {status}" if words.startswith("<") or not words else f"HTTP {status}: {words[:MAX_REASON]}"


def _unreachable(request: PageRequest, error: Exception) -> str:
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return f"no answer within {request.max_seconds:g} s"
    words = " ".join(str(error).split())[:MAX_REASON]
    return f"it can't be reached: {words or type(error).__name__}"


def _redacted(text: str, key: str) -> str:
    return text.replace(key, "[key]") if key else text
