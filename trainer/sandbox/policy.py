"""The sandbox policy of a run: what the code that trains, and the model that is scored, may do.

Where a kernel can't forbid something, the sandbox is weaker. The run's result says what was in force.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..contract.errors import ContractError
from ..contract.files import cache_folder, outside_path
from ..contract.run_folder import RunFolder
from ..contract.run_spec import RunSpec
from ..contract.trainer_toml.trainer_file import TrainerFile
from . import landlock, private_network, private_shm, seccomp
from .cgroup import ControlGroup
from .processes import threads_of_user
from .sandbox import Sandbox

SKYPILOT_FOLDER = Path("~/.sky")
"""Where SkyPilot keeps the keys of clusters, its database and its configuration."""
SWITCH = "LABHAND_NO_LANDLOCK"
"""Environment variable of the runner: with 1 it behaves as on a kernel without Landlock."""
MAX_FILE_BYTES = {"cpu": 2**30, "cuda": 2**34}
"""Bytes that an experiment may write into one file, by kind of device."""
MAX_THREADS = {"cpu": 128, "cuda": 4096}
"""Threads that a run may have in its control group."""
LOOPBACK = "namespace"
"""The word in a result for a network of the run's own, which has only a loopback."""
_SLACK = 4
"""Factor where threads can be limited only for the whole user: the user's other processes must not make a run fail."""
_MEMORY_SHARE = 0.9
"""Of the machine's memory, or of the share of it that belongs to the run's cores."""
_MIN_MEMORY = 4 * 2**30

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt/nvidia", "/opt/cuda", "/proc", "/sys")
_SETTINGS = (
    *("alternatives", "group", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf"),
    *("os-release", "passwd", "pki/tls/certs", "resolv.conf", "ssl/certs", "ssl/openssl.cnf"),
)
_DEVICES = ("null", "zero", "full", "random", "urandom")


class Confinement:
    """The bounds of one run.

    Args:
        folder: Of the run.
        spec: Its kind of device decides the limits; it may require a sandbox.
        trainer: Names the exceptions that its code needs.
        group: The run's control group, where one could be made.

    Attributes:
        in_force: What each part of the sandbox is held by, as `result.json` has it.
        private_memory: The run gets a /dev/shm of its own.
        source: The source, which nothing may change.
        needs_loopback: Its processes need a network between them, and have no other.
        work: The working copy, which the experiment may change.
        temporary: The folder for temporary files, which it may change.
        file_bytes: The largest file that it may write.
        max_threads: Threads that it may have.
        spec: What is run.
        trainer: What the trainer's file says.
        data: Files and folders that are linked into the run, which it may read and not change.
        interpreter: What a bare `python` is in its command.
    """

    def __init__(self, folder: RunFolder, spec: RunSpec, trainer: TrainerFile, group: ControlGroup | None) -> None:
        self._folder = folder
        self.spec, self.trainer = spec, trainer
        self.data = tuple(link.target for link in folder.data_links)
        self._group = group
        self._landlock = 0 if os.environ.get(SWITCH) == "1" else landlock.version()
        self._read = [*_readable_anywhere(), *(str(outside_path(path)) for path in trainer.read)]
        self._read += map(str, (*self.data, *folder.shared_folders()))
        self._bytes = _memory_limit(spec)
        self.interpreter = Path(sys.executable)
        self.source, self.work, self.temporary = folder.source, folder.work, folder.temporary
        self.file_bytes = MAX_FILE_BYTES[spec.device] if trainer.file_gib is None else int(trainer.file_gib * 2**30)
        self.max_threads = MAX_THREADS[spec.device]
        bounded = group is not None and group.limit_processes(self.max_threads)
        held = group is not None and group.limit_memory(self._bytes)
        self._limits_processes, self._limits_memory = not bounded, not held and spec.device == "cpu"
        self.private_memory = private_shm.can_be_private()
        self.needs_loopback = trainer.processes is not None and not trainer.network
        name = f"cgroup-{group.version}" if group else ""
        self.in_force: dict[str, Any] = {
            "files": f"landlock-{self._landlock}" if self._landlock else "none",
            "network": self._network(),
            "processes": name if bounded else "rlimit" if os.geteuid() else "none",
            "memory": name if held else "rlimit" if self._limits_memory else "none",
            "exceptions": [*trainer.read, *trainer.data_paths, *(["network"] if trainer.network else [])],
        }
        self._required = spec.sandbox_required

    def _network(self) -> str:
        if self.trainer.network:
            return "allowed"
        if self.needs_loopback and private_network.can_be_private():
            return LOOPBACK
        if seccomp.is_possible():
            return "seccomp"
        return "landlock" if landlock.forbids_tcp(self._landlock) else "none"

    def use_interpreter(self, interpreter: Path, readable: Iterable[str]) -> None:
        """Open another interpreter than the runner's own to the experiment, with what it needs."""
        self.interpreter = interpreter
        self.allow_reading(readable)

    def allow_reading(self, paths: Iterable[str]) -> None:
        """Open further paths to the experiment."""
        self._read += [path for path in paths if path not in self._read]

    def check(self) -> None:
        """Check that corpora, other runs and SkyPilot's keys stay unreadable, and that a required sandbox is there.

        Raises:
            ContractError: The trainer's exceptions would open them, or the kernel lacks a part of a required sandbox.
        """
        missing = [part for part in ("files", "network") if self.in_force[part] == "none"]
        if self._required and missing:
            raise ContractError(
                f"A sandbox is required, but the kernel of this machine can't forbid: {', '.join(missing)}. Run on Linux 5.13 "
                "or later with Landlock enabled, or set sandbox_required = false for this pool"
            )
        keys = SKYPILOT_FOLDER.expanduser().resolve()
        for path in self._read:
            opened = Path(path).resolve()
            if opened.is_relative_to(keys):
                raise ContractError(f"{path} can't be read by experiments: it lies in {keys}. Copy what they need elsewhere")
            for closed in ((cache_folder() / "corpora").resolve(), self._folder.path.parent.resolve(), keys):
                if closed.is_relative_to(opened):
                    raise ContractError(f"{path} can't be read by experiments: {closed} lies in it. Name a smaller folder")
        self._check_evaluator()

    def _check_evaluator(self) -> None:
        """Check that training can't read the evaluator's data, and an evaluation not the sealed split's.

        Raises:
            ContractError: It could: names the two paths.
        """
        script = self.trainer.evaluator
        if script is None:
            return
        for path in (*script.read, *script.sealed_read):
            if (opened := _lies_in(path, self._read)) is not None:
                raise ContractError(
                    f"The evaluator's {path} lies in {opened}, which training can read. Move it to a folder that neither "
                    "Python nor read under [sandbox] in trainer.toml has"
                )
        for path in script.sealed_read:
            if (opened := _lies_in(path, script.read)) is not None:
                raise ContractError(
                    f"{path} in sealed_read lies in {opened}, which read under [evaluator] opens to every evaluation. Keep the "
                    "two splits in two folders"
                )

    @property
    def shared_memory_bytes(self) -> int:
        """Bytes of /dev/shm that a command which trains may use; 0 where it is closed."""
        if self.private_memory:  # a new tmpfs has half of the machine's memory
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        if self.trainer.data is not None and not self.trainer.network:
            return 0
        with suppress(OSError):
            place = os.statvfs(private_shm.PLACE)
            return place.f_frsize * place.f_blocks
        return 0

    def for_training(self) -> Sandbox:
        """For the experiment's command, which may change its own working copy and a folder for temporary files."""
        writable = [self._folder.work, self._folder.temporary]
        return self._sandbox(
            [],
            writable,
            shares=self.trainer.data is None or self.trainer.network,
            loopback=self.in_force["network"] == LOOPBACK,
            starts_others=self.trainer.data is None or self.trainer.processes is not None,
        )

    def for_scoring(self) -> Sandbox:
        """For the model, which may read its source and what training saved, and change only temporary files."""
        readable = [self._folder.source, self._folder.model, self._folder.config]
        return self._sandbox(readable, [self._folder.temporary], shares=False)

    def for_script(self, read: Iterable[str]) -> Sandbox:
        """For a person's own evaluator, which may read the protected source, the artifacts and its data, and has no network."""
        readable = [self._folder.evaluation, self._folder.artifacts, *map(outside_path, read)]
        return self._sandbox(readable, [self._folder.temporary], shares=False, network=False, starts_others=True)

    def _sandbox(
        self,
        readable: Iterable[Path],
        writable: Iterable[Path],
        *,
        shares: bool,
        loopback: bool = False,
        network: bool | None = None,
        starts_others: bool = False,
    ) -> Sandbox:
        return Sandbox(
            landlock=self._landlock,
            filtered=seccomp.is_possible(),
            network=self.trainer.network if network is None else network,
            loopback=loopback,
            shares=shares,
            memory=self.private_memory,
            read=(*self._read, *map(str, readable)),
            write=tuple(map(str, writable)),
            devices=tuple(_devices(self.spec.device)),
            threads=self.spec.device == "cuda",
            child_threads=self.spec.device == "cuda" and starts_others,
            groups=self._group.entrances if self._group else (),
            file_bytes=self.file_bytes,
            memory_bytes=self._bytes if self._limits_memory else None,
            processes=threads_of_user() + _SLACK * self.max_threads if self._limits_processes else None,
        )


def _lies_in(path: str, folders: Iterable[str]) -> str | None:
    """The first of the folders that a path lies in, all of them as `trainer.toml` names them; None if there is none."""
    place = outside_path(path).resolve()
    return next((folder for folder in folders if place.is_relative_to(outside_path(folder).resolve())), None)


def _memory_limit(spec: RunSpec) -> int:
    """Bytes that a run may use."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    share = len(spec.cores) / (os.cpu_count() or 1) if spec.cores else 1.0
    return max(_MIN_MEMORY, int(_MEMORY_SHARE * share * whole))


def _readable_anywhere() -> list[str]:
    """Paths that every Python process needs to read: the interpreter, its packages, the system's libraries, this package."""
    paths = sysconfig.get_paths()
    python = [sys.prefix, sys.base_prefix, paths["stdlib"], paths["purelib"], paths["platlib"], str(Path(__file__).parents[1])]
    # Packages may also lie elsewhere: the system's, or those that a .pth file names.
    python += [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    libraries = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path.startswith("/")]
    interpreter = str(Path(sys.executable).resolve())
    return list(dict.fromkeys([*_SYSTEM, *(f"/etc/{name}" for name in _SETTINGS), *python, interpreter, *libraries]))


def _devices(kind: str) -> list[str]:
    gpus = Path("/dev").glob("nvidia*") if kind == "cuda" else ()
    return [f"/dev/{name}" for name in _DEVICES] + sorted(map(str, gpus))
