"""`labhand token`: a token for a caller over HTTP."""

from __future__ import annotations

import secrets

from pydantic import ValidationError

from ..errors import BadInputError
from ..http_settings import Http, token_hash
from .console import err, out


def make_token(name: str) -> None:
    """Print a new token for a caller on standard output, and how to use it on standard error.

    Raises:
        BadInputError: A caller can't have this name.
    """
    token = secrets.token_urlsafe(32)
    hashed = token_hash(token)
    try:
        Http(tokens={name: hashed})
    except ValidationError as error:
        raise BadInputError(
            f"{name!r} can't be a caller's name",
            "Use up to 64 letters, digits and . _ @ -, beginning with a letter or digit; labhand and shared-token are taken",
        ) from error
    err.print(f"The token of {name}, which is shown only now. In labhand.toml, under \\[http.tokens]:", soft_wrap=True)
    err.print(f'"{name}" = "{hashed}"', markup=False, soft_wrap=True)
    err.print("A server that runs has to be started again. The client sends the header: Authorization: Bearer TOKEN")
    out.print(token, markup=False)
