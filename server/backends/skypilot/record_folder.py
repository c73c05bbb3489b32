"""Records on the disk, a JSON file each, that the process which owns them also holds in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from ....trainer.contract.files import write_whole
from .state import ClusterRecord, Placement

Record = TypeVar("Record", bound=ClusterRecord | Placement)


class RecordFolder(Generic[Record]):
    """A folder of records of one kind, by name.

    The files are the record: every change is written before it counts. Reading all of them takes milliseconds for a hundred
    records, so the process that owns the folder calls `load` once and is then answered from memory. Any other process reads
    the files each time. It may not write while another process owns the folder, since the owner would not see it.

    Args:
        path: The folder; it is made if it doesn't exist.
        kind: The class of the records.
    """

    def __init__(self, path: Path, kind: type[Record]) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._kind = kind
        self._loaded: dict[str, Record] | None = None

    def load(self) -> None:
        """Hold the records in memory from now on."""
        self._loaded = self._read_all()

    def unload(self) -> None:
        """Read the files again from now on."""
        self._loaded = None

    def all(self) -> list[Record]:
        """Return all records, in no particular order."""
        return list((self._read_all() if self._loaded is None else self._loaded).values())

    def get(self, name: str) -> Record | None:
        """Return a record; None if none has this name."""
        return self._read(self._file(name)) if self._loaded is None else self._loaded.get(name)

    def put(self, name: str, record: Record) -> None:
        """Write a record, in one step."""
        # A cluster costs money until it is ended: its record survives a power failure. A placement is found out anew.
        write_whole(self._file(name), json.dumps(asdict(record)), flush=isinstance(record, ClusterRecord))
        if self._loaded is not None:
            self._loaded[name] = record

    def remove(self, name: str) -> None:
        """Remove a record, if it exists."""
        self._file(name).unlink(missing_ok=True)
        if self._loaded is not None:
            self._loaded.pop(name, None)

    def _file(self, name: str) -> Path:
        return self._path / f"{name}.json"

    def _read_all(self) -> dict[str, Record]:
        files = self._path.glob("*.json")
        return {file.stem: record for file in files if (record := self._read(file)) is not None}

    def _read(self, file: Path) -> Record | None:
        try:
            fields: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            return None
        return self._kind(**fields)
