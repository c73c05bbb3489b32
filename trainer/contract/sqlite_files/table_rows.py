"""The rows of a table in a SQLite database file: a tree of pages, with the rows in its leaves."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from .database_pages import FILE_HEADER_BYTES, DatabasePages, UnreadableDatabaseError

Value = int | float | str | bytes | None

MAX_ROW_BYTES: Final = 16 << 20
_INTERIOR, _LEAF = 0x05, 0x0D
"""The first byte of the pages of a table. Those of an index, and of a table WITHOUT ROWID, have others."""
_INTEGER_BYTES: Final = (0, 1, 2, 3, 4, 6, 8)
"""By the number of a value's type."""
_FLOAT, _ZERO, _ONE, _TEXT_OR_BLOB = 7, 8, 9, 12
_MAX_VARINT_BYTES: Final = 9


def table_rows(pages: DatabasePages, root: int) -> Iterator[Sequence[Value]]:
    """The rows of a table by their row number, which is the order in which they were inserted.

    A column that was added after a row was written is missing in it, and one that is an `INTEGER PRIMARY KEY` is None.

    Args:
        pages: Of the database.
        root: The table's first page.

    Raises:
        UnreadableDatabaseError: The database is damaged, or a row is too large.
    """
    try:
        yield from _rows(pages, root)
    except (IndexError, struct.error):
        raise UnreadableDatabaseError("is damaged: a row leads out of its page") from None


def _rows(pages: DatabasePages, root: int) -> Iterator[Sequence[Value]]:
    waiting = [root]
    while waiting:
        number = waiting.pop()
        page = pages.take(number)
        start = FILE_HEADER_BYTES if number == 1 else 0
        kind, cells = page[start], int.from_bytes(page[start + 3 : start + 5])
        if kind == _LEAF:
            for place in _places(page, start + 8, cells):
                yield _record(_payload(pages, page, place))
        elif kind == _INTERIOR and cells < pages.count:
            children = [*_places(page, start + 12, cells), start + 8]
            waiting += [int.from_bytes(page[place : place + 4]) for place in reversed(children)]
        else:
            raise UnreadableDatabaseError(f"is damaged: page {number} is no page of a table")


def _places(page: bytes, start: int, cells: int) -> Sequence[int]:
    """Where the cells of a page begin."""
    return struct.unpack_from(f">{cells}H", page, start)


def _payload(pages: DatabasePages, page: bytes, place: int) -> bytes:
    """The bytes of a row, of which a long one is continued on further pages."""
    size, place = _varint(page, place)
    _, place = _varint(page, place)
    if size > MAX_ROW_BYTES:
        raise UnreadableDatabaseError(f"has a row of more than {MAX_ROW_BYTES >> 20} MiB")
    pages.use(size)
    here = _bytes_on_first_page(size, pages.usable_bytes)
    if place + here > pages.usable_bytes:
        raise IndexError
    parts = [page[place : place + here]]
    missing, link = size - here, page[place + here : place + here + 4]
    while missing > 0:
        page = pages.take(int.from_bytes(link))
        link = page[:4]
        parts.append(page[4 : min(4 + missing, pages.usable_bytes)])
        missing -= len(parts[-1])
    return b"".join(parts)


def _bytes_on_first_page(size: int, usable: int) -> int:
    longest = usable - 35
    if size <= longest:
        return size
    shortest = (usable - 12) * 32 // 255 - 23
    kept = shortest + (size - shortest) % (usable - 4)
    return kept if kept <= longest else shortest


def _record(payload: bytes) -> Sequence[Value]:
    end, place = _varint(payload, 0)
    body = end
    values: list[Value] = []
    while place < end:
        kind, place = _varint(payload, place)
        size = _size(kind)
        data = payload[body : body + size]
        if len(data) < size:
            raise IndexError
        values.append(_value(kind, data))
        body += size
    return values


def _size(kind: int) -> int:
    if kind >= _TEXT_OR_BLOB:
        return (kind - _TEXT_OR_BLOB) // 2
    if kind < len(_INTEGER_BYTES):
        return _INTEGER_BYTES[kind]
    return 8 if kind == _FLOAT else 0


def _value(kind: int, data: bytes) -> Value:
    if kind >= _TEXT_OR_BLOB:
        return data.decode("utf-8", "replace") if kind % 2 else data
    if kind == _FLOAT:
        (number,) = struct.unpack(">d", data)
        return float(number)
    if kind in (_ZERO, _ONE):
        return kind - _ZERO
    return int.from_bytes(data, signed=True) if data else None


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of one to nine bytes, and the place after it."""
    value = 0
    for _ in range(_MAX_VARINT_BYTES - 1):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    return value << 8 | data[place], place + 1
