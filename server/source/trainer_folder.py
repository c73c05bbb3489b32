"""A trainer: the folder that experiments are made of, as the server sees it.

The server imports neither trainers nor the training core: the contract reads `trainer.toml`, and this module the folder.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from ...trainer.contract.errors import ContractError
from ...trainer.contract.evaluator_version import evaluator_version, script_version
from ...trainer.contract.trainer_folder.left_out import MAX_FILE_BYTES, LeftOutPath, line_to_exclude, line_to_link
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, TrainerFile, read_trainer
from ..domain import Direction, Guard, Metric
from ..errors import BadInputError, SettingsError, nearest
from .folder_listing import list_folder, refuse_too_many

FILE = TRAINER_FILE
MAX_SOURCE_BYTES = 64 << 20
"""Bytes that a whole source may have."""

Source: TypeAlias = Mapping[str, bytes]
"""The files of a trainer folder: relative POSIX path to content."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """A trainer: its folder, and what its `trainer.toml` says.

    Attributes:
        folder: Where it lies on this machine.
        file: The content of `trainer.toml`.
        protected_digest: Hash of all files that aren't editable, `trainer.toml` among them.
        left_out: What the folder holds besides and isn't part of the source.
        evaluator_version: Hash of what scores its experiments; empty where they score themselves.
    """

    folder: Path
    file: TrainerFile
    protected_digest: str = ""
    left_out: tuple[LeftOutPath, ...] = ()
    evaluator_version: str = ""

    @property
    def name(self) -> str:
        """As the file has it."""
        return self.file.name

    @property
    def editable(self) -> tuple[str, ...]:
        """Paths or globs of the files in which experiments may differ; `**` stands for any number of folders."""
        return self.file.editable

    @property
    def metric(self) -> Metric:
        """What experiments are judged by, with the limits that they have to keep."""
        metric = self.file.metric
        guards = tuple(Guard(other.name, other.at_least, other.at_most) for other in self.file.metrics if other.is_guard)
        return Metric(metric.name, metric.direction, metric.self_reported, guards)

    @property
    def other_metrics(self) -> Mapping[str, Direction]:
        """The metrics that experiments aren't judged by: which way each is better, by name."""
        return {metric.name: metric.direction for metric in self.file.metrics[1:]}

    @property
    def budget_seconds(self) -> float:
        """Of training, wall clock, on a GPU."""
        return self.file.budget.seconds

    @property
    def cpu_seconds(self) -> float:
        """Of training, CPU time, where there is no GPU."""
        return self.file.budget.cpu_seconds

    @property
    def startup_seconds(self) -> float:
        """Wall clock that a start-up may take."""
        return self.file.budget.startup_seconds

    @property
    def evaluation_seconds(self) -> float:
        """That the evaluation may take, on the clock that counts training."""
        return self.file.budget.evaluation_seconds

    @property
    def prepare(self) -> tuple[str, ...]:
        """Command to run once on each machine; empty for none."""
        return self.file.prepare

    def is_editable(self, path: str) -> bool:
        """Whether experiments may differ in this file. `trainer.toml` never is editable."""
        return self.file.is_editable(path)


def load_trainer(name: str, root: Path) -> Trainer:
    """Read a trainer.

    Args:
        name: Of a built-in trainer, or the path of a folder. A single word is looked up among the built-in trainers first;
            with a slash, as in `./gpt`, it is a path.
        root: The folder that a relative path starts from.

    Raises:
        SettingsError: There is none, or its `trainer.toml` can't be used: names the file, the line and the key.
    """
    folder = _find_folder(name, root)
    try:
        file = read_trainer(folder)
    except ContractError as error:
        raise SettingsError(error.problem, error.remedy) from error
    listing = list_folder(folder, file)
    source = _read_files(folder, listing.paths, file)
    if not any(map(file.is_editable, source)):
        raise SettingsError(
            f"{folder / FILE}: no file matches editable = {list(file.editable)}",
            f"Name a file that is there: {', '.join(sorted(set(source) - {FILE})) or 'the folder is empty'}",
        )
    protected = {path: data for path, data in source.items() if not file.is_editable(path)}
    return Trainer(folder, file, _digest(protected), listing.left_out, _evaluator_version(folder, file, protected))


