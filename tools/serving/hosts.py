"""Which `Host` and `Origin` a request may name: a web page of someone else must not reach the server through a browser.

In DNS rebinding, a page's own name is made to resolve to the server's address. The request then names the page's host, so a
request whose host is an address in numbers can't come from there.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_SHOWN_CHARACTERS = 100
_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9a-fA-F:.]{2,45})\]|(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})))(?::(?P<port>[0-9]{1,5}))?"
)


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server at a host: `localhost` or an address such as 127.0.0.1."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def is_wildcard(host: str) -> bool:
    """Return whether a server at a host listens at all of the machine's addresses: 0.0.0.0 or `::`."""
    address = _address(host)
    return address is not None and address.is_unspecified


def host_of(header: str) -> str | None:
    """Return the host of a `Host` header in lower case, without its port; None if the header has another form.

    `localhost:1.evil.example` has another form: a browser would read the port as part of a name.
    """
    match = _HOST.fullmatch(header)
    if match is None or int(match["port"] or 0) > 65535:
        return None
    return (match["v6"] or match["name"]).lower().rstrip(".")


class AllowedHosts:
    """The hosts that a server answers to.

    Attributes:
        names: Host names in lower case, and addresses in numbers.
        any_address: Whether every address in numbers is allowed too.
    """

    def __init__(self, listens_at: str, configured: Sequence[str]) -> None:
        """Collect the hosts.

        Args:
            listens_at: The host of the server's own address. At a wildcard, clients use the machine's name or one of its
                addresses.
            configured: The person's `hosts`.
        """
        own = {socket.gethostname(), socket.getfqdn()} if is_wildcard(listens_at) else {listens_at}
        self.names = frozenset(name.lower().rstrip(".") for name in LOOPBACK_NAMES | own | set(configured))
        self.any_address = is_wildcard(listens_at)

    def has_host(self, host: str) -> bool:
        """Return whether a request may name a host."""
        return host in self.names or (self.any_address and _address(host) is not None)

    def has_origin(self, origin: str, host: str) -> bool:
        """Return whether a page of an origin may call the server under a host: one of the server's own names only."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        own = host_of(parts.netloc)
        is_origin = parts.scheme in {"http", "https"} and origin.lower() == f"{parts.scheme}://{parts.netloc}".lower()
        return is_origin and own is not None and (own in self.names or own == host)


class HostCheck:
    """Refuses requests that name another host (421) or come from a page of another origin (403)."""

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        named, origin = headers.getlist("host"), headers.get("origin")
        host = host_of(named[0]) if len(named) == 1 else None
        if host is None:
            return PlainTextResponse(f"The Host header must be host:port or host, not {_shown(named)}.", 421)
        if not self._allowed.has_host(host):
            return PlainTextResponse(
                f"This server doesn't answer to the host {_shown(host)}. If clients are to reach it by this name, the person "
                f'who serves it adds the name to labhand.toml under [http]: hosts = ["{host[:MAX_SHOWN_CHARACTERS]}"]',
                421,
            )
        if origin is not None and not self._allowed.has_origin(origin, host):
            return PlainTextResponse(
                f"Pages of the origin {_shown(origin)} may not call this server. If they are to, the person who serves it adds "
                "the origin's host to hosts under [http] in labhand.toml.",
                403,
            )
        return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"
