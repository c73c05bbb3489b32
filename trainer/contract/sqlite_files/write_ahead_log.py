"""SQLite's write-ahead log, `NAME-wal`: pages that were committed and aren't in the database file yet.

A process that was killed leaves one behind. It has a header of 32 bytes and frames: a header of 24 bytes and a page. The first
frame whose salt or checksum is wrong ends it: what follows is the rest of an earlier log. Pages count up to the last frame that
ends a transaction: https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

from __future__ import annotations

import struct
from typing import Final

_HEADER_BYTES: Final = 32
_FRAME_HEADER_BYTES: Final = 24
_MAGIC: Final = {0x377F0682: "<", 0x377F0683: ">"}
"""The byte order of the numbers that a checksum is of."""


def committed_pages(log: bytes, page_bytes: int) -> dict[int, bytes]:
    """The last committed content of each page in a log.

    Args:
        log: The log's content, which may be empty, cut off, or no log at all: then it has no pages.
        page_bytes: The size of the database's pages.
    """
    if len(log) < _HEADER_BYTES:
        return {}
    magic, _, size = struct.unpack(">III", log[:12])
    order = _MAGIC.get(magic)
    if order is None or size != page_bytes:
        return {}
    sums = _checksum(order, (0, 0), log[:24])
    if struct.pack(">II", *sums) != log[24:_HEADER_BYTES]:
        return {}
    committed: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    frame_bytes = _FRAME_HEADER_BYTES + page_bytes
    for start in range(_HEADER_BYTES, len(log) - frame_bytes + 1, frame_bytes):
        header = log[start : start + _FRAME_HEADER_BYTES]
        page = log[start + _FRAME_HEADER_BYTES : start + frame_bytes]
        sums = _checksum(order, _checksum(order, sums, header[:8]), page)
        if header[8:16] != log[16:24] or struct.pack(">II", *sums) != header[16:]:
            break
        number, pages_after_commit = struct.unpack(">II", header[:8])
        pending[number] = page
        if pages_after_commit:
            committed |= pending
            pending.clear()
    return committed


def _checksum(order: str, sums: tuple[int, int], data: bytes) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for place in range(0, len(words), 2):
        first = first + words[place] + second & 0xFFFFFFFF
        second = second + words[place + 1] + first & 0xFFFFFFFF
    return first, second
