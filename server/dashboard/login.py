"""Who may see the page: a token opens a session, which a cookie names.

A token never stands in a URL, where a browser's history, a proxy's log or a shared link would keep it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ..http_settings import CallerHashes

COOKIE = "labhand_session"
MAX_SESSIONS = 100
"""One more ends the session that was unused for longest."""
IDLE_SECONDS = 12 * 3600.0
"""A session that was unused for so long has ended."""
MAX_FAILURES = 10
"""Wrong tokens in `FAILURE_SECONDS` that get an answer. A right one always does: tokens are random, and can't be guessed."""
FAILURE_SECONDS = 60.0


@dataclass(slots=True)
class Session:
    """A browser that has logged in.

    Attributes:
        caller: The name of the token.
        form_token: Stands in every form, so that no other page can send one.
        used_at: By the monotonic clock.
    """

    caller: str
    form_token: str
    used_at: float


class TooManyFailuresError(Exception):
    """Too many wrong tokens came in lately."""


class Login:
    """The sessions of one server, which end with it.

    Args:
        hashes: The hashes of the tokens by the names of their callers, as `token_hash` returns them.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._callers = CallerHashes(hashes)
        self._sessions: dict[str, Session] = {}
        self._failures: list[float] = []

    def open(self, token: str) -> str | None:
        """Return the cookie of a new session; None for a wrong token.

        Raises:
            TooManyFailuresError: It is wrong, as many before it were within a minute.
        """
        now = time.monotonic()
        caller = self._callers.find(token)
        if caller is None:
            self._failures = [at for at in self._failures if now - at < FAILURE_SECONDS]
            if len(self._failures) >= MAX_FAILURES:
                raise TooManyFailuresError
            self._failures.append(now)
            return None
        self._drop_old(now)
        name = secrets.token_urlsafe(32)
        self._sessions[name] = Session(caller, secrets.token_urlsafe(32), now)
        return name

    def find(self, cookie: str | None) -> Session | None:
        """Return the session that a cookie names; None if there is none, or it has ended."""
        session = self._sessions.get(cookie or "")
        now = time.monotonic()
        if session is None or now - session.used_at > IDLE_SECONDS:
            return None
        session.used_at = now
        return session

    def close(self, cookie: str | None) -> None:
        """End a session."""
        self._sessions.pop(cookie or "", None)

    def _drop_old(self, now: float) -> None:
        ended = [name for name, session in self._sessions.items() if now - session.used_at > IDLE_SECONDS]
        if len(self._sessions) - len(ended) >= MAX_SESSIONS:
            ended.append(min(self._sessions, key=lambda name: self._sessions[name].used_at))
        for name in ended:
            self._sessions.pop(name, None)
