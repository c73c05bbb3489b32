"""TensorBoard's event files: records with checksums that hold messages of Protocol Buffers.

A record is its length (8 bytes, little-endian), the masked CRC-32C of the length, the data, and the masked CRC-32C of the data:
https://www.tensorflow.org/tutorials/load_data/tfrecord. An `Event` has `summary = 5`; a `Summary` has `value = 1`, several; a
`Value` has `tag = 1` and either `simple_value = 2` (a float) or `tensor = 8`, which is what TensorFlow 2 writes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from .found_files import open_file
from .samples import Sample, UnreadableError
from .wire_format import FIXED32, FIXED64, LENGTH, fields

MAX_RECORD_BYTES = 64 << 20
"""Images and histograms are records, too."""
_FLOAT, _DOUBLE = 1, 2
"""Numbers of the types of a tensor."""


def scalars(path: Path, tag: str) -> Iterator[Sample]:
    """The values of a scalar in an event file, in the order in which they were written.

    A record that isn't complete ends the file: the process may have been killed while it wrote.

    Raises:
        UnreadableError: The file is no event file, a checksum is wrong, or the file has scalars and none has this tag.
    """
    wanted = tag.encode()
    others: set[str] = set()
    has_it = False
    for data in records(path):
        for name, value, written in _values(data):
            if name == wanted:
                has_it = True
                yield Sample(repr(value), f"{path.name}: {tag} = {value:.6g}") if value is not None else Sample("", written)
            elif len(others) < 50:
                others.add(name.decode("utf-8", "replace"))
    if others and not has_it:
        raise UnreadableError(f"{path.name} has no scalar {tag!r}, but {', '.join(sorted(others)[:20])}")


def records(path: Path) -> Iterator[bytes]:
    """The data of the records of a file."""
    with open_file(path) as file:
        place = 0
        while len(header := file.read(12)) == 12:
            (size, checksum) = struct.unpack("<QI", header)
            if masked_checksum(header[:8]) != checksum:
                raise UnreadableError(f"{path.name} is no event file of TensorBoard, or damaged at byte {place}")
            if size > MAX_RECORD_BYTES:
                raise UnreadableError(
                    f"{path.name} has a record of {size >> 20} MiB, and {MAX_RECORD_BYTES >> 20} are the most"
                )
            data, footer = file.read(size), file.read(4)
            if len(data) < size or len(footer) < 4:
                return
            # Scalars are short. The checksum of a large image would take longer than reading the whole file.
            if size < 1 << 16 and struct.unpack("<I", footer)[0] != masked_checksum(data):
                raise UnreadableError(f"{path.name} is damaged: the checksum of the record at byte {place} is wrong")
            place += size + 16
            if size < 1 << 16:
                yield data


def _values(event: bytes) -> Iterator[tuple[bytes, float | None, str]]:
    """Tag, value, and a description of the values of an event's summary."""
    for number, kind, summary in fields(event):
        if (number, kind) == (5, LENGTH) and isinstance(summary, bytes):
            for inner, inner_kind, value in fields(summary):
                if (inner, inner_kind) == (1, LENGTH) and isinstance(value, bytes):
                    yield _value(value)


def _value(message: bytes) -> tuple[bytes, float | None, str]:
    tag, value = b"", None
    for number, kind, content in fields(message):
        if not isinstance(content, bytes):
            continue
        if (number, kind) == (1, LENGTH):
            tag = content
        elif (number, kind) == (2, FIXED32):
            (value,) = struct.unpack("<f", content)
        elif (number, kind) == (8, LENGTH):
            value = _tensor(content)
    return tag, value, f"{tag.decode('utf-8', 'replace')} is no scalar"


def _tensor(message: bytes) -> float | None:
    """The value of a tensor of one number: `dtype = 1`, `tensor_content = 4`, `float_val = 5`, `double_val = 6`."""
    dtype, raw, listed = 0, b"", b""
    for number, kind, content in fields(message):
        if number == 1 and isinstance(content, int):
            dtype = content
        elif number == 4 and isinstance(content, bytes):
            raw = content
        elif number in (5, 6) and kind in (LENGTH, FIXED32, FIXED64) and isinstance(content, bytes):
            listed = content
    form = {_FLOAT: "<f", _DOUBLE: "<d"}.get(dtype)
    data = raw or listed
    if form is None or len(data) != struct.calcsize(form):
        return None
    (value,) = struct.unpack(form, data)
    return float(value)


def _table() -> tuple[int, ...]:
    polynomial = 0x82F63B78  # Castagnoli, reversed
    entries: list[int] = []
    for byte in range(256):
        entry = byte
        for _ in range(8):
            entry = entry >> 1 ^ (polynomial if entry & 1 else 0)
        entries.append(entry)
    return tuple(entries)


_CRC = _table()


def masked_checksum(data: bytes) -> int:
    """CRC-32C, rotated and shifted by a constant, as record files have it."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC[(value ^ byte) & 0xFF] ^ value >> 8
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
