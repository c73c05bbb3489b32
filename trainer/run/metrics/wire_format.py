"""The wire format of Protocol Buffers, as far as it takes to find some fields of a message.

The format: https://protobuf.dev/programming-guides/encoding. The library for it isn't among the runner's dependencies.
"""

from __future__ import annotations

from collections.abc import Iterator

from .samples import UnreadableError

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """The fields of a message: number, wire type, and value.

    The value is an integer for a varint, and bytes for the others.

    Raises:
        UnreadableError: The bytes are no message.
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield number, kind, value
            continue
        if kind == LENGTH:
            size, place = _varint(message, place)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise UnreadableError(f"a record has a field of the unknown type {kind}")
        end = place + size
        if end > len(message):
            raise UnreadableError("a record ends in the middle of a field")
        yield number, kind, message[place:end]
        place = end


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise UnreadableError("a record ends in the middle of a number")
