"""The table `[http]` of `labhand.toml`: where the server listens, and who may call."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from .domain import LAB

SHARED_CALLER = "shared-token"
"""The name of every caller who has the one token without a name."""
HASH_PREFIX = "sha256:"
TOKEN_FORM = (
    f"must be a caller's name and \"{HASH_PREFIX}\" with the 64 hexadecimal digits of the token's hash, "
    "as `labhand token NAME` prints them"
)
HIDDEN_VARIABLES = "LABHAND_HTTP"
"""The variables whose names begin so hold tokens: no process that the server starts inherits them."""


def token_hash(token: str) -> str:
    """Return a token as `[http.tokens]` has it. Tokens are random, so a fast hash is enough."""
    return HASH_PREFIX + sha256(token.encode()).hexdigest()


class CallerHashes:
    """Knows callers by the hashes of their tokens.

    Args:
        hashes: The hashes, as `token_hash` returns them, by the callers' names.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = {name: value.lower().encode() for name, value in hashes.items()}

    def find(self, token: str) -> str | None:
        """Return the name of the caller who has a token; None for a wrong token.

        Every hash is compared, each in constant time: how long it takes says nothing about the tokens.
        """
        presented = token_hash(token).encode()
        callers = [name for name, value in self._hashes.items() if hmac.compare_digest(presented, value)]
        return callers[0] if callers else None


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an environment without those that hold the tokens of HTTP callers."""
    return {name: value for name, value in environment.items() if not name.upper().startswith(HIDDEN_VARIABLES)}


HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$|^[0-9a-fA-F:.]{2,45}$", max_length=253)]
CallerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
TokenHash = Annotated[str, Field(pattern=rf"^{HASH_PREFIX}[0-9a-fA-F]{{64}}$")]


class Http(BaseModel):
    """Serving over HTTP, with `labhand serve --http`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(
        default="127.0.0.1:8787", description="Host and port; an address that other machines reach needs a token"
    )
    hosts: list[HostName] = Field(
        default=[],
        description="Names by which clients reach the server, without ports, such as `lab.example.org`. The server"
        " always accepts requests for `localhost` and for the host of `address`. If `address` is 0.0.0.0, it also accepts this"
        " machine's name and any IP address",
    )
    tokens: dict[CallerName, TokenHash] = Field(
        default={},
        description="Who may call: a name, and the hash of that caller's token. `labhand token NAME` makes both",
    )
    token: SecretStr | None = Field(
        default=None,
        description="One token without a name, for all callers; better set as the variable `LABHAND_HTTP__TOKEN`",
    )

    @field_validator("tokens")
    @classmethod
    def _refuse_reserved_names(cls, tokens: dict[str, str]) -> dict[str, str]:
        if reserved := {name for name in tokens if name.lower() in {LAB, SHARED_CALLER}}:
            raise ValueError(f"{min(reserved)} is a name that the lab uses itself; give the caller another one")
        if len(set(tokens.values())) < len(tokens):
            raise ValueError("two callers have the same token; make one for each")
        return tokens

    def token_hashes(self) -> Mapping[str, str]:
        """Return the hashes of the tokens by the names of their callers; empty if the server asks for none."""
        shared = {SHARED_CALLER: token_hash(self.token.get_secret_value())} if self.token else {}
        return shared | dict(self.tokens)