def _evaluator_version(folder: Path, file: TrainerFile, protected: Source) -> str:
    if file.evaluator is None:
        return "" if file.metric.self_reported else evaluator_version()
    if file.evaluator.script(protected) is None:
        shown = " ".join(file.evaluator.command)
        raise SettingsError(
            f"{folder / FILE}: command = {shown!r} under [evaluator] names no file of the folder",
            "Name a script that lies there, so that its content belongs to the evaluator's version",
        )
    return script_version(file, protected.items())


def read_folder(folder: Path, trainer: TrainerFile | None = None) -> Source:
    """The files of a trainer folder as they stand on disk.

    Args:
        folder: The trainer folder.
        trainer: Says what is included and excluded; None for the file that the folder has.

    Left out, unless `include` names it: what is hidden (or `editable` names, such as `.env`), caches, virtual environments, and
    what git ignores there. Left out always: `labhand.toml`, data that is linked, what `exclude` names, pipes and sockets.

    Raises:
        BadInputError: A file is a symlink, too large or unreadable, or all of them together are too large or too many.
    """
    trainer = trainer or _file_of(folder)
    return _read_files(folder, list_folder(folder, trainer).paths, trainer)


def _file_of(folder: Path) -> TrainerFile | None:
    try:
        return read_trainer(folder)
    except ContractError:  # `load_trainer` tells of it
        return None


def _read_files(folder: Path, paths: Sequence[str], trainer: TrainerFile | None) -> Source:
    refuse_too_many(folder, trainer, paths)
    source: dict[str, bytes] = {}
    left = MAX_SOURCE_BYTES
    for path in paths:
        source[path] = _read_file(folder, path, trainer)
        left -= len(source[path])
        if left < 0:
            largest = Counter[str]()
            for name, data in source.items():
                largest[name.partition("/")[0]] += len(data)
            place, size = largest.most_common(1)[0]
            raise BadInputError(
                f"{folder} holds more than {MAX_SOURCE_BYTES >> 20} MiB, {size / 2**20:.0f} MiB of them in {place}",
                _how_to_leave_out(trainer, place),
            )
    return source


def _how_to_leave_out(trainer: TrainerFile | None, path: str) -> str:
    return (
        f"If it is data, link it: {line_to_link(trainer, path)}. If training doesn't need it: {line_to_exclude(trainer, path)}"
    )


def _find_folder(name: str, root: Path) -> Path:
    folders = [root / Path(name).expanduser()]
    if is_bare_name(name):
        folders.insert(0, built_in() / name)
    for folder in folders:
        if (folder / FILE).is_file():
            return folder.resolve()
    built_in_names = [path.parent.name for path in built_in().glob(f"*/{FILE}")]
    raise SettingsError(
        f"There is no trainer {name!r}: none of that name is built in, and {root / name / FILE} isn't there",
        f"Give the path of a folder that holds a {FILE}, or a built-in trainer."
        f" {nearest(name, built_in_names, 'built-in trainers')}",
    )


def is_bare_name(name: str) -> bool:
    """Whether a trainer's name may mean a built-in one: a single word. `./gpt`, `gpt/` and `~gpt` are paths."""
    return Path(name).name == name and name not in {"", ".", ".."} and not name.startswith("~")


@cache
def built_in() -> Path:
    """Where the built-in trainers lie, found without importing them."""
    spec = find_spec("labhand.trainer")
    places = (spec and spec.submodule_search_locations) or ()
    return Path(next(iter(places), os.devnull))


def _digest(files: Source) -> str:
    whole = sha256()
    for path in sorted(files):
        whole.update(f"{path}\0{sha256(files[path]).hexdigest()}\n".encode())
    return whole.hexdigest()


def _read_file(folder: Path, path: str, trainer: TrainerFile | None) -> bytes:
    file = folder / path
    if file.is_symlink():
        raise BadInputError(f"{file} is a symlink", f"Put the file itself there. {_how_to_leave_out(trainer, path)}")
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BadInputError(
                f"{file} has {size >> 20} MiB, and {MAX_FILE_BYTES >> 20} is the most", _how_to_leave_out(trainer, path)
            )
        return file.read_bytes()
    except OSError as error:
        raise BadInputError(f"{file} can't be read: {error.strerror}", _how_to_leave_out(trainer, path)) from error
