"""What is done or measured once per machine: preparing a trainer, and describing the device."""

from __future__ import annotations

import os
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..contract import nvidia
from ..contract.files import cache_folder, locked
from ..contract.run_folder import RunFolder
from ..contract.run_result import MeasuredDevice
from ..contract.run_spec import RunSpec
from ..contract.trainer_toml.trainer_file import TrainerFile
from .child import Child, Stop
from .classify import of_exit
from .environment import for_this_machine, scrubbed, with_interpreter
from .log import Log


def prepare_once(trainer: TrainerFile, folder: RunFolder, spec: RunSpec, log: Log, stop: Stop) -> None:
    """Run the trainer's `[prepare]` command, unless that was done on this machine for the same protected files.

    The command is trusted, so it gets none of the files that experiments may change.

    Raises:
        RunFailedError: The command failed; the next run tries again.
        CancelledError: The runner was asked to end.
    """
    if not trainer.prepare:
        return
    place = cache_folder() / "prepared"
    place.mkdir(parents=True, exist_ok=True)
    done = place / _content_key(trainer, folder.source)
    with locked(done.with_suffix(".lock"), stop.check):
        if done.exists():
            return
        folder.make_work(trainer.is_editable, share=False)  # the command may write anywhere in its copy
        environment = scrubbed(spec, folder.temporary, **for_this_machine())
        with Child(with_interpreter(trainer.prepare), folder.work, environment, log, stop) as child:
            while child.status is None:
                child.wait(1.0)
        if child.status:
            raise of_exit(child.status, log.text(), "The trainer's [prepare] command")
        done.touch()


def _content_key(trainer: TrainerFile, source: Path) -> str:
    """Hash of the command and of the files that experiments can't change."""
    digest = sha256(repr(trainer.prepare).encode())
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_symlink():  # to a shared folder, which is named by its content
            digest.update(f"{name}\0{path.readlink().name}".encode())
        elif path.is_file() and not trainer.is_editable(name) and "__pycache__" not in path.parts:
            digest.update(f"{name}\0".encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def describe_device(spec: RunSpec) -> MeasuredDevice:
    """The device as measured; its kind is `unknown` where the driver doesn't tell."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    if spec.device == "cpu":
        return MeasuredDevice("cpu", torch)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") if spec.gpu is None else spec.gpu
    try:
        gpu = nvidia.gpus(visible)[0]
    except (IndexError, nvidia.DriverError):
        return MeasuredDevice("unknown", torch)
    return MeasuredDevice(gpu.kind, torch, gpu.driver)
