"""What the database file promises to those who write it at once, and to those who stop in the middle."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import anyio
import pytest
from labhand.server.errors import ConflictError, SettingsError
from labhand.server.store.database import Database
from labhand.server.store.migrations import MIGRATIONS, schema, statements

pytestmark = pytest.mark.anyio


async def test_what_is_committed_is_there_for_the_next_one_who_opens(tmp_path: Path) -> None:
    first = await Database.open(tmp_path / "lab.db")
    async with first.transaction() as transaction:
        await transaction.execute("INSERT INTO facts VALUES ('id', 'a')")
    await first.close()
    second = await Database.open(tmp_path / "lab.db")
    assert [tuple(row) for row in await second.rows("SELECT * FROM facts")] == [("id", "a")]
    await second.close()


async def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "lab.db")

    async def stop_midway() -> None:
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO facts VALUES ('id', 'a')")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        await stop_midway()
    assert await database.rows("SELECT * FROM facts") == []
    await database.close()


async def test_a_transaction_that_is_cancelled_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "lab.db")
    with anyio.CancelScope() as scope:
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO facts VALUES ('id', 'a')")
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    async with database.transaction() as transaction:
        await transaction.execute("INSERT INTO facts VALUES ('id', 'b')")
    assert [row["value"] for row in await database.rows("SELECT value FROM facts")] == ["b"]
    await database.close()


async def test_tasks_of_one_process_write_one_after_the_other(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "lab.db")
    async with database.transaction() as transaction:
        await transaction.execute("INSERT INTO facts VALUES ('count', '0')")

    async def increment() -> None:
        async with database.transaction() as transaction:
            row = await transaction.row("SELECT value FROM facts")
            assert row is not None
            await transaction.execute("UPDATE facts SET value = ?", (str(int(row["value"]) + 1),))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(increment)
    assert [row["value"] for row in await database.rows("SELECT value FROM facts")] == ["20"]
    await database.close()


async def test_the_version_changes_when_someone_else_commits(tmp_path: Path) -> None:
    mine, other = await Database.open(tmp_path / "lab.db"), await Database.open(tmp_path / "lab.db")
    before = await mine.version()
    assert await mine.version() == before
    async with other.transaction() as transaction:
        await transaction.execute("INSERT INTO facts VALUES ('id', 'a')")
    assert await mine.version() != before
    await mine.close()
    await other.close()


async def test_two_that_open_at_once_make_one_database(tmp_path: Path) -> None:
    opened: list[Database] = []

    async def open_it() -> None:
        opened.append(await Database.open(tmp_path / "lab.db"))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(open_it)
    assert len(opened) == 4
    for database in opened:
        await database.close()


async def test_a_database_that_a_newer_labhand_wrote_is_refused(tmp_path: Path) -> None:
    newest = len(MIGRATIONS) + 1
    with sqlite3.connect(tmp_path / "lab.db") as connection:
        connection.execute(f"PRAGMA user_version = {newest + 1}")
    connection.close()
    with pytest.raises(SettingsError, match="newer labhand"):
        await Database.open(tmp_path / "lab.db")


async def test_the_schema_is_split_into_whole_statements() -> None:
    parts = statements(schema())
    assert all(sqlite3.complete_statement(part) for part in parts)
    assert sum("CREATE TRIGGER" in part for part in parts) == schema().count("CREATE TRIGGER")


async def test_what_is_committed_is_flushed_unless_it_can_be_found_out_again(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "lab.db")
    levels: list[int] = []
    for flush in (True, False, True):
        async with database.transaction(flush=flush) as transaction:
            row = await transaction.row("PRAGMA synchronous")
            assert row is not None
            levels.append(row[0])
    await database.close()
    full, normal = 2, 1
    assert levels == [full, normal, full]


async def test_nothing_is_written_into_a_database_whose_file_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    database = await Database.open(path)
    other = await Database.open(tmp_path / "copy.db")
    await other.close()
    (tmp_path / "copy.db").replace(path)
    assert database.is_replaced()
    with pytest.raises(ConflictError, match="replaced or removed"):
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO facts VALUES ('id', 'a')")
    await database.close()
