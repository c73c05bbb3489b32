"""A trainer: the folder that experiments are made of, as the server sees it.

The server imports neither trainers nor the training core: the contract reads `trainer.toml`, and this module the folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ...trainer.contract.errors import ContractError
from ...trainer.contract.evaluator_version import evaluator_version, script_version
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, TrainerFile, read_trainer
from ..domain import Metric
from ..errors import BadInputError, SettingsError, nearest
from .ignored_files import ignored_files

FILE = TRAINER_FILE
MAX_FILE_BYTES = 4 << 20
"""Bytes that one file of a source may have."""
MAX_SOURCE_BYTES = 64 << 20
"""Bytes that a whole source may have."""
LEFT_OUT = frozenset({"__pycache__", "node_modules", "venv", "labhand.toml"})

Source: TypeAlias = Mapping[str, bytes]
"""The files of a trainer folder: relative POSIX path to content."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """A trainer: its folder, and what its `trainer.toml` says.

    Attributes:
        folder: Where it lies on this machine.
        file: The content of `trainer.toml`.
        protected_digest: Hash of all files that aren't editable, `trainer.toml` among them.
        evaluator_version: Hash of what scores its experiments; empty where they score themselves.
    """

    folder: Path
    file: TrainerFile
    protected_digest: str = ""
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
        """What experiments are judged by."""
        metric = self.file.metric
        return Metric(metric.name, metric.direction, metric.self_reported)

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
    source = read_folder(folder)
    if not any(map(file.is_editable, source)):
        raise SettingsError(
            f"{folder / FILE}: no file matches editable = {list(file.editable)}",
            f"Name a file that is there: {', '.join(sorted(set(source) - {FILE})) or 'the folder is empty'}",
        )
    protected = {path: data for path, data in source.items() if not file.is_editable(path)}
    return Trainer(folder, file, _digest(protected), _evaluator_version(folder, file, protected))


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


def read_folder(folder: Path) -> Source:
    """The files of a trainer folder as they stand on disk.

    Left out: what is hidden (unless `editable` names it, such as `.env`), caches, virtual environments, `labhand.toml`, and
    what git ignores there.

    Raises:
        BadInputError: A file is a symlink or too large, or all of them are together.
    """
    hidden = _hidden_editable(folder)
    paths = sorted({*_walk(folder), *hidden})
    ignored = ignored_files(folder, paths, FILE) - hidden
    source: dict[str, bytes] = {}
    left = MAX_SOURCE_BYTES
    for path in paths:
        if path not in ignored:
            source[path] = _read_file(folder, path)
            left -= len(source[path])
            if left < 0:
                raise BadInputError(
                    f"{folder} holds more than {MAX_SOURCE_BYTES >> 20} MiB",
                    "Keep data outside the trainer folder, or let git ignore it",
                )
    return source


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


def _walk(folder: Path) -> Iterator[str]:
    """Paths of the files below a folder, and of symlinks to folders, less what is left out by name."""
    for place, folders, files in os.walk(folder):
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [
            name for name in folders if name not in links and _counts(name) and not (here / name / "pyvenv.cfg").exists()
        ]
        for name in [*files, *links]:
            if _counts(name):
                yield (here / name).relative_to(folder).as_posix()


def _hidden_editable(folder: Path) -> frozenset[str]:
    """Paths of hidden files that `editable` names without wildcards. Git often ignores them; they are part of the source."""
    try:
        editable = read_trainer(folder).editable
    except ContractError:  # said by `load_trainer`
        return frozenset()
    return frozenset(path for path in editable if PurePosixPath(path).name.startswith(".") and (folder / path).is_file())


def _counts(name: str) -> bool:
    return not (name.startswith(".") or name in LEFT_OUT or name.endswith(".pyc"))


def _read_file(folder: Path, path: str) -> bytes:
    file = folder / path
    if file.is_symlink():
        raise BadInputError(f"{file} is a symlink", "Put the file itself there, or keep it outside the trainer folder")
    if file.stat().st_size > MAX_FILE_BYTES:
        raise BadInputError(
            f"{file} has {file.stat().st_size >> 20} MiB, and {MAX_FILE_BYTES >> 20} is the most",
            "Keep data outside the trainer folder, or let git ignore it",
        )
    return file.read_bytes()
