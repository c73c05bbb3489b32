"""`trainer.toml`: what a trainer is, read and checked in one place for the server and for the runner.

Every error names the file, the line and the key. Unknown keys are left to later versions, unless one is nearly a known key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ..errors import ContractError
from .budget import BUDGET_KEYS, Budget, read_budget
from .checkpoint import CHECKPOINT_KEYS, Checkpoint, read_checkpoint
from .data import DATA_KEYS, Data, read_data
from .keep import KEEP_KEYS, Keep, read_keep
from .metric import METRIC_KEYS, Metric, read_metric
from .processes import PLACEHOLDER, PROCESSES_KEYS, Processes, read_processes
from .toml_table import Problems, TomlTable

TRAINER_FILE: Final = "trainer.toml"
REMEDY: Final = "See docs/trainers.md for every key"

MAX_PATH_CHARACTERS: Final = 1000
"""Characters of an editable file's path."""


@dataclass(frozen=True, slots=True)
class TrainerFile:
    """A trainer's `trainer.toml`.

    Attributes:
        editable: Paths or globs of the files that an experiment may change; `**` stands for any number of folders.
        command: What trains; a bare `python` is the interpreter that the runner runs in.
        data: None for a trainer that brings its own.
        prepare: Command to run once on each machine before anything trains; empty for none.
        read: Paths outside the run folder that its code may read besides; they may begin with `~`.
        network: Its code may use the network.
        file_gib: The largest file that it may write; None for the usual limit of the kind of device.
        processes: The processes that its command starts; None for one that needs no loopback network.
        checkpoint: What it leaves for another run to go on from; None if it starts anew.
        keep: What is kept of its working folder when a run is over; None for nothing.
    """

    name: str
    editable: tuple[str, ...]
    command: tuple[str, ...]
    metric: Metric
    budget: Budget
    data: Data | None = None
    prepare: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    network: bool = False
    file_gib: float | None = None
    processes: Processes | None = None
    checkpoint: Checkpoint | None = None
    keep: Keep | None = None

    @property
    def process_count(self) -> int:
        """Processes that the command starts and that train together."""
        return 1 if self.processes is None else self.processes.count

    def is_editable(self, path: str) -> bool:
        """Whether experiments may differ in this file, named relative to the folder. `trainer.toml` is never editable."""
        return path != TRAINER_FILE and any(matches(glob, path) for glob in self.editable)


def matches(glob: str, path: str) -> bool:
    """Whether a glob of a trainer file names a path. `**` stands for any number of folders; no glob names a very long path."""
    # A glob of several stars takes time that grows as a power of the length.
    return len(path) <= MAX_PATH_CHARACTERS and _expression(glob).fullmatch(path) is not None


@cache
def _expression(glob: str) -> re.Pattern[str]:
    """A glob whose `*` and `?` stay within one folder."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces: list[str] = re.split(r"(\*\*/|\*\*|\*|\?)", str(PurePosixPath(glob)))
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces))


def read_trainer(folder: Path) -> TrainerFile:
    """Read the `trainer.toml` of a trainer folder.

    Raises:
        ContractError: The file is missing or isn't TOML, or keys are missing or can't be used: names the file, line and key.
    """
    path = folder / TRAINER_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ContractError(f"{path} is missing", f"A trainer folder has a {TRAINER_FILE}") from None
    except OSError as error:
        raise ContractError(f"{path} can't be read: {error.strerror}") from error
    return parse_trainer(content, path)


def parse_trainer(content: bytes, path: Path) -> TrainerFile:
    """Read the content of a `trainer.toml`.

    Args:
        content: Of the file.
        path: Of the file, for errors.

    Raises:
        ContractError: As `read_trainer`.
    """
    text = _decode(content, path)
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ContractError(f"{path} is not valid TOML: {error}", "Correct that line") from error
    problems = Problems(text)
    trainer = _trainer(TomlTable(problems, values, (), _KEYS))
    if problems.lines:
        raise ContractError(f"{path} can't be used: {'; '.join(problems.lines)}", REMEDY)
    return trainer


def _decode(content: bytes, path: Path) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ContractError(f"{path} is encoded as UTF-16", "Save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        shown = f"byte 0x{content[error.start]:02x} on line {line}"
        raise ContractError(f"{path} is not encoded as UTF-8: {shown}", "Save it as UTF-8") from error


_KEYS: Final[Mapping[str, Any]] = {
    "name": None,
    "editable": None,
    "command": None,
    "metric": METRIC_KEYS,
    "data": DATA_KEYS,
    "budget": BUDGET_KEYS,
    "prepare": {"command": None},
    "sandbox": {"read": None, "network": None, "file_gib": None},
    "processes": PROCESSES_KEYS,
    "checkpoint": CHECKPOINT_KEYS,
    "keep": KEEP_KEYS,
}
"""Every key, by table."""


def _trainer(table: TomlTable) -> TrainerFile:
    sandbox = table.table("sandbox")
    metric = read_metric(table.table("metric", needed=True))
    prepare = table.table("prepare").words("command") if table.has("prepare") else ()
    data = read_data(table.table("data")) if table.has("data") and metric.source == "evaluator" else None
    if data is None and metric.source == "evaluator":
        table.problem("data", "the evaluator needs data.corpus and data.vocabulary")
    return TrainerFile(
        name=table.text("name"),
        editable=_editable(table),
        command=_command(table),
        metric=metric,
        budget=read_budget(table.table("budget")),
        data=data,
        prepare=prepare,
        read=sandbox.words("read", needed=False),
        network=sandbox.flag("network"),
        file_gib=sandbox.positive("file_gib", 1.0) if sandbox.has("file_gib") else None,
        processes=read_processes(table.table("processes")) if table.has("processes") else None,
        checkpoint=read_checkpoint(table.table("checkpoint")) if table.has("checkpoint") else None,
        keep=read_keep(table.table("keep")) if table.has("keep") else None,
    )


def _command(table: TomlTable) -> tuple[str, ...]:
    words = table.words("command")
    if any(PLACEHOLDER in word for word in words) and not table.has("processes"):
        table.problem("command", f"names {PLACEHOLDER}, and the file has no [processes]. Add that table, with count = 2")
    return words


def _editable(table: TomlTable) -> tuple[str, ...]:
    globs = table.words("editable")
    for glob in globs:
        parts = PurePosixPath(glob).parts
        if PurePosixPath(glob).is_absolute() or ".." in parts or glob == TRAINER_FILE:
            table.problem("editable", f"is {glob!r} and has to be a path inside the folder, other than {TRAINER_FILE}")
    return globs
