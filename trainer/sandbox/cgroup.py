"""Control groups: the kernel counts, limits and kills a tree of processes as a whole.

Version 1 has a hierarchy for each controller and needs root. Version 2 has a single one, of which a user may own a part. Where
neither is available, the subreaper of `processes` does what it can.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_MADE_HERE = "labhand_run-"
_MAX_RUN_SECONDS = 86_400.0
"""A group that is older was left behind; a younger one may be empty for a moment while its run goes on."""
_CONTROLLERS_1 = ("cpuacct", "freezer", "memory", "pids")
_NANOSECONDS, _MICROSECONDS = 1e9, 1e6
KILL_SECONDS, KILL_TICK = 5.0, 0.01
"""How long a group is killed again while something is left in it, and how often."""


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """A control group.

    Attributes:
        version: Of the interface, 1 or 2.
        folders: Each controller's folder; in version 2 all are the same.
    """

    version: int
    folders: Mapping[str, Path]

    @property
    def entrances(self) -> tuple[str, ...]:
        """Files that move a process into the group when it writes 0 there."""
        return tuple(dict.fromkeys(str(folder / "cgroup.procs") for folder in self.folders.values()))

    def cpu_seconds(self) -> float:
        """CPU seconds of all processes that were ever in the group."""
        folder = self.folders["cpuacct"]
        if self.version == 1:
            return int(_read(folder / "cpuacct.usage")) / _NANOSECONDS
        counts = dict(line.split() for line in _read(folder / "cpu.stat").splitlines())
        return int(counts["usage_usec"]) / _MICROSECONDS

    def limit_processes(self, max_threads: int) -> bool:
        """Limit the number of threads in the group, and return whether that was possible."""
        return self._set("pids", "pids.max", str(max_threads))

    def limit_memory(self, size: int) -> bool:
        """Limit the group's memory, in bytes, and return whether that was possible."""
        return self._set("memory", "memory.limit_in_bytes" if self.version == 1 else "memory.max", str(size))

    def kill(self) -> None:
        """Send SIGKILL to all processes in the group while none of them can start another."""
        if self.version == 2:
            self._set("freezer", "cgroup.kill", "1")
            return
        end = time.monotonic() + KILL_SECONDS
        while self._kill_frozen() and time.monotonic() < end:
            time.sleep(KILL_TICK)

    def _kill_frozen(self) -> bool:
        """Freeze the group and kill what is in it; whether anything was. What starts until all are frozen may be missed."""
        self._set("freezer", "freezer.state", "FROZEN")
        pids = _read(self.folders["freezer"] / "cgroup.procs").split()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        self._set("freezer", "freezer.state", "THAWED")
        return bool(pids)

    def _set(self, controller: str, name: str, value: str) -> bool:
        if controller not in self.folders:
            return False
        try:
            (self.folders[controller] / name).write_text(value, encoding="ascii")
        except OSError:
            return False
        return True

    def remove(self) -> None:
        """Remove the group; the kernel keeps one that isn't empty."""
        for folder in set(self.folders.values()):
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def own_group() -> Generator[ControlGroup | None]:
    """Make a group below this process's own, for as long as the context lasts; None if that isn't allowed."""
    name = f"{_MADE_HERE}{os.getpid()}-{time.monotonic_ns()}"
    group = _make_1(name) or _make_2(name)
    try:
        yield group
    finally:
        if group:
            group.remove()


def _make_1(name: str) -> ControlGroup | None:
    own = dict(_own_groups())
    made: dict[str, Path] = {}
    try:
        for controller in _CONTROLLERS_1:
            made[controller] = _make(_ROOT / controller / own[controller].lstrip("/"), name)
    except (OSError, KeyError):
        ControlGroup(1, made).remove()
        return None
    return ControlGroup(1, made)


def _make_2(name: str) -> ControlGroup | None:
    own = dict(_own_groups()).get("")
    roots = [root for root in (_ROOT, _ROOT / "unified") if (root / "cgroup.controllers").exists()]
    if own is None or not roots:
        return None
    parent = roots[0] / own.lstrip("/")
    with suppress(OSError):  # works in the machine's own group, and where the parent holds no process
        (parent / "cgroup.subtree_control").write_text("+pids +memory", encoding="ascii")
    try:
        folder = _make(parent, name)
    except OSError:
        return None
    there = {"cpuacct", "freezer", *_read(folder / "cgroup.controllers").split()}
    return ControlGroup(2, dict.fromkeys(sorted(there), folder))


def _make(parent: Path, name: str) -> Path:
    """Make a group below another, and remove groups that killed runners left behind."""
    for old in parent.glob(f"{_MADE_HERE}*"):
        with suppress(OSError):  # one that another runner removes, or that isn't empty
            if _is_left_behind(old):
                old.rmdir()
    (parent / name).mkdir()
    return parent / name


def _is_left_behind(group: Path) -> bool:
    """Whether its runner is surely gone: it isn't visible, as it may be in a container, and it started long ago."""
    pid = group.name.removeprefix(_MADE_HERE).partition("-")[0]
    return not Path("/proc", pid).exists() and time.time() - group.stat().st_mtime > _MAX_RUN_SECONDS


def _own_groups() -> Iterator[tuple[str, str]]:
    """Controller and path of each group that this process is in; version 2's controller is ''."""
    with suppress(OSError):
        for line in _read(Path("/proc/self/cgroup")).splitlines():
            _, controllers, path = line.split(":", 2)
            yield from ((controller, path) for controller in controllers.split(","))


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii")
