"""The rows of a table are those that SQLite's own library returns, and a file made to attack the reader ends with an error."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from labhand.trainer.contract.sqlite_files.database_pages import DatabasePages, UnreadableDatabaseError
from labhand.trainer.contract.sqlite_files.table_rows import Value, table_rows

NUMBERS: list[Value] = [None, 0, 1, -1, 127, -129, 2**15, -(2**23), 2**31, 2**47, -(2**63), 2**63 - 1, 0.5, -1e300]


def write(path: Path, rows: list[tuple[Value, ...]], page_bytes: int) -> int:
    """Write rows to a table, and return its first page."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {page_bytes}")
        connection.execute("CREATE TABLE t (a, b, c)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        connection.commit()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 't'").fetchone()
    assert isinstance(root, int)
    return root


@pytest.mark.parametrize("page_bytes", [512, 1024, 4096, 65536])
def test_rows_of_any_type_and_length_are_those_that_were_written(tmp_path: Path, page_bytes: int) -> None:
    chosen = random.Random(page_bytes)  # noqa: S311 - chooses what to write, and keeps no secret
    sizes = [0, 1, page_bytes // 4, page_bytes - 40, page_bytes - 35, page_bytes, 3 * page_bytes + 7]
    rows: list[tuple[Value, ...]] = [
        (chosen.choice(NUMBERS), "ä" * (chosen.choice(sizes) // 2), bytes([chosen.randrange(256)]) * chosen.choice(sizes))
        for _ in range(300)
    ]
    rows += [(number, None, None) for number in range(3000)]
    root = write(tmp_path / "a.db", rows, page_bytes)
    pages = DatabasePages((tmp_path / "a.db").read_bytes())
    assert [tuple(row) for row in table_rows(pages, root)] == rows


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_read_or_refused_and_nothing_else_happens(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - chooses what to write, and keeps no secret
    root = write(tmp_path / "a.db", [(number, "x" * (number % 900), b"") for number in range(300)], 512)
    sound = (tmp_path / "a.db").read_bytes()
    refused = 0
    for _ in range(150):
        content = bytearray(sound)
        for _ in range(chosen.choice((1, 5, 200))):
            content[chosen.randrange(len(content))] = chosen.choice((0, 1, 5, 13, 127, 255))
        with suppress(UnreadableDatabaseError):
            refused += 1
            assert len(list(table_rows(DatabasePages(bytes(content)), root))) <= len(sound)
            refused -= 1
    assert 0 < refused < 150


def test_pages_that_lead_in_a_circle_end_the_reading(tmp_path: Path) -> None:
    root = write(tmp_path / "a.db", [(number, "x" * 100, None) for number in range(100)], 512)
    content = bytearray((tmp_path / "a.db").read_bytes())
    start = (root - 1) * 512
    assert content[start] == 0x05
    content[start + 8 : start + 12] = root.to_bytes(4)  # the last child is the page itself
    with pytest.raises(UnreadableDatabaseError, match=f"page {root} has two places"):
        list(table_rows(DatabasePages(bytes(content)), root))


def test_rows_that_share_their_bytes_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    root = write(tmp_path / "a.db", [(None, "x" * 60_000, None)], 65536)
    content = bytearray((tmp_path / "a.db").read_bytes())
    start = (root - 1) * 65536
    place = content[start + 8 : start + 10]
    content[start + 3 : start + 5] = (2500).to_bytes(2)
    content[start + 8 : start + 8 + 5000] = place * 2500
    with pytest.raises(UnreadableDatabaseError, match="its rows have more bytes than the file"):
        list(table_rows(DatabasePages(bytes(content)), root))
