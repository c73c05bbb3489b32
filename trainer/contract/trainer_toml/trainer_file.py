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
from .budget import BUDGET_KEYS, Budget, misplaced_placeholders, read_budget
from .data import DATA_KEYS, Data, read_data
from .metric import METRIC_KEYS, Metric, read_metrics
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
        metrics: The first is the one that runs are judged by.
        data: None for a trainer that brings its own.
        prepare: Command to run once on each machine before anything trains; empty for none.
        read: Paths outside the run folder that its code may read besides; they may begin with `~`.
        network: Its code may use the network.
        file_gib: The largest file that it may write; None for the usual limit of the kind of device.
    """

    name: str
    editable: tuple[str, ...]
    command: tuple[str, ...]
    metrics: tuple[Metric, ...]
    budget: Budget
    data: Data | None = None
    prepare: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    network: bool = False
    file_gib: float | None = None

    @property
    def metric(self) -> Metric:
        """What runs are judged by."""
        return self.metrics[0]

    def is_editable(self, path: str) -> bool:
        """Whether experiments may differ in this file, named relative to the folder. `trainer.toml` is never editable."""
        if len(path) > MAX_PATH_CHARACTERS:  # a glob of several stars takes time that grows as a power of the length
            return False
        return path != TRAINER_FILE and any(_expression(glob).fullmatch(path) for glob in self.editable)


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
    "metrics": METRIC_KEYS,
    "data": DATA_KEYS,
    "budget": BUDGET_KEYS,
    "prepare": {"command": None},
    "sandbox": {"read": None, "network": None, "file_gib": None},
}
"""Every key, by table."""


def _trainer(table: TomlTable) -> TrainerFile:
    sandbox = table.table("sandbox")
    metrics = read_metrics(table)
    metric = metrics[0]
    prepare = table.table("prepare").words("command") if table.has("prepare") else ()
    data = read_data(table.table("data")) if table.has("data") and metric.source == "evaluator" else None
    if data is None and metric.source == "evaluator":
        table.problem("data", "the evaluator needs data.corpus and data.vocabulary")
    for other in metrics[1:]:
        if other.source == "evaluator":
            problem = f'{other.name} has source = "evaluator", which measures {metric.name} alone'
            table.problem("metrics", f"{problem}: read it from what the command prints or writes")
    name, editable, command = table.text("name"), _editable(table), table.words("command")
    budget = read_budget(table.table("budget"))
    for word in misplaced_placeholders(command, budget):
        table.problem("command", f"has {word}, and budget.unit is {budget.unit!r}")
    if data is not None and budget.unit != "seconds":
        table.problem("budget", "a trainer that is measured through labhand's session has a budget in seconds: remove unit")
    return TrainerFile(
        name=name,
        editable=editable,
        command=command,
        metrics=metrics,
        budget=budget,
        data=data,
        prepare=prepare,
        read=sandbox.words("read", needed=False),
        network=sandbox.flag("network"),
        file_gib=sandbox.positive("file_gib", 1.0) if sandbox.has("file_gib") else None,
    )


def _editable(table: TomlTable) -> tuple[str, ...]:
    globs = table.words("editable")
    for glob in globs:
        parts = PurePosixPath(glob).parts
        if PurePosixPath(glob).is_absolute() or ".." in parts or glob == TRAINER_FILE:
            table.problem("editable", f"is {glob!r} and has to be a path inside the folder, other than {TRAINER_FILE}")
    return globs
