"""Reads what an experiment has left, in a child process of limited time and memory.

A trainer's regular expression may take exponential time on a line that an experiment has printed, and Python's engine can't be
interrupted: neither the run's deadline nor a request to end would be noticed. A file may be made to take all memory.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

SEARCH_CPU_SECONDS: Final = 5
"""CPU time that a search of the output may take."""
SEARCH_SECONDS: Final = 60.0
"""Wall clock that the work may take, on a machine that is busy."""
MAX_MEMORY_BYTES: Final = 2 << 30
"""Memory that the work may take besides what the runner has."""
_LOOK_SECONDS: Final = 0.1
_BLOCK: Final = 1 << 16


class SearchTimeoutError(Exception):
    """The work took longer, or more memory, than is allowed."""


def in_child(work: Callable[[], object], check: Callable[[], None], cpu_seconds: int = SEARCH_CPU_SECONDS) -> Any:  # noqa: ANN401
    """Do some work in a child process.

    Args:
        work: Returns what JSON can write.
        check: Called several times a second meanwhile. It may raise to give up.
        cpu_seconds: CPU time that the work may take.

    Returns:
        What the work returned, as JSON has it.

    Raises:
        SearchTimeoutError: It took longer than `cpu_seconds` of CPU time or `SEARCH_SECONDS` of wall clock, or ran out of
            memory.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_exit(work, writing, cpu_seconds)
    os.close(writing)
    try:
        answer = _read_all(reading, check)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return json.loads(answer)


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


def _work_and_exit(work: Callable[[], object], descriptor: int, cpu_seconds: int) -> None:
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + cpu_seconds
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        answer = json.dumps(work()).encode()
        while answer:
            answer = answer[os.write(descriptor, answer) :]
    finally:
        os._exit(0)
