"""Serving one client over standard input and output."""

from __future__ import annotations

import os
import signal
from contextvars import Context
from types import TracebackType
from typing import Self

import anyio
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCError
from pydantic import ValidationError

from ..app import build
from ..lab_context import LabHandle
from .envelopes import not_a_message, not_json


def serve_stdio(handle: LabHandle, *, read_only: bool = False) -> None:
    """Serve one client over standard input and output until it closes them or a signal arrives. Doesn't return."""
    anyio.run(_serve_until_closed, build(handle, read_only=read_only))
    # The SDK reads standard input on a thread that nothing can interrupt, and the interpreter would wait for it.
    os._exit(0)


async def _serve_until_closed(server: MCPServer[LabHandle]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_leave_on_signal)
        await _serve(server)
        tasks.cancel_scope.cancel()


async def _leave_on_signal() -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for _ in signals:
            # Clients kill a server 100 ms after the signal. What a tool has answered is on disk already.
            os._exit(0)


async def _serve(server: MCPServer[LabHandle]) -> None:
    """Serve as `MCPServer.run_stdio_async` does, and answer lines that are no messages, which the SDK drops."""
    lowlevel = server._lowlevel_server  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - no public way to choose streams
    async with stdio_server() as (incoming, outgoing):
        await lowlevel.run(AnsweredStream(incoming, outgoing), outgoing, lowlevel.create_initialization_options())


class AnsweredStream:
    """The messages of a client. A line that is no message is answered with an error and left out.

    It has the methods of the SDK's own stream, which it reads.
    """

    def __init__(
        self, incoming: ContextReceiveStream[SessionMessage | Exception], outgoing: ContextSendStream[SessionMessage]
    ) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    @property
    def last_context(self) -> Context | None:
        """The context in which the last message was sent."""
        return self._incoming.last_context

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message.

        Raises:
            anyio.EndOfStream: The client has closed its side.
        """
        while True:
            item = await self._incoming.receive()
            if not isinstance(item, ValidationError):
                return item
            if (answer := _answer(item)) is not None:
                await self._outgoing.send(SessionMessage(answer))

    async def aclose(self) -> None:
        """Close the stream."""
        await self._incoming.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        await self.aclose()
        return None


def _answer(error: ValidationError) -> JSONRPCError | None:
    """Return the answer to a line that the SDK can't read; None for an empty line."""
    faults = error.errors(include_url=False)
    if faults[0]["type"] == "json_invalid":
        return not_json(faults[0]["msg"]) if str(faults[0]["input"]).strip() else None
    # The faults whose input is the whole message: a value that is no object, or a field of the object that is missing.
    whole: list[object] = [
        fault["input"] for fault in faults if fault["type"] != "missing" or len(fault["loc"]) == len(("model", "field"))
    ]
    return not_a_message(max(whole, key=lambda value: isinstance(value, dict)) if whole else {})
