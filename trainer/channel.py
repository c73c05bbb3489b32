"""How the runner and an experiment talk: one JSON object a message, with an open file beside it where one is handed over.

| from | message | |
| --- | --- | --- |
| runner | `{"seed", "budget_seconds", "clock", "device", "vocabulary", "context", "output"}` | waits when it starts |
| experiment | `{"say": "ready"}` | start-up is over |
| runner | `{"tokens": n}` and a file of uint16 | the training data; the clock runs |
| experiment | `{"say": "report", "step", "loss", "tokens", "flops"}` | how training goes |
| experiment | `{"say": "saved", "seconds"}` | the model is there; the runner stops the clock and ends the experiment |
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from array import array
from collections.abc import Mapping
from typing import Any, cast

LARGEST = 2**16
"""Bytes in a message."""
VARIABLE = "LABHAND_SESSION"
"""Environment variable that names the descriptor of the experiment's end."""


class BrokenChannelError(Exception):
    """The other side sent what is no message, or went away in the middle of a question."""


class Channel:
    """One end of a socket that keeps messages apart."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end

    @staticmethod
    def pair() -> tuple[Channel, Channel]:
        """Two connected ends."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return Channel(one), Channel(other)

    def close(self) -> None:
        """Let go of this end."""
        self.socket.close()

    def send(self, message: Mapping[str, Any], file: int | None = None) -> None:
        """Send a message, and hand over an open file with it.

        Raises:
            BrokenChannelError: Nobody is there to take it.
        """
        files = [] if file is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [file]))]
        try:
            self.socket.sendmsg([json.dumps(message).encode()], files)
        except OSError as error:
            raise BrokenChannelError(f"a message could not be sent: {error}") from error

    def receive(self) -> tuple[Mapping[str, Any], int | None] | None:
        """The next message and the file that came with it; None when the other end is closed.

        Raises:
            BrokenChannelError: What came is no JSON object.
            BlockingIOError: Nothing has come yet, and the socket doesn't block.
        """
        try:
            data, ancillary, _, _ = self.socket.recvmsg(LARGEST, socket.CMSG_SPACE(array("i").itemsize))
        except ConnectionError:
            return None
        if not data:
            return None
        file: int | None = None
        for _, _, content in ancillary:
            (file,) = array("i", content[: array("i").itemsize])
        try:
            message = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BrokenChannelError(f"a message is no JSON: {data[:80]!r}") from error
        if not isinstance(message, dict):
            raise BrokenChannelError(f"a message is no JSON object: {data[:80]!r}")
        return cast(dict[str, Any], message), file


def memory_file(name: str, content: bytes) -> int:
    """An anonymous file in memory, sealed so that nobody changes it any more."""
    file = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(file), "wb") as writer:
        writer.write(content)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    return file
