"""The pages of a SQLite database file: https://www.sqlite.org/fileformat2.html.

The file is written by an experiment. SQLite's library would run what its schema says (views, virtual tables, triggers) and is
written in C; here nothing is run, and the work is bounded by the size of the file.
"""

from __future__ import annotations

from typing import Final

from .write_ahead_log import committed_pages

FILE_HEADER_BYTES: Final = 100
_IDENTITY: Final = b"SQLite format 3\x00"
_UTF_8: Final = 1
_MIN_PAGE_BYTES: Final = 512
_LARGEST_PAGE: Final = 1
"""The page size of 65,536, which doesn't fit into two bytes."""
_MIN_USABLE_BYTES: Final = 480
_WRITE_AHEAD: Final = 2
"""The version of a file whose latest pages may lie in a write-ahead log beside it."""


class UnreadableDatabaseError(ValueError):
    """A database can't be read; the text says why, and begins with a verb."""


class DatabasePages:
    """The pages of a database, of which each can be taken once.

    In a sound database every page belongs to one place. A file whose pages point to each other in a circle therefore ends the
    reading instead of prolonging it.

    Args:
        content: Of the database file.
        log: Of the write-ahead log beside it; empty where there is none.

    Attributes:
        usable_bytes: Of a page, without what is reserved at its end.

    Raises:
        UnreadableDatabaseError: It is no database of SQLite, or one of a kind that isn't read.
    """

    def __init__(self, content: bytes, log: bytes = b"") -> None:
        if len(content) < FILE_HEADER_BYTES or not content.startswith(_IDENTITY):
            raise UnreadableDatabaseError("is no database of SQLite")
        size = int.from_bytes(content[16:18])
        self._page_bytes = 1 << 16 if size == _LARGEST_PAGE else size
        self.usable_bytes = self._page_bytes - content[20]
        is_power = self._page_bytes & (self._page_bytes - 1) == 0
        if not is_power or self._page_bytes < _MIN_PAGE_BYTES or self.usable_bytes < _MIN_USABLE_BYTES:
            raise UnreadableDatabaseError(f"is damaged: its pages have {self._page_bytes} bytes")
        self._logged = committed_pages(log, self._page_bytes) if content[19] == _WRITE_AHEAD else {}
        self._content = content
        self._taken: set[int] = set()
        self._unread_bytes = len(content) + len(log)
        if self.peek(1)[56:60] not in (_UTF_8.to_bytes(4), bytes(4)):
            raise UnreadableDatabaseError("has text in UTF-16, and UTF-8 alone is read")

    @property
    def count(self) -> int:
        """Pages at most."""
        return len(self._content) // self._page_bytes + len(self._logged)

    def peek(self, number: int) -> bytes:
        """The content of a page, which can still be taken.

        Raises:
            UnreadableDatabaseError: The file has no such page.
        """
        end = number * self._page_bytes
        page = self._logged.get(number) or self._content[end - self._page_bytes : end]
        if number < 1 or len(page) < self._page_bytes:
            raise UnreadableDatabaseError(f"is damaged or cut off: page {number} is missing")
        return page

    def take(self, number: int) -> bytes:
        """The content of a page.

        Raises:
            UnreadableDatabaseError: The file has no such page, or it was taken before.
        """
        if number in self._taken:
            raise UnreadableDatabaseError(f"is damaged: page {number} has two places")
        self._taken.add(number)
        return self.peek(number)

    def use(self, size: int) -> None:
        """Count the bytes of a row.

        Raises:
            UnreadableDatabaseError: All rows together have more than the file: some share their bytes.
        """
        self._unread_bytes -= size
        if self._unread_bytes < 0:
            raise UnreadableDatabaseError("is damaged: its rows have more bytes than the file")
