"""What trackio has logged to a project's database, `$TRACKIO_DIR/PROJECT.db`.

Each call of `trackio.log` is a row of the table `metrics`: `metrics` is a JSON object, `run_id` or in older versions `run_name`
says of which run. Rows have the order in which they were written. Numbers that aren't finite are the texts `"NaN"`,
`"Infinity"` and `"-Infinity"`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from ..files import read_bounded, what_is_no_plain_file
from .database_pages import DatabasePages, UnreadableDatabaseError
from .table_rows import Value, table_rows

TABLE: Final = "metrics"
_RUN_COLUMNS: Final = ("run_id", "run_name")
_JOURNAL_IDENTITY: Final = bytes.fromhex("d9d505f920a163d7")
"""At the beginning of a rollback journal whose transaction wasn't ended."""
_ONE_COLUMN: Final = re.compile(r'\s*["\'`\[]?(\w+)')
_SCHEMA_PAGE: Final = 1


def newest_run(path: Path, max_bytes: int) -> list[Mapping[str, object]]:
    """What the newest run of a project has logged, in its order: the run to which a value was logged last.

    Args:
        path: Of the database. A write-ahead log beside it is read too.
        max_bytes: Of each of the two files.

    Raises:
        UnreadableDatabaseError: They can't be read, or have no run.
    """
    journal = _content(path.with_name(f"{path.name}-journal"), max_bytes)
    if journal.startswith(_JOURNAL_IDENTITY):
        raise UnreadableDatabaseError("has a transaction that its process didn't end before it was killed")
    pages = DatabasePages(_content(path, max_bytes), _content(path.with_name(f"{path.name}-wal"), max_bytes))
    root, columns = _table(pages)
    run_column = next((columns.index(name) for name in _RUN_COLUMNS if name in columns), None)
    if run_column is None or TABLE not in columns:
        raise UnreadableDatabaseError(f"is not trackio's: its table {TABLE} has the columns {', '.join(columns[:20])}")
    value_column = columns.index(TABLE)
    runs: dict[Value, list[Value]] = {}
    run: Value = None
    for row in table_rows(pages, root):
        if len(row) <= max(run_column, value_column):
            raise UnreadableDatabaseError("is damaged: a row lacks columns")
        run = row[run_column]
        runs.setdefault(run, []).append(row[value_column])
    if not runs:
        raise UnreadableDatabaseError("has no run: nothing was logged")
    return [_logged(value) for value in runs[run]]


def _content(path: Path, max_bytes: int) -> bytes:
    """The content of a file; empty if there is none."""
    if problem := what_is_no_plain_file(path, max_bytes):
        raise UnreadableDatabaseError(f"can't be read: {path.name} {problem}")
    return read_bounded(path, max_bytes) or b""


def _table(pages: DatabasePages) -> tuple[int, Sequence[str]]:
    """The first page and the columns of trackio's table."""
    for row in table_rows(pages, _SCHEMA_PAGE):
        match row:
            case [str(kind), str(name), _, root, sql] if name.lower() == TABLE and kind != "index":
                if kind != "table" or not isinstance(root, int) or root < 1 or not isinstance(sql, str):
                    raise UnreadableDatabaseError(f"is not trackio's: its {TABLE} is no plain table")
                return root, _columns(sql)
            case _:
                continue
    raise UnreadableDatabaseError(f"is not trackio's: it has no table {TABLE}")


def _columns(sql: str) -> Sequence[str]:
    """The names of a table's columns, in the order in which rows have them."""
    parts, depth = [""], 0
    for character in sql.partition("(")[2]:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    found = (_ONE_COLUMN.match(part) for part in parts)
    return [match[1].lower() for match in found if match]


def _logged(value: Value) -> Mapping[str, object]:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    try:
        content: object = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UnreadableDatabaseError(f"has a row that is no JSON object: {str(text)[:80]}")
    return cast("Mapping[str, object]", content)
