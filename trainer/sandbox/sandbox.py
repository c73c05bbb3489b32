"""The bounds of an untrusted process. `policy` decides them in the runner, and the guard applies them."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from . import kernel, landlock, private_network, private_shm, proc_files, seccomp


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An untrusted process's bounds, for it and all its descendants.

    Attributes:
        landlock: Version of the kernel's interface; 0 for no bounds on files.
        filtered: System calls are filtered.
        network: It may use the network.
        loopback: It gets a network of its own, which has only a loopback.
        shares: It may use what processes of this machine share: /dev/shm, and connecting to Unix sockets.
        memory: A private /dev/shm is made for it.
        read: Folders and files that it may read and execute.
        write: Folders in which it may do everything.
        devices: Files that it may read, write and control.
        threads: It may name its threads through /proc, without which CUDA doesn't start.
        child_threads: So may the processes that it starts.
        groups: Files that move a process into its control groups.
        file_bytes: The largest file that it may write.
        memory_bytes: The largest address space of one process; None for no limit.
        processes: The largest number of threads of its user on this machine; None for no limit.
    """

    landlock: int
    filtered: bool
    network: bool
    loopback: bool
    shares: bool
    memory: bool
    read: Sequence[str]
    write: Sequence[str]
    devices: Sequence[str]
    threads: bool
    child_threads: bool
    groups: Sequence[str]
    file_bytes: int
    memory_bytes: int | None
    processes: int | None

    def as_text(self) -> str:
        """For the guard's command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Sandbox:
        """The inverse of `as_text`."""
        return cls(**json.loads(text))

    def enter(self) -> None:
        """Apply the bounds to this process, irrevocably.

        Raises:
            OSError: The kernel refused something that it supports.
        """
        kernel.unhide()  # otherwise a user can't write to the files below
        for group in self.groups:
            Path(group).write_text("0", encoding="ascii")
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        private = self.memory and private_shm.make_private()
        names_all = self.child_threads and proc_files.protect_settings(has_own_mounts=private)
        if self.loopback:
            private_network.make_private()
        kernel.drop_capabilities()
        self._limit()
        if self.landlock:
            rules = self._rules(private=private, names_all=names_all)
            landlock.restrict(self.landlock, rules, network=self.network or self.loopback)
        if self.filtered:
            seccomp.restrict(network=self.network, connect=self.shares, loopback=self.loopback)
        kernel.forbid_new_privileges()

    def _limit(self) -> None:
        limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: self.file_bytes}
        limits |= {} if self.memory_bytes is None else {resource.RLIMIT_AS: self.memory_bytes}
        limits |= {} if self.processes is None else {resource.RLIMIT_NPROC: self.processes}
        for limit, maximum in limits.items():
            _, hard = resource.getrlimit(limit)
            bounded = maximum if hard == resource.RLIM_INFINITY else min(maximum, hard)
            resource.setrlimit(limit, (bounded, bounded))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing past the limit is an error that Python reports

    def _rules(self, *, private: bool, names_all: bool) -> Iterator[tuple[str, int]]:
        yield from ((path, landlock.READ) for path in self.read)
        yield from ((path, landlock.CHANGE) for path in self.write)
        yield from ((path, landlock.USE) for path in self.devices)
        if self.threads:
            yield proc_files.PLACE if names_all else "/proc/self/task", landlock.WRITE
        if private or self.shares:
            yield private_shm.PLACE, landlock.CHANGE
