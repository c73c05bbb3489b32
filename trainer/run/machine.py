"""What is done or known once a machine: preparing a trainer, and what the device is."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..contract import nvidia
from ..contract.files import cache_folder
from ..contract.gpu_names import UNKNOWN
from ..contract.run_folder import RunFolder
from ..contract.trainer_file import Spec, Trainer
from .child import Child, Stop
from .classify import of_exit
from .environment import for_this_machine, scrubbed, with_interpreter
from .log import Log


def prepare_once(trainer: Trainer, folder: RunFolder, spec: Spec, log: Log, stop: Stop) -> None:
    """Run the trainer's `[prepare]`, unless that was done here before for the same protected files.

    It is trusted, and so meets none of the files that experiments change.

    Raises:
        RunFailedError: The command failed; the next run tries again.
        CancelledError: The runner was asked to end.
    """
    if not trainer.prepare:
        return
    place = cache_folder() / "prepared"
    place.mkdir(parents=True, exist_ok=True)
    done = place / _content_key(trainer, folder.source)
    with _locked(done.with_suffix(".lock"), stop):
        if done.exists():
            return
        folder.make_work(trainer.is_editable)
        environment = scrubbed(spec, folder.temporary, **for_this_machine())
        with Child(with_interpreter(trainer.prepare), folder.work, environment, log, stop) as child:
            while child.status is None:
                child.wait(1.0)
        if child.status:
            raise of_exit(child.status, log.text(), "The trainer's [prepare] command")
        done.touch()


def _content_key(trainer: Trainer, source: Path) -> str:
    """Hash of the files that experiments can't change: an idea doesn't make the machine prepare again."""
    digest = sha256(repr(trainer.prepare).encode())
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_file() and not trainer.is_editable(name) and "__pycache__" not in path.parts:
            digest.update(f"{name}\0".encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


@contextmanager
def _locked(path: Path, stop: Stop) -> Generator[None]:
    with path.open("w", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stop.check()
                time.sleep(0.1)
        yield


def describe_device(spec: Spec) -> dict[str, str | None]:
    """The device as measured: `kind`, version of torch, driver."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    if spec.device == "cpu":
        return {"kind": "cpu", "torch": torch, "driver": None}
    try:
        kind, driver = nvidia.kind_and_driver(spec.gpu or "0")
    except nvidia.DriverError:
        return {"kind": UNKNOWN, "torch": torch, "driver": None}
    return {"kind": kind, "torch": torch, "driver": driver}
