"""The log of an experiment's output: all of a short one, the beginning and the end of a long one."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import IO

HEAD_BYTES = 8 * 2**20
TAIL_BYTES = 2**18


class Log:
    """A `log.txt` of bounded size. Output past its head is held in memory, and the end of it is written on closing.

    Args:
        path: Of the file.
        echo: Also gets all that is written.
    """

    def __init__(self, path: Path, echo: IO[bytes] | None = None) -> None:
        self._echo = echo
        self._file = path.open("w+b", buffering=0)
        self._room = HEAD_BYTES
        self._tail = bytearray()
        self._left_out = 0

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Append output."""
        if self._echo is not None:
            self._echo.write(data)
            self._echo.flush()
        head, rest = data[: self._room], data[self._room :]
        self._file.write(head)
        self._room -= len(head)
        self._tail += rest
        if len(self._tail) > 2 * TAIL_BYTES:
            self._trim()

    def _trim(self) -> None:
        excess = max(0, len(self._tail) - TAIL_BYTES)
        self._left_out += excess
        del self._tail[:excess]

    def text(self) -> str:
        """The output so far; text that a carriage return overwrote becomes lines of its own.

        Where a part of a long output is left out, the lines that are cut off by that are left out too: `best_loss: 1` must not
        be read as `loss: 1`.
        """
        # By the open file: without a sandbox an experiment can put something else in its place.
        head, tail = os.pread(self._file.fileno(), HEAD_BYTES, 0), bytes(self._tail)
        if self._left_out:
            head, tail = head.rpartition(b"\n")[0] + b"\n", tail.partition(b"\n")[2]
        return (head + tail).decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")

    def beginning(self, size: int) -> str:
        """The first bytes of the output so far, at most `size` of them."""
        return os.pread(self._file.fileno(), size, 0).decode("utf-8", errors="replace")

    def close(self) -> None:
        """Write the end of a long output, and close the file."""
        if self._file.closed:
            return
        self._trim()
        if self._left_out:
            self._file.write(f"\n[{self._left_out} bytes left out]\n".encode())
        self._file.write(self._tail)
        self._file.close()
