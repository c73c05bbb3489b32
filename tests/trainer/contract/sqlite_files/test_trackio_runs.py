"""What trackio's newest run logged is found in its database, and anything else is refused with the reason."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from labhand.trainer.contract.sqlite_files.database_pages import UnreadableDatabaseError
from labhand.trainer.contract.sqlite_files.trackio_runs import newest_run

from tests.trackio_project import METRICS, log, open_project, write_project

MAX_BYTES = 64 << 20
DEEP = "INSERT INTO metrics VALUES ('a', replace(hex(zeroblob(50000)), '0', '['))"
LONG = "INSERT INTO metrics VALUES ('a', '{\"loss\": ' || replace(hex(zeroblob(4500)), '0', '9') || '}')"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "trackio" / "demo.db"


@pytest.fixture
def killed(project: Path, tmp_path: Path) -> Iterator[Path]:
    """A project as a killed process leaves it: the last two calls lie in the write-ahead log alone."""
    with closing(open_project(tmp_path / "live.db")) as connection:
        log(connection, [("a", {"loss": 3})])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        log(connection, [("b", {"loss": 2})])
        log(connection, [("b", {"loss": 0.5})])
        project.parent.mkdir()
        for ending in ("", "-wal"):
            shutil.copy(tmp_path / f"live.db{ending}", project.with_name(f"demo.db{ending}"))
        yield project


def test_the_run_to_which_a_value_was_logged_last_counts(project: Path) -> None:
    write_project(project, [("a", {"loss": 3}), ("b", {"loss": 2}), ("a", {"loss": float("nan")}), ("b", {"loss": 1.5})])
    assert newest_run(project, MAX_BYTES) == [{"loss": 2}, {"loss": 1.5}]


def test_a_database_of_before_runs_had_ids_is_read_by_their_names(project: Path) -> None:
    project.parent.mkdir()
    with closing(sqlite3.connect(project)) as connection:
        connection.execute(METRICS.replace("run_id TEXT NOT NULL,", ""))
        connection.execute("INSERT INTO metrics VALUES (NULL, '', 'a', 0, '{\"loss\": 1}')")
        connection.commit()
    assert newest_run(project, MAX_BYTES) == [{"loss": 1}]


def test_what_a_killed_process_left_in_the_log_counts(killed: Path) -> None:
    assert newest_run(killed, MAX_BYTES) == [{"loss": 2}, {"loss": 0.5}]
    killed.with_name("demo.db-wal").unlink()
    assert newest_run(killed, MAX_BYTES) == [{"loss": 3}]


def test_of_a_log_the_sound_transactions_count(killed: Path) -> None:
    log_file = killed.with_name("demo.db-wal")
    content = log_file.read_bytes()
    log_file.write_bytes(content[:-1])
    assert newest_run(killed, MAX_BYTES) == [{"loss": 2}]
    log_file.write_bytes(content[:-1] + b"?")
    assert newest_run(killed, MAX_BYTES) == [{"loss": 2}]
    log_file.write_bytes(content[:40] + b"?" + content[41:])
    assert newest_run(killed, MAX_BYTES) == [{"loss": 3}]
    log_file.write_bytes(b"no log")
    assert newest_run(killed, MAX_BYTES) == [{"loss": 3}]


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        (["CREATE TABLE other (a)"], "it has no table metrics"),
        (["CREATE TABLE metrics (step, value)"], "its table metrics has the columns step, value"),
        ([METRICS], "has no run"),
        (["CREATE TABLE t (a)", "CREATE VIEW metrics AS SELECT a AS run_id, a AS metrics FROM t"], "no plain table"),
        (
            [
                "CREATE VIEW metrics AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
                "SELECT n AS run_id, '{}' AS metrics FROM r"
            ],
            "no plain table",
        ),
        (["CREATE VIRTUAL TABLE metrics USING fts5(run_id, value)"], "no plain table"),
        (["CREATE TABLE metrics (run_id PRIMARY KEY, metrics) WITHOUT ROWID"], "is no page of a table"),
        (["CREATE TABLE metrics (run_id, metrics)", "INSERT INTO metrics VALUES ('a', 'loss: 1')"], "no JSON object: loss: 1"),
        (
            ["CREATE TABLE metrics (run_id, metrics)", DEEP],
            "no JSON object",
        ),
        (
            ["CREATE TABLE metrics (run_id, metrics)", LONG],
            "no JSON object",
        ),
        (
            ["CREATE TABLE metrics (run_id, metrics)", "INSERT INTO metrics VALUES ('a', zeroblob(20000000))"],
            "has a row of more than 16 MiB",
        ),
        (["PRAGMA encoding = 'UTF-16'", METRICS], "UTF-16"),
    ],
)
def test_a_database_of_something_else_is_refused_with_the_reason(tmp_path: Path, statements: list[str], why: str) -> None:
    with closing(sqlite3.connect(tmp_path / "m.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    with pytest.raises(UnreadableDatabaseError, match=why):
        newest_run(tmp_path / "m.db", MAX_BYTES)


def test_a_file_that_is_cut_off_is_refused(project: Path) -> None:
    write_project(project, [("a", {"loss": number, "text": "x" * 500}) for number in range(200)])
    content = project.read_bytes()
    for size, why in ((0, "no database"), (99, "no database"), (4096, "is missing"), (len(content) - 4096, "is missing")):
        project.write_bytes(content[:size])
        with pytest.raises(UnreadableDatabaseError, match=why):
            newest_run(project, MAX_BYTES)


def test_a_transaction_that_was_not_ended_is_refused_and_one_that_was_is_not(project: Path) -> None:
    write_project(project, [("a", {"loss": 1})])
    journal = project.with_name("demo.db-journal")
    journal.write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(504))
    with pytest.raises(UnreadableDatabaseError, match="didn't end"):
        newest_run(project, MAX_BYTES)
    journal.write_bytes(bytes(512))  # as journal_mode = PERSIST leaves it
    assert newest_run(project, MAX_BYTES) == [{"loss": 1}]


def test_files_beside_the_database_are_plain_and_bounded(project: Path) -> None:
    write_project(project, [("a", {"loss": 1})])
    beside = project.with_name("demo.db-wal")
    beside.symlink_to(project)
    with pytest.raises(UnreadableDatabaseError, match=r"demo\.db-wal is a symlink"):
        newest_run(project, MAX_BYTES)
    beside.unlink()
    beside.write_bytes(bytes(2 * project.stat().st_size))
    with pytest.raises(UnreadableDatabaseError, match=r"demo\.db-wal has"):
        newest_run(project, project.stat().st_size)
