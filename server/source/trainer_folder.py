"""A trainer: the folder that experiments are made of, as the server sees it.

The server imports neither trainers nor the training core: it reads `trainer.toml` and the files beside it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, TypeAlias, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ..domain import Direction, Metric
from ..errors import BadInputError, SettingsError, nearest
from ..settings import line_of
from . import git

FILE = "trainer.toml"
LARGEST_FILE = 4 << 20
"""Bytes that one file of a source may have."""
LARGEST_SOURCE = 64 << 20
"""Bytes that a whole source may have."""
LEFT_OUT = frozenset({"__pycache__", "node_modules", "venv", "labhand.toml"})

Source: TypeAlias = Mapping[str, bytes]
"""The files of a trainer folder: relative POSIX path to content."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Exceptions that a trainer's code needs; shown with every result.

    Attributes:
        read: Paths outside the run folder.
        network: It may use the network.
    """

    read: tuple[str, ...] = ()
    network: bool = False


@dataclass(frozen=True, slots=True)
class Trainer:
    """What `trainer.toml` says.

    Attributes:
        folder: Where it lies on this machine.
        editable: Paths or globs of the files in which experiments may differ; `**` stands for any number of folders.
        budget_seconds: Of training, wall clock, on a GPU.
        cpu_seconds: Of training, CPU time, where there is no GPU.
        evaluation_seconds: For a self-reported metric, how long the command may go on after training.
        prepare: Command to run once a machine; empty for none.
        protected_digest: Hash of all files that aren't editable, `trainer.toml` among them.
    """

    name: str
    folder: Path
    editable: tuple[str, ...]
    command: tuple[str, ...]
    metric: Metric
    budget_seconds: float
    cpu_seconds: float
    startup_seconds: float
    evaluation_seconds: float
    prepare: tuple[str, ...] = ()
    sandbox: Sandbox = field(default_factory=Sandbox)
    protected_digest: str = ""

    def is_editable(self, path: str) -> bool:
        """Whether experiments may differ in this file. `trainer.toml` never is."""
        return _is_editable(path, self.editable)


def load_trainer(name: str, root: Path) -> Trainer:
    """Read a trainer.

    Args:
        name: Of a built-in trainer, or the path of a folder.
        root: What a relative path is relative to.

    Raises:
        SettingsError: There is none, or its `trainer.toml` can't be used: names the file, the line and the key.
    """
    folder = _find_folder(name, root)
    table = _read_table(folder / FILE)
    editable = tuple(table.editable)
    source = read_folder(folder)
    if not any(_is_editable(path, editable) for path in source):
        raise SettingsError(
            f"{folder / FILE}: no file matches editable = {list(editable)}",
            f"Name a file that is there: {', '.join(sorted(set(source) - {FILE})) or 'the folder is empty'}",
        )
    return Trainer(
        name=table.name,
        folder=folder,
        editable=editable,
        command=tuple(table.command),
        metric=Metric(table.metric.name, table.metric.direction, self_reported=table.metric.source == "output"),
        budget_seconds=table.budget.seconds,
        cpu_seconds=table.budget.cpu_seconds,
        startup_seconds=table.budget.startup_seconds,
        evaluation_seconds=table.budget.evaluation_seconds,
        prepare=tuple(table.prepare.command) if table.prepare else (),
        sandbox=Sandbox(tuple(table.sandbox.read), table.sandbox.network),
        protected_digest=_digest({path: data for path, data in source.items() if not _is_editable(path, editable)}),
    )


def read_folder(folder: Path) -> Source:
    """The files of a trainer folder as they stand on disk.

    Left out: what is hidden, caches, virtual environments, `labhand.toml`, and what git ignores there.

    Raises:
        BadInputError: A file is a symlink or too large, or all of them are together.
    """
    paths = sorted(_walk(folder))
    ignored = _ignored(folder, paths)
    source: dict[str, bytes] = {}
    left = LARGEST_SOURCE
    for path in paths:
        if path not in ignored:
            source[path] = _read_file(folder, path)
            left -= len(source[path])
            if left < 0:
                raise BadInputError(
                    f"{folder} holds more than {LARGEST_SOURCE >> 20} MiB",
                    "Keep data outside the trainer folder, or let git ignore it",
                )
    return source


def _find_folder(name: str, root: Path) -> Path:
    for folder in (built_in() / name, root / Path(name).expanduser()):
        if (folder / FILE).is_file():
            return folder.resolve()
    known = [path.parent.name for path in built_in().glob(f"*/{FILE}")]
    raise SettingsError(
        f"There is no trainer {name!r}: none of that name is built in, and {root / name / FILE} isn't there",
        f"Give the path of a folder that holds a {FILE}, or a built-in one. {nearest(name, known)}",
    )


@cache
def built_in() -> Path:
    """Where the built-in trainers lie, found without importing them."""
    spec = find_spec("labhand.trainer")
    places = (spec and spec.submodule_search_locations) or ()
    return Path(next(iter(places), os.devnull))


class _Table(BaseModel):
    """A table of the file. Unknown keys are left to later versions, unless one is nearly a known one."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _refuse_slips(cls, given: object) -> object:
        for key in _keys(given):
            near = [] if key in cls.model_fields else get_close_matches(key, cls.model_fields, n=1, cutoff=0.75)
            if near:
                raise PydanticCustomError("slip", "there is no such key, did you mean {meant}?", {"key": key, "meant": near[0]})
        return given


