"""Text from elsewhere is read in a time that grows with its length only, whatever it consists of."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import pytest
from labhand.server.backends.skypilot.api import plain
from labhand.server.errors import BadInputError, ConflictError, nearest
from labhand.server.schemas.launch import Edit
from labhand.server.source import edits, line_diff
from labhand.server.source.changes import describe, diffstat
from labhand.server.source.inspection.outline import symbols
from labhand.server.source.line_diff import Replacement
from labhand.server.source.merge import merge

MAX_CPU_SECONDS = 8.0
"""CPU time of this process, not the clock's: a busy machine doesn't matter. What is quadratic takes minutes."""
LENGTH = 300_000


@contextmanager
def cpu_limit(seconds: float = MAX_CPU_SECONDS) -> Generator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"more than {seconds:g} s of CPU time")

    earlier = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, earlier)


def replacing(text: str, find: str) -> None:
    with pytest.raises(BadInputError):
        edits.replace(text, Edit(find=find, replace=""))


READERS: dict[str, Callable[[], object]] = {
    "a password is searched in an address of many colons": lambda: plain("https://" + "a:" * LENGTH),
    "an edit's text nearly repeats": lambda: replacing("a" * LENGTH, "a" * (LENGTH // 2) + "b"),
    "an edit's text overlaps itself": lambda: replacing("a" * LENGTH, "a" * (LENGTH // 2)),
    "an edit's text resembles every line": lambda: replacing(
        "\n".join(f"{'ab' * 60}{number}" for number in range(2500)), "ba" * 60 + "c"
    ),
    "an unknown name is long": lambda: nearest("a" * LENGTH, ["a" * 30] * 100, "names"),
    "a deeply nested source has no outline": lambda: symbols("x = " + "(" * LENGTH),
}


@pytest.mark.parametrize("reader", READERS)
def test_text_from_elsewhere_is_read_in_linear_time(reader: str) -> None:
    began = time.process_time()
    with cpu_limit():
        READERS[reader]()
    assert time.process_time() - began < MAX_CPU_SECONDS


def test_a_password_in_an_address_is_hidden_whatever_its_form() -> None:
    assert plain("at https://me:pass:word@host/x and s3://a:b") == "at https://***@host/x and s3://a:b"


REPEATED = ["same line\n"] * 10_000


@pytest.mark.parametrize("lines", [REPEATED, REPEATED * 7], ids=["git compares them", "too many to compare"])
def test_sources_of_repeated_lines_are_compared_in_bounded_time(lines: list[str]) -> None:
    before, after = ["first\n", *lines, "last\n"], ["other\n", *lines, "x\n", *lines, "end\n"]
    here = ["first\n", *lines, "mine\n", "last\n"]

    with cpu_limit():
        sources = [{"notes.txt": "".join(text).encode()} for text in (before, after, here)]
        old, new, own = sources
        describe(old, new)
        diffstat(old, new)
        with pytest.raises(ConflictError, match="from line"):
            merge(own, old, new, "e0001")


def test_git_and_difflib_find_the_same_replacements(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [f"line {number}\n" for number in range(60)]
    after = ["new\n", *before[:10], "x\n", *before[11:20], *before[25:40], "y\n", "z\n", *before[40:58], "end\n", "more\n"]

    compared = line_diff.replacements(before, after)
    monkeypatch.setattr(line_diff, "MAX_STEPS", 0)

    assert line_diff.replacements(before, after) == compared
    assert Replacement(10, 11, 11, 12) in compared
    assert line_diff.replacements([], after) == [Replacement(0, 0, 0, len(after))]
    assert line_diff.replacements(before, before) == []


def test_huge_sources_count_as_replaced_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_diff, "MAX_STEPS", 0)
    monkeypatch.setattr(line_diff, "MAX_LINES", 5)

    assert line_diff.replacements(["a", "b", "c", "d", "e"], ["a", "x", "c", "y", "e"]) == [Replacement(1, 4, 1, 4)]
