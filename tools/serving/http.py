"""Serving any number of clients over streamable HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.transport_security import (
    DEFAULT_MAX_REQUEST_BODY_SIZE,
    RequestBodyLimitMiddleware,
    TransportSecuritySettings,
)
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config, Server

from ...server.errors import SettingsError
from ...server.http_settings import Http
from ..app import build
from ..lab_context import LabHandle
from .caller_tokens import CallerTokens
from .connections import BoundedConnection
from .envelopes import check_text
from .hosts import AllowedHosts, HostCheck, is_loopback

PATH = "/mcp"
MAX_SESSIONS = 200
"""Sessions at once. Only clients of the protocol before 2026-07-28 have sessions."""
SESSION_IDLE_SECONDS = 1800.0
"""A session that sends no request for so long, and holds no stream open, ends; its client begins a new one."""
SHUTDOWN_SECONDS = 3
"""How long open streams may delay the server's end."""


def serve_http(
    handle: LabHandle, address: str, settings: Http, *, read_only: bool = False, page: Starlette | None = None
) -> None:
    """Serve any number of clients at `http://ADDRESS/mcp`, until interrupted.

    Args:
        handle: The lab.
        address: Host and port.
        settings: Who may call, and under which names the server is reached.
        read_only: Offer only the tools that change nothing.
        page: The dashboard, served at `/`.

    Raises:
        SettingsError: The address can't be used, or others reach the server and it has no token.
    """
    host, port = parse_address(address)
    hashes = settings.token_hashes()
    if not hashes and (not is_loopback(host) or settings.hosts):
        reached = f"at {address}" if not is_loopback(host) else f"as {', '.join(settings.hosts)}"
        raise SettingsError(
            f"Serving {reached} without a token would let anyone who reaches this machine spend its GPU-hours",
            "`labhand token NAME` makes a token for a caller and the line for [http.tokens] in labhand.toml;"
            " or serve at 127.0.0.1, without hosts",
        )
    allowed = AllowedHosts(host, settings.hosts)
    run_app(http_app(handle, allowed, hashes, read_only=read_only, page=page), host, port)


def serve_page(page: Starlette, address: str, settings: Http) -> None:
    """Serve the dashboard alone, until interrupted.

    Raises:
        SettingsError: The address can't be used.
    """
    host, port = parse_address(address)
    run_app(HostCheck(page, AllowedHosts(host, settings.hosts)), host, port)


def run_app(app: ASGIApp, host: str, port: int) -> None:
    """Serve an application until interrupted."""
    config = Config(
        app,
        host=host,
        port=port,
        http=BoundedConnection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    anyio.run(Server(config).serve)


def http_app(
    handle: LabHandle,
    allowed: AllowedHosts,
    hashes: Mapping[str, str],
    *,
    read_only: bool = False,
    page: Starlette | None = None,
) -> ASGIApp:
    """Return the application: the checks of a request from the outside in, then the SDK's session manager.

    The SDK's own check of hosts takes `localhost:1.evil.example` for localhost, so it is off.

    Args:
        handle: The lab.
        allowed: The hosts to answer to.
        hashes: See `CallerTokens`; without any, every client is let in and says itself who it is.
        read_only: Offer only the tools that change nothing.
        page: The dashboard, which has a login of its own.
    """
    server = build(handle, read_only=read_only)
    server.streamable_http_app(
        session_idle_timeout=SESSION_IDLE_SECONDS,
        max_sessions=MAX_SESSIONS,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    manager = server.session_manager
    checked: ASGIApp = RequestBodyLimitMiddleware(MessageCheck(manager.handle_request), DEFAULT_MAX_REQUEST_BODY_SIZE)
    if hashes:
        # A session belongs to the client_id of the token that opened it: the session manager compares them.
        checked = RequireAuthMiddleware(checked, [])
        checked = AuthenticationMiddleware(AuthContextMiddleware(checked), BearerAuthBackend(CallerTokens(hashes)))
    routes: list[BaseRoute] = [Route(PATH, endpoint=Endpoint(checked)), *([Mount("/", app=page)] if page else [])]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as running:
            await running.enter_async_context(manager.run())
            if page is not None:  # a mounted application isn't started by itself
                await running.enter_async_context(page.router.lifespan_context(page))
            yield

    return HostCheck(Starlette(routes=routes, lifespan=lifespan), allowed)


class Endpoint:
    """An application as the endpoint of a route, for all methods: starlette takes a function for a handler of requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._app(scope, receive, send)


class MessageCheck:
    """Answers a body that is no JSON-RPC message. A client that leaves before its body has arrived gets no answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return
        if (fault := check_text(body)) is not None:
            answer = fault.model_dump_json(by_alias=True, exclude_unset=True)
            await Response(answer, 400, media_type="application/json")(scope, receive, send)
            return
        await self._app(scope, _replaying(body, receive), send)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return what receives a body that was already read, and then what `receive` does."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def parse_address(address: str) -> tuple[str, int]:
    """Return host and port of `host:port`; the host of `[::1]:8787` is `::1`.

    Raises:
        SettingsError: The address has another form.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError(f"{address!r} is not an address", "Write host:port, such as 127.0.0.1:8787")
    return host.strip("[]"), int(port)
