"""The database file: opened, brought to the newest version, read by many and written by one at a time.

Two connections a process: reads never wait for a write, and a write transaction holds a lock of its own, so that two tasks
can't interleave statements in it. Other processes are kept apart by SQLite (WAL, `BEGIN IMMEDIATE`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import aiosqlite
import anyio

from ..errors import ConflictError
from ..file_systems import refuse_unsafe_file_system
from .migrations import MIGRATIONS, missing_statements

Row = sqlite3.Row
Parameters = Sequence[Any] | Mapping[str, Any]
"""By place, or by name."""


BUSY_SECONDS = 30.0
"""How long a write waits for another process's transaction."""


class Database:
    """One process's view of a lab's database. Make it with `Database.open`."""

    def __init__(self, path: Path, reader: aiosqlite.Connection, writer: aiosqlite.Connection, opened: AsyncExitStack) -> None:
        self._path = path
        self._file = _file_number(path)
        self._opened = opened
        self._reader = reader
        self._writer = writer
        self._writing = anyio.Lock()

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open the database at `path`, making it and bringing it up to date where needed.

        Raises:
            SettingsError: It lies on a file system that can't keep it safe, or a newer labhand wrote it.
        """
        refuse_unsafe_file_system(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as opened:
            writer = await opened.enter_async_context(_connected(path))
            await _migrate(writer, path)
            reader = await opened.enter_async_context(_connected(path))
            return cls(path, reader, writer, opened.pop_all())

    async def close(self) -> None:
        """Close both connections."""
        await self._opened.aclose()

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query."""
        return list(await self._reader.execute_fetchall(sql, parameters))

    async def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of a query."""
        rows = await self.rows(sql, parameters)
        return rows[0] if rows else None

    async def version(self) -> int:
        """A number that changes whenever another connection has committed: cheap to poll."""
        rows = await self.row("PRAGMA data_version")
        return int(rows[0]) if rows else 0

    def is_replaced(self) -> bool:
        """Whether another file has taken the place of the one that is open, as happens when a copy is put back."""
        return _file_number(self._path) != self._file

    @asynccontextmanager
    async def transaction(self, *, flush: bool = True) -> AsyncGenerator[Transaction]:
        """A write transaction: committed when the block ends, rolled back when it raises or is cancelled.

        Args:
            flush: Wait until the changes are on the disk, so that they survive a power failure. Without it a power failure may
                take back the newest transactions; for what can be found out again, such as how far a run is.

        Raises:
            ConflictError: The file was replaced while it was open, so that what is written would be lost.
        """
        if self.is_replaced():
            raise ConflictError(
                f"{self._path} was replaced or removed while labhand had it open, and nothing was written",
                "Restart this process, so that it opens the new file: reconnect the MCP client, or start labhand serve again",
            )
        async with self._writing:
            await self._writer.execute(f"PRAGMA synchronous = {'FULL' if flush else 'NORMAL'}")
            await self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._writer)
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self._writer.rollback()
                raise
            with anyio.CancelScope(shield=True):
                await self._writer.commit()


class Transaction:
    """Statements inside one write transaction."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement, and return the number of rows that it changed."""
        async with self._connection.execute(sql, parameters) as cursor:
            return cursor.rowcount

    async def insert(self, sql: str, parameters: Parameters = ()) -> int:
        """Insert a row, and return its number."""
        async with self._connection.execute(sql, parameters) as cursor:
            return cursor.lastrowid or 0

    async def many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run a statement once for each set of parameters."""
        await self._connection.executemany(sql, parameters)

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query, this transaction's own changes included."""
        return list(await self._connection.execute_fetchall(sql, parameters))

    async def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of a query, this transaction's own changes included."""
        rows = await self.rows(sql, parameters)
        return rows[0] if rows else None


Reader: TypeAlias = Database | Transaction
"""What a question can be asked of; inside a transaction the answer counts that transaction's own changes."""


@asynccontextmanager
async def _connected(path: Path) -> AsyncGenerator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None, timeout=BUSY_SECONDS) as connection:
        connection.row_factory = sqlite3.Row
        await _write_ahead(connection)
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "mmap_size = 268435456"):
            await connection.execute(f"PRAGMA {pragma}")
        yield connection


def _file_number(path: Path) -> tuple[int, int] | None:
    """What tells a file from another with the same name; None if there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


async def _write_ahead(connection: aiosqlite.Connection) -> None:
    """Put the file into WAL mode, where it stays.

    Of those who do this to a new file at once SQLite refuses some, without waiting: each would wait for the others.
    """
    patience = anyio.current_time() + BUSY_SECONDS
    while True:
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or anyio.current_time() > patience:
                raise
            await anyio.sleep(0.01)
        else:
            return


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    newest = len(MIGRATIONS) + 1
    if await _version(connection) == newest:
        return
    await connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in missing_statements(await _version(connection), newest, path):
            await connection.execute(statement)
        await connection.execute(f"PRAGMA user_version = {newest}")
    except BaseException:
        await connection.rollback()
        raise
    await connection.commit()


async def _version(connection: aiosqlite.Connection) -> int:
    rows = list(await connection.execute_fetchall("PRAGMA user_version"))
    return int(rows[0][0])
