"""Messages of any length, with open files, over a stream between two processes of labhand that trust each other."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

MAX_FILES = 64
"""Open files that one message carries at most."""
_LENGTH = struct.Struct("!Q")


def send_message(end: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send a JSON object and open files.

    Raises:
        OSError: The other end is closed, or took too long.
    """
    content = json.dumps(message).encode()
    socket.send_fds(end, [_LENGTH.pack(len(content))], files)
    end.sendall(content)


def receive_message(end: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message, and the files that came with it; None when the other end is closed.

    The files are closed when another program is executed.

    Raises:
        OSError: It took too long.
    """
    head, files, _, _ = socket.recv_fds(end, _LENGTH.size, MAX_FILES, socket.MSG_CMSG_CLOEXEC | socket.MSG_WAITALL)
    if len(head) < _LENGTH.size:
        return None
    left = _LENGTH.unpack(head)[0]
    parts: list[bytes] = []
    while left:
        part = end.recv(min(left, 1 << 20))
        if not part:
            return None
        parts.append(part)
        left -= len(part)
    message: dict[str, Any] = json.loads(b"".join(parts))
    return message, files
