"""Tokens: who a caller over HTTP is."""

from __future__ import annotations

from collections.abc import Mapping

from mcp.server.auth.provider import AccessToken

from ...server.http_settings import CallerHashes


class CallerTokens:
    """Knows the callers by their tokens."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        """Keep the hash of each caller's token.

        Args:
            hashes: By the caller's name, as `token_hash` returns them.
        """
        self._callers = CallerHashes(hashes)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access of the caller who has a token; None for a wrong token."""
        caller = self._callers.find(token)
        return None if caller is None else AccessToken(token=token, client_id=caller, scopes=[])
