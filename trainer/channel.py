"""The channel between the runner and an experiment. A message is one JSON object, and may carry an open file.

| from | message | |
| --- | --- | --- |
| runner | `{"seed", "budget_seconds", "clock", "device", "vocabulary", "context", "output"}` | sent before anything else |
| experiment | `{"say": "ready"}` | start-up is over |
| runner | `{"tokens": n}` and a file of uint16 | the training data; the clock starts |
| experiment | `{"say": "report", "step", "loss", "tokens", "flops"}` | a point of the training curve |
| experiment | `{"say": "saved", "seconds"}` | the model is written; the runner stops the clock and ends the experiment |

Of processes that train together, the first one has this channel. It has another one to each of the others, to which it is what
the runner is to it: these say `joined` once they have begun, report nothing and save nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from array import array
from collections.abc import Mapping
from typing import Any, cast

MAX_MESSAGE_BYTES = 2**16
VARIABLE = "LABHAND_SESSION"
"""Environment variable that names the descriptor of the experiment's end."""


class BrokenChannelError(Exception):
    """The other side sent something that isn't a message, or closed its end while an answer was awaited."""


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
        """Close this end."""
        self.socket.close()

    def send(self, message: Mapping[str, Any], file: int | None = None) -> None:
        """Send a message, with an open file if one is given.

        Raises:
            BrokenChannelError: The other end is closed.
        """
        files = [] if file is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [file]))]
        try:
            self.socket.sendmsg([json.dumps(message).encode()], files)
        except OSError as error:
            raise BrokenChannelError(f"a message could not be sent: {error}") from error

    def receive(self) -> tuple[Mapping[str, Any], int | None] | None:
        """The next message and the file that came with it; None when the other end is closed.

        Raises:
            BrokenChannelError: What arrived isn't a JSON object.
            BlockingIOError: Nothing has arrived yet, and the socket doesn't block.
        """
        try:
            data, ancillary, _, _ = self.socket.recvmsg(MAX_MESSAGE_BYTES, socket.CMSG_SPACE(array("i").itemsize))
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
            raise BrokenChannelError(f"a message isn't JSON: {data[:80]!r}") from error
        if not isinstance(message, dict):
            raise BrokenChannelError(f"a message isn't a JSON object: {data[:80]!r}")
        return cast(dict[str, Any], message), file


def memory_file(name: str, content: bytes) -> int:
    """An anonymous file in memory, sealed so that no process can change it."""
    file = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(file), "wb") as writer:
        writer.write(content)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    return file
