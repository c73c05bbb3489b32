"""Rows of one length, packed from documents: each row begins with BOS, each is full, and no text is dropped.

```python
tokens = session.ready()
rows = PackedRows(tokens, LENGTH + 1)
batch = rows.take(BATCH_SIZE)           # inputs are batch[:, :-1], and the tokens that follow them batch[:, 1:]
```
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DOCUMENTS_AT_HAND = 1024
"""From which the next piece of a row is chosen: the more there are, the fewer documents are cut."""
SCANNED = 1 << 20
"""Tokens that are looked through at once for the beginnings of documents."""


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """A document, or what is left of one.

    Attributes:
        length: In tokens, with the BOS that it begins with.
        start: In the stream, of its first token after BOS.
    """

    length: int
    start: int


class PackedRows:
    """The rows of a stream, for as many passes over it as are asked for.

    A row takes the longest document at hand that fits into what is left of it, and so on until it is full. Where none fits, the
    longest is cut: its rest begins with a BOS of its own, and is a document like the others. A random cut of the stream, in
    comparison, begins in the middle of a document almost always, and reads some text twice before other text once.

    Args:
        stream: uint16, documents one after another, each beginning with BOS, as `session.ready()` returns them.
        length: Of a row, in tokens; 2 or more.

    Attributes:
        at_hand: What was read of the stream and stands in no row yet, from the shortest to the longest.
        passes: How often the stream was read to its end.

    Raises:
        ValueError: The stream is empty, or the length is below 2.
    """

    def __init__(self, stream: NDArray[np.uint16], length: int) -> None:
        if not len(stream):
            raise ValueError("The stream has no tokens")
        if length < 2:
            raise ValueError(f"A row has 2 tokens or more, not {length}")
        self._stream, self._length, self._bos = stream, length, int(stream[0])
        self._beginnings = np.empty(0, np.int64)
        self._scanned = 0
        self.at_hand: list[Piece] = []
        self.passes = 0

    def take(self, count: int) -> NDArray[np.uint16]:
        """The next rows, [count, length]."""
        rows = np.empty((count, self._length), np.uint16)
        for row in rows:
            self._fill(row)
        return rows

    def _fill(self, row: NDArray[np.uint16]) -> None:
        filled = 0
        while filled < len(row):
            piece = self._next_piece(len(row) - filled)
            row[filled] = self._bos
            end = filled + piece.length
            row[filled + 1 : end] = self._stream[piece.start : piece.start + piece.length - 1]
            filled = end

    def _next_piece(self, room: int) -> Piece:
        """Take the longest document that fits, or the beginning of the longest one."""
        while len(self.at_hand) < DOCUMENTS_AT_HAND:
            insort(self.at_hand, self._read())
        place = bisect_right(self.at_hand, room, key=lambda piece: piece.length)
        if place:
            return self.at_hand.pop(place - 1)
        cut = self.at_hand.pop()
        insort(self.at_hand, Piece(cut.length - room + 1, cut.start + room - 1))
        return Piece(room, cut.start)

    def _read(self) -> Piece:
        """The next document of the stream, which begins anew at its end."""
        while len(self._beginnings) < 2 and self._scanned < len(self._stream):
            found = np.flatnonzero(self._stream[self._scanned : self._scanned + SCANNED] == self._bos) + self._scanned
            self._beginnings = np.concatenate([self._beginnings, found])
            self._scanned = min(len(self._stream), self._scanned + SCANNED)
        start = int(self._beginnings[0])
        if len(self._beginnings) > 1:
            end = int(self._beginnings[1])
            self._beginnings = self._beginnings[1:]
        else:
            end, self._scanned, self._beginnings = len(self._stream), 0, self._beginnings[:0]
            self.passes += 1
        return Piece(end - start, start + 1)
