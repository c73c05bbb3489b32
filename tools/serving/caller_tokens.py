"""Tokens: who a caller over HTTP is."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from mcp.server.auth.provider import AccessToken

from ...server.http_settings import token_hash


class CallerTokens:
    """Knows the callers by their tokens."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        """Keep the hash of each caller's token.

        Args:
            hashes: By the caller's name, as `token_hash` returns them.
        """
        self._hashes = {name: value.lower().encode() for name, value in hashes.items()}

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access of the caller who has a token; None for a wrong token.

        Every hash is compared, each in constant time: how long it takes says nothing about the tokens.
        """
        presented = token_hash(token).encode()
        callers = [name for name, value in self._hashes.items() if hmac.compare_digest(presented, value)]
        return AccessToken(token=token, client_id=callers[0], scopes=[]) if callers else None
