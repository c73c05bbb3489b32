"""Process trees on Linux: listed, counted and ended as a whole.

A process that adopts the orphans among its descendants (a subreaper) can't lose one: a descendant that daemonises itself
becomes its child.
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
_left_alone: set[int] = set()


def children(pid: int) -> list[int]:
    """Direct children of a process; empty if it is gone."""
    pids: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            pids += map(int, (thread / "children").read_text(encoding="ascii").split())
    return pids


def descendants(pid: int) -> Iterator[int]:
    """All processes below one, parents first; a process that starts or ends meanwhile may be missed."""
    pending = children(pid)
    while pending:
        child = pending.pop()
        yield child
        pending += children(child)


def leave_alone(pids: Iterable[int]) -> None:
    """Count children of this process as labhand's own: they aren't listed, or killed, with the descendants of an experiment."""
    _left_alone.update(pids)


def forget(pid: int) -> None:
    """Stop leaving a process alone, because it has ended: its number may be another process's next."""
    _left_alone.discard(pid)


def untrusted_descendants() -> Iterator[int]:
    """All processes below this one, without those that are to be left alone."""
    return (pid for pid in descendants(os.getpid()) if pid not in _left_alone)


def end_descendants(within: float = 10.0) -> bool:
    """Kill and reap all descendants of this process that aren't to be left alone. The process has to adopt orphans.

    Args:
        within: Seconds of wall clock after which to give up.

    Returns:
        Whether none is left.
    """
    deadline, empty_listings = time.monotonic() + within, 0
    while time.monotonic() < deadline:
        pids = list(untrusted_descendants())
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while ended := os.waitpid(-1, os.WNOHANG)[0]:
                forget(ended)
        except ChildProcessError:
            return True
        empty_listings = 0 if pids else empty_listings + 1
        if _left_alone and empty_listings > 1:  # a process whose parent ends during a listing is missed by that listing only
            return True
        time.sleep(0.005)
    return False


def peak_memory(pids: Iterable[int]) -> int:
    """The sum of the peaks of memory of these processes, in bytes; processes that are gone don't count."""
    return sum(1024 * _status(pid, b"VmHWM:") for pid in pids)


def threads_of_user() -> int:
    """The number of threads of this process's user on this machine."""
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

    The larger of two counts, each of which can miss something. The first is what every process had used when it was last seen;
    it misses processes that start and end between two looks. The second is what living processes have used and reaped, and what
    this process has reaped; it misses processes whose parent ignores SIGCHLD, so that nobody waits for them.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], float] = {}
        self._before = self._look()
        self._most = 0.0

    def seconds(self) -> float:
        """Look at the tree, and return the count, which never decreases."""
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