def _keys(table: object) -> list[str]:
    return list(cast("dict[str, object]", table)) if isinstance(table, dict) else []


def _inside(path: str) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or path == FILE:
        raise ValueError(f"a path inside the folder, other than {FILE}, is needed")
    return path


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if groups < 1:
        raise ValueError("a group (…) around the number is needed")
    return text


_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Command = Annotated[list[str], Field(min_length=1)]


class _Metric(_Table):
    name: Annotated[str, Field(min_length=1)]
    direction: Direction = "minimize"
    source: Literal["evaluator", "output"] = "evaluator"
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None


class _Data(_Table):
    corpus: str
    vocabulary: Annotated[int, Field(gt=0)]
    context: Annotated[int, Field(gt=0)] = 256


class _Budget(_Table):
    seconds: _Seconds = 300.0
    cpu_seconds: _Seconds = 20.0
    startup_seconds: _Seconds = 120.0
    evaluation_seconds: _Seconds = 120.0


class _Prepare(_Table):
    command: _Command


class _Sandbox(_Table):
    read: list[str] = Field(default_factory=list)
    network: bool = False


class _TrainerTable(_Table):
    name: Annotated[str, Field(min_length=1)]
    editable: Annotated[list[Annotated[str, AfterValidator(_inside)]], Field(min_length=1)]
    command: _Command
    metric: _Metric
    data: _Data | None = None
    budget: _Budget = _Budget()
    prepare: _Prepare | None = None
    sandbox: _Sandbox = _Sandbox()

    @model_validator(mode="after")
    def _require_data(self) -> _TrainerTable:
        if self.metric.source == "evaluator" and self.data is None:
            raise PydanticCustomError("data", "the evaluator needs data.corpus and data.vocabulary", {"key": "data"})
        return self


def _read_table(path: Path) -> _TrainerTable:
    text = path.read_text("utf-8", errors="replace")
    try:
        return _TrainerTable.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", "Mend that line") from error
    except ValidationError as error:
        raise SettingsError(_explain(path, text, error), "See docs/trainers.md for every key") from error


def _explain(path: Path, text: str, error: ValidationError) -> str:
    told: list[str] = []
    for fault in error.errors():
        slip = fault.get("ctx", {}).get("key")
        keys = [str(part) for part in fault["loc"] if isinstance(part, str)] + ([slip] if slip else [])
        line = line_of(text, keys)
        told.append(f"{'.'.join(keys)}{f' (line {line})' if line else ''}: {fault['msg']}")
    return f"{path} can't be used: " + "; ".join(told)


def _is_editable(path: str, editable: tuple[str, ...]) -> bool:
    return path != FILE and any(_expression(glob).fullmatch(path) for glob in editable)


@cache
def _expression(glob: str) -> re.Pattern[str]:
    """A glob whose `*` and `?` stay within one folder."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces: list[str] = re.split(r"(\*\*/|\*\*|\*|\?)", str(PurePosixPath(glob)))
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces))


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


def _counts(name: str) -> bool:
    return not (name.startswith(".") or name in LEFT_OUT or name.endswith(".pyc"))


def _ignored(folder: Path, paths: list[str]) -> frozenset[str]:
    """Which of the paths git ignores; none where the folder is in no repository, or is ignored as a whole."""
    listed = "\0".join(paths).encode("utf-8", "surrogateescape")
    answer = git.attempt("check-ignore", "-z", "--stdin", cwd=folder, data=listed).output
    ignored = frozenset(answer.decode("utf-8", "surrogateescape").split("\0")) - {""}
    return frozenset() if FILE in ignored else ignored


def _read_file(folder: Path, path: str) -> bytes:
    file = folder / path
    if file.is_symlink():
        raise BadInputError(f"{file} is a symlink", "Put the file itself there, or keep it outside the trainer folder")
    if file.stat().st_size > LARGEST_FILE:
        raise BadInputError(
            f"{file} has {file.stat().st_size >> 20} MiB, and {LARGEST_FILE >> 20} is the most",
            "Keep data outside the trainer folder, or let git ignore it",
        )
    return file.read_bytes()
