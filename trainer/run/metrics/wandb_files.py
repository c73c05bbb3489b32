"""The record files of W&B's offline runs, `wandb/offline-run-*/run-*.wandb`: LevelDB's log format with Protocol Buffers.

The file begins with 7 bytes (`:W&B`, a magic number, a version). Blocks of 32 KiB follow; the first is 7 bytes shorter. A part
of a record is a checksum (4 bytes), its length (2 bytes), its kind (1: whole, 2: first, 3: middle, 4: last), and the data. A
`Record` has `history = 2`; a `HistoryRecord` has `item = 1`, several; an item has `key = 1`, `nested_key = 2`, several, and
`value_json = 16`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from zlib import crc32

from .found_files import open_file
from .samples import Sample, UnreadableError, as_text, at_path
from .wire_format import LENGTH, fields

_HEADER, _BLOCK = 7, 32 << 10
_IDENTITY = b":W&B"
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
MAX_RECORD_BYTES = 16 << 20


def history(path: Path, key: str) -> Iterator[Sample]:
    """The values that a run logged under a key, in their order.

    Raises:
        UnreadableError: The file isn't W&B's, or damaged.
    """
    for record in _records(path):
        for number, kind, content in fields(record):
            if (number, kind) == (2, LENGTH) and isinstance(content, bytes):
                yield from _logged(content, key, path.name)


def _logged(row: bytes, key: str, file: str) -> Iterator[Sample]:
    for number, kind, item in fields(row):
        if (number, kind) == (1, LENGTH) and isinstance(item, bytes):
            names, text = _item(item)
            name = ".".join(names)
            if name != key and not key.startswith(f"{name}."):
                continue
            try:
                value: object = json.loads(text)
            except (ValueError, RecursionError):
                continue
            for each in [value] if name == key else at_path(value, key[len(name) + 1 :]):
                yield Sample(as_text(each), f"{file}: {key} = {as_text(each)}")


def _item(message: bytes) -> tuple[list[str], str]:
    names: list[str] = []
    text = ""
    for number, _, content in fields(message):
        if number in (1, 2) and isinstance(content, bytes) and content:
            names.append(content.decode("utf-8", "replace"))
        elif number == 16 and isinstance(content, bytes):
            text = content.decode("utf-8", "replace")
    return names, text


def _records(path: Path) -> Iterator[bytes]:
    """The records of a file. One that isn't complete ends it: the process may have been killed while it wrote."""
    record = b""
    with open_file(path) as file:
        for kind, data in _parts(file, path.name):
            record = data if kind in (_WHOLE, _FIRST) else record + data
            if len(record) > MAX_RECORD_BYTES:
                raise UnreadableError(f"{path.name} has a record of more than {MAX_RECORD_BYTES >> 20} MiB")
            if kind in (_WHOLE, _LAST):
                yield record


def _parts(file: BufferedReader, name: str) -> Iterator[tuple[int, bytes]]:
    """Kind and data of the parts of records."""
    if not file.read(_HEADER).startswith(_IDENTITY):
        raise UnreadableError(f"{name} is no record file of W&B")
    room = _BLOCK - _HEADER
    while True:
        if room < _HEADER:  # the rest of a block that holds no header is empty
            file.read(room)
            room = _BLOCK
        header = file.read(_HEADER)
        if len(header) < _HEADER:
            return
        checksum, size, kind = struct.unpack("<IHB", header)
        data = file.read(size)
        if len(data) < size:
            return
        if kind not in (_WHOLE, _FIRST, _MIDDLE, _LAST) or crc32(data, crc32(bytes([kind]))) != checksum:
            raise UnreadableError(f"{name} is damaged: the checksum of a record is wrong")
        room -= _HEADER + size
        yield kind, data
