"""The databases of trackio's runs on this machine, `$TRACKIO_DIR/PROJECT.db`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...contract.sqlite_files.database_pages import UnreadableDatabaseError
from ...contract.sqlite_files.trackio_runs import newest_run
from .found_files import MAX_FILE_BYTES
from .samples import Sample, UnreadableError, as_text, at_path


def logged(path: Path, key: str) -> Iterator[Sample]:
    """The values that the newest run of a project logged under a key, in their order.

    Raises:
        UnreadableError: The file isn't trackio's, or damaged, or the run logged nothing under this key.
    """
    try:
        rows = newest_run(path, MAX_FILE_BYTES)
    except UnreadableDatabaseError as error:
        raise UnreadableError(f"{path.name} {error}") from None
    has_it = False
    for row in rows:
        for value in at_path(row, key):
            has_it = True
            yield Sample(as_text(value), f"{path.name}: {key} = {as_text(value)}")
    if not has_it:
        others = sorted({name for row in rows for name in row})
        raise UnreadableError(f"the newest run in {path.name} logged no {key!r}, but {', '.join(others[:20]) or 'nothing'}")
