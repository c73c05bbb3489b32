"""Connections that are bounded in number, and in the time in which a request has to arrive.

An open connection costs memory and a file descriptor. uvicorn bounds only the time between two requests.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
from typing_extensions import override
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

REQUEST_SECONDS = 15.0
"""The time in which a whole request must arrive, from the connection's start or from the request's first byte."""
MAX_UNFINISHED = 100
"""Connections at once whose request hasn't arrived whole. One more closes the oldest of them."""
MAX_CONNECTIONS = 500
"""Connections at once: below the usual limit of 1,024 open files of a process."""
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedConnection(H11Protocol):
    """A connection that is closed unless its requests arrive whole in time."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def deadline(self) -> float | None:
        """When the request must have arrived, in seconds of the loop's clock; None while none is expected."""
        return self._deadline.when() if self._deadline is not None else None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        connections = cast("set[object]", self.connections)  # of websockets' classes too, which aren't installed
        own = [connection for connection in connections if isinstance(connection, BoundedConnection)]
        unfinished = [
            (connection.deadline, id(connection), connection) for connection in own if connection.deadline is not None
        ]
        if len(unfinished) > MAX_UNFINISHED:
            min(unfinished)[-1].end_request()

    @override
    def data_received(self, data: bytes) -> None:
        if self._deadline is None and self._is_unfinished():
            self._expect_request()
        super().data_received(data)
        self._stop_if_arrived()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def end_request(self) -> None:
        """Close the connection, whose request hasn't arrived."""
        self._stop()
        if self.transport.is_closing():
            return
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request, whatever its declaration says
        if cycle is None or not cycle.response_started:
            self.transport.write(TIMED_OUT)
        self.transport.close()

    def _expect_request(self) -> None:
        self._stop()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.end_request)

    def _is_unfinished(self) -> bool:
        return self.conn.their_state in {h11.IDLE, h11.SEND_BODY}

    def _stop_if_arrived(self) -> None:
        if not self._is_unfinished():
            self._stop()

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
