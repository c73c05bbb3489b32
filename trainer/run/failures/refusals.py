"""Failures that aren't the source's own: the sandbox or the machine refused something, and a person can change a limit."""

from __future__ import annotations

import re
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...contract.failures import FailureKind
from ...sandbox.policy import LOOPBACK, Confinement
from .left_out_files import left_out_file

_NETWORK: Final = re.compile(
    r"gaierror|NameResolutionError|name resolution|Name or service not known|Could not resolve host|Network is unreachable"
    r"|Max retries exceeded|OfflineModeIsEnabled|LocalEntryNotFoundError"
)
_SOCKET: Final = re.compile(r"\bsocket\b|create_connection|\.connect\(|_sock\b|urlopen|aiohttp|urllib")
_DENIED: Final = re.compile(r"\[Errno 13\]|Permission denied")
_DENIED_PATH: Final = re.compile(r"\[Errno 13\][^']{0,80}'([^']+)'|(/[^\s:']+)['\"]?: Permission denied")
_DENIED_PROGRAM: Final = re.compile(r"^\S{0,40}sh: (?:line )?(?:\d+: )?([^\s:/]{1,80}): Permission denied", re.MULTILINE)
_TOO_LARGE: Final = re.compile(r"\[Errno 27\]|File too large")
_FULL: Final = re.compile(r"\[Errno 28\]|No space left on device")
_SHARED_MEMORY: Final = re.compile(r"/dev/shm|shared memory|\bshm\b|Bus error|SemLock|torch_\d+_\d+")  # noqa: S108
_THREADS: Final = re.compile(r"can't start new thread|BlockingIOError: \[Errno 11\]|Resource temporarily unavailable")
_FORBIDDEN_CALL: Final = re.compile(r"PermissionError: \[Errno 1\] Operation not permitted")
_NO_GPU: Final = re.compile(
    r"Found no NVIDIA driver|Torch not compiled with CUDA enabled|No CUDA GPUs are available|no CUDA-capable device"
    r"|CUDA driver version is insufficient|Invalid device id|libcuda\.so"
)
_MISSING: Final = re.compile(r"^ModuleNotFoundError: No module named '([\w.]+)'", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused.

    Attributes:
        kind: The class of the failure.
        what: What was refused, with the limit.
        remedy: What the experiment can do instead, and what a person can change.
    """

    kind: FailureKind
    what: str
    remedy: str


def refusal(lines: Sequence[str], status: int, bounds: Confinement) -> Refusal | None:
    """Find out whether a command failed because of something that was refused to it.

    Args:
        lines: Of its output, those that matter.
        status: Its exit status, with 128 added to the number of a signal.
        bounds: The sandbox that it ran in.

    Returns:
        None if the failure looks like the source's own.
    """
    text = "\n".join(lines)
    checks: tuple[Callable[[str, int, Confinement], Refusal | None], ...] = (
        _missing_package,
        _needs_gpu,
        _network,
        _shared_memory,
        _full_disk,
        _too_large,
        _closed_program,
        _closed_file,
        _too_many_threads,
        _forbidden_call,
        _left_out,
    )
    return next((found for check in checks if (found := check(text, status, bounds)) is not None), None)


def _refused(what: str, remedy: str) -> Refusal:
    return Refusal(FailureKind.SANDBOX_REFUSED, what, remedy)


def _missing_package(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    missing = _MISSING.search(text)
    if missing is None:
        return None
    package = missing[1].partition(".")[0]
    if (bounds.work / package).exists() or (bounds.work / f"{package}.py").exists():
        return None
    python = bounds.interpreter
    remedy = (
        f'Use what is installed, or launch it with packages=["{package}"] if labhand.toml allows that package (its name may'
        f" differ from the module's). A person can add it for all experiments: {_how_to_add(package, bounds)}."
    )
    return Refusal(FailureKind.IMPORT_ERROR, f"the package {package} isn't installed for {python}", remedy)


def _how_to_add(package: str, bounds: Confinement) -> str:
    """How a person adds a package to the interpreter that runs the command; the package's name may differ from the module's."""
    environment = bounds.trainer.environment
    if environment.uv:
        return f"`uv add {package}` in the trainer's folder, which changes uv.lock"
    if environment.requirements:
        return f"a line {package} in {environment.requirements}"
    install = f"`{bounds.interpreter} -m pip install {package}` (its name there may differ)"
    if environment.python or environment.prefix:
        return install
    return f"{install}, or name an interpreter that has it: python under [environment] in trainer.toml, or of the pool"


def _needs_gpu(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    if bounds.spec.device != "cpu" or not _NO_GPU.search(text):
        return None
    return Refusal(
        FailureKind.CRASHED,
        "the code needs a GPU, and this pool has none",
        "Run it on a pool with GPUs (list_gpus shows them), or choose the device by torch.cuda.is_available().",
    )


def _network(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    if bounds.in_force["network"] in {"allowed", "none"}:
        return None
    is_socket = _DENIED.search(text) and not _DENIED_PATH.search(text) and _SOCKET.search(text)
    if not (_NETWORK.search(text) or is_socket):
        return None
    return _refused(
        "the sandbox refused the network",
        "Use data and weights that are on the machine: an experiment has no network. A person can download them in the command"
        " of [prepare] in trainer.toml, which has the network, or set network = true under [sandbox] there. Processes of one"
        " experiment that talk to each other get a loopback by the table [processes] there.",
    )


def _shared_memory(text: str, status: int, bounds: Confinement) -> Refusal | None:
    is_full = _FULL.search(text) or "Bus error" in text or "shared memory" in text or status == 128 + signal.SIGBUS
    if status != 128 + signal.SIGBUS and not (_SHARED_MEMORY.search(text) and (is_full or _DENIED.search(text))):
        return None
    size = bounds.shared_memory_bytes
    limit = f"it has {size / 2**30:.1f} GiB" if size else "this experiment has none"
    larger = (
        "This run has a /dev/shm of its own, of half of the machine's memory."
        if bounds.private_memory
        else "A person can make it larger: with --shm-size for a container, or `mount -o remount,size=16G /dev/shm`."
    )
    return _refused(
        f"shared memory (/dev/shm) is full or closed: {limit}",
        f"Load data in the training process (num_workers=0), or share less between processes. {larger}",
    )


def _full_disk(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    if not _FULL.search(text):
        return None
    return _refused(
        f"the disk of {bounds.work} is full",
        "Write less. A person has to free space on that machine, or set data_dir in labhand.toml to a larger disk.",
    )


def _too_large(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    if not _TOO_LARGE.search(text):
        return None
    return _refused(
        f"the sandbox refused a file of more than {bounds.file_bytes / 2**30:.3g} GiB",
        "Write smaller files. A person can set file_gib under [sandbox] in trainer.toml.",
    )


def _closed_program(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    match = _DENIED_PROGRAM.search(text)
    program = shutil.which(match[1]) if match else None
    if bounds.in_force["files"] == "none" or program is None:
        return None
    return _refused(
        f"the sandbox refused the program {program}, which a shell found on the PATH",
        f"A person can name another program by its whole path in the command of trainer.toml (labhand's own Python is"
        f' {sys.executable}), or let experiments read this one: read = ["{Path(program).parent}"] under [sandbox] there.',
    )


def _closed_file(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    match = _DENIED_PATH.search(text)
    if bounds.in_force["files"] == "none" or match is None:
        return None
    path = Path(bounds.work, match[1] or match[2]).resolve()
    if any(path.is_relative_to(place.resolve()) for place in (bounds.work, bounds.temporary)):
        return None
    if any(path.is_relative_to(place) for place in bounds.data):
        return _refused(
            f"the sandbox refused to change {path}",
            "What [data] paths in trainer.toml names can be read, and not changed: write to the working folder or to TMPDIR.",
        )
    folder = path if path.is_dir() else path.parent
    return _refused(
        f"the sandbox refused {path}",
        "An experiment reads its copy of the trainer, Python and the system's libraries, and writes to its copy and to TMPDIR."
        f' A person can let it read more: read = ["{folder}"] under [sandbox] in trainer.toml.',
    )


def _left_out(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    missing = left_out_file(text, bounds)
    return None if missing is None else _refused(*missing)


def _too_many_threads(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    if not _THREADS.search(text):
        return None
    return _refused(
        f"the sandbox refused more than {bounds.max_threads} threads and processes",
        "Start fewer workers and threads: the limit can't be changed.",
    )


def _forbidden_call(text: str, _status: int, bounds: Confinement) -> Refusal | None:
    if bounds.in_force["network"] not in {"seccomp", LOOPBACK} or not _FORBIDDEN_CALL.search(text):
        return None
    return _refused(
        "the sandbox refused a system call (EPERM)",
        "Leave other processes, System V shared memory, message queues, keys and kernel tracing alone: they stay closed.",
    )
