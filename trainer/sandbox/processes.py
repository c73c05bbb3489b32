"""Process trees on Linux: found whole, counted whole, ended whole.

A process that adopts the orphans among its descendants (a subreaper) can't lose one: whoever daemonises itself becomes its
child.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Direct children of a process; empty when it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text(encoding="ascii").split())
    return found


def descendants(pid: int) -> Iterator[int]:
    """All processes below one, parents first; one that comes or goes meanwhile may be missed."""
    pending = children(pid)
    while pending:
        child = pending.pop()
        yield child
        pending += children(child)


def end_descendants(within: float = 10.0) -> bool:
    """Kill and reap all descendants of this process, which has to adopt orphans.

    Args:
        within: Give up after so many seconds of wall clock.

    Returns:
        Whether none is left.
    """
    me, deadline = os.getpid(), time.monotonic() + within
    while time.monotonic() < deadline:
        for pid in descendants(me):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        time.sleep(0.005)
    return False


def peak_memory(pids: Iterable[int]) -> int:
    """The most bytes that each of these processes has held, together; of those that are gone, nothing."""
    return sum(1024 * _status(pid, b"VmHWM:") for pid in pids)


def threads_of_user() -> int:
    """How many threads of this process's user there are on this machine."""
    me, count = os.geteuid(), 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == me:
                count += _status(int(process.name), b"Threads:")
    return count


def _status(pid: int, name: bytes) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0


@dataclass(frozen=True, slots=True)
class _Times:
    """CPU seconds of one process, and of those that it has waited for."""

    own: float
    reaped: float
    started: int


def _times(pid: int) -> _Times | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # proc_pid_stat(5), counted behind the name, which may hold spaces: utime is field 14, cstime 17, starttime 22
    fields = stat[stat.rindex(b")") + 2 :].split()
    user, system, reaped_user, reaped_system = (int(value) / _TICKS for value in fields[11:15])
    return _Times(user + system, reaped_user + reaped_system, int(fields[19]))


class TreeClock:
    """CPU seconds of all descendants of this process since the clock was made.

    Two counts, each of which can miss something, and the larger one holds: what every process seen had used when it was last
    seen (misses those that came and went between two looks), and what the living used and reaped, with what this process
    itself has reaped (misses those whose parent ignores SIGCHLD, so that nobody waits for them).
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], float] = {}
        self._before = self._look()
        self._most = 0.0

    def seconds(self) -> float:
        """Look at the tree, and give the count; never less than before."""
        counts = zip(self._look(), self._before, strict=True)
        self._most = max(self._most, *(count - before for count, before in counts))
        return self._most

    def _look(self) -> tuple[float, float]:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        waited = usage.ru_utime + usage.ru_stime
        for pid in descendants(os.getpid()):
            if times := _times(pid):
                self._seen[pid, times.started] = times.own
                waited += times.own + times.reaped
        return sum(self._seen.values()), waited
