"""How a client reaches the server: standard input and output, or streamable HTTP with a token."""

from __future__ import annotations

import hmac
import os
import signal

import anyio
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl

from ..server.errors import SettingsError
from .app import build
from .lab_context import LabHandle

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def serve_stdio(handle: LabHandle, *, read_only: bool = False) -> None:
    """Serve one client over standard input and output until it closes them or a signal arrives. Doesn't return."""
    anyio.run(_serve_until_closed, build(handle, read_only=read_only))
    # The SDK reads standard input on a thread that nothing can interrupt, and the interpreter would wait for it.
    os._exit(0)


async def _serve_until_closed(server: MCPServer[LabHandle]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_leave_on_signal)
        await server.run_stdio_async()
        tasks.cancel_scope.cancel()


async def _leave_on_signal() -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for _ in signals:
            # Clients kill a server 100 ms after the signal. What a tool has answered is on disk already.
            os._exit(0)


def serve_http(handle: LabHandle, address: str, token: str | None, *, read_only: bool = False) -> None:
    """Serve any number of clients at `http://ADDRESS/mcp`, until interrupted.

    Raises:
        SettingsError: The address can't be used, or isn't loopback and no token is set.
    """
    host, port = parse_address(address)
    if host not in LOOPBACK and not token:
        raise SettingsError(
            f"Serving at {address} without a token would let anyone who reaches this machine spend its GPU-hours",
            "Set LABHAND_HTTP__TOKEN, or serve at 127.0.0.1",
        )
    url = f"http://{host}:{port}"
    if token:
        auth = AuthSettings(
            issuer_url=AnyHttpUrl(url), resource_server_url=AnyHttpUrl(f"{url}/mcp"), validate_token_resource=True
        )
        server = build(handle, read_only=read_only, auth=auth, token_verifier=OneToken(token, f"{url}/mcp"))
    else:
        server = build(handle, read_only=read_only)
    security = None if host in LOOPBACK else TransportSecuritySettings(allowed_hosts=[f"{host}:*"], allowed_origins=[])
    anyio.run(lambda: server.run_streamable_http_async(host=host, port=port, transport_security=security))


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`; the host of `[::1]:8787` is `::1`.

    Raises:
        SettingsError: The address has another form.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError(f"{address!r} is not an address", "Write host:port, such as 127.0.0.1:8787")
    return host.strip("[]"), int(port)


class OneToken:
    """Accepts one token, which is valid for this server only."""

    def __init__(self, token: str, resource: str) -> None:
        self._token = token.encode()
        self._resource = resource

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access that a token gives; None for a wrong token. The comparison takes constant time."""
        if not hmac.compare_digest(token.encode(), self._token):
            return None
        return AccessToken(token=token, client_id="labhand", scopes=[], resource=self._resource)
