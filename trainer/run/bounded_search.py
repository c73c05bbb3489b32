"""Searches an output by a trainer's own regular expression, in a child process of limited time.

A regular expression may take exponential time on a line that an experiment has printed, and Python's engine can't be
interrupted: neither the run's deadline nor a request to end would be noticed.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

SEARCH_CPU_SECONDS: Final = 5
"""CPU time that a search may take."""
SEARCH_SECONDS: Final = 60.0
"""Wall clock that a search may take, on a machine that is busy."""
_LOOK_SECONDS: Final = 0.1
_BLOCK: Final = 1 << 16

LastMatch = tuple[str, str]
"""A line, and what the expression's first group matched in it; empty if the group took no part."""


class SearchTimeoutError(Exception):
    """The search took longer than is allowed."""


def find_last(pattern: re.Pattern[str], lines: Sequence[str], check: Callable[[], None]) -> LastMatch | None:
    """Find the last line that an expression matches.

    Args:
        pattern: Matched within single lines; it has a group.
        lines: Of the output.
        check: Called several times a second meanwhile. It may raise to give up.

    Returns:
        The line and the first group of its last match; None if no line matches.

    Raises:
        SearchTimeoutError: The search took longer than `SEARCH_CPU_SECONDS` of CPU time or `SEARCH_SECONDS` of wall clock.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _search_and_exit(pattern, lines, writing)
    os.close(writing)
    try:
        answer = _read_all(reading, check)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    match json.loads(answer):
        case [str(line), str(text)]:
            return line, text
        case _:
            return None


def _read_all(descriptor: int, check: Callable[[], None]) -> bytes:
    deadline = time.monotonic() + SEARCH_SECONDS
    answer = b""
    while True:
        check()
        if time.monotonic() > deadline:
            raise SearchTimeoutError
        if not select.select([descriptor], [], [], _LOOK_SECONDS)[0]:
            continue
        block = os.read(descriptor, _BLOCK)
        answer += block
        if not block:
            break
    if not answer:  # the kernel has ended the child
        raise SearchTimeoutError
    return answer


def _search_and_exit(pattern: re.Pattern[str], lines: Sequence[str], descriptor: int) -> None:
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + SEARCH_CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        with os.fdopen(descriptor, "w", encoding="utf-8") as answer:
            json.dump(_search(pattern, lines), answer)
    finally:
        os._exit(0)


def _search(pattern: re.Pattern[str], lines: Sequence[str]) -> LastMatch | None:
    for line in reversed(lines):
        for match in [*pattern.finditer(line)][-1:]:
            return line, match[1] or ""
    return None
