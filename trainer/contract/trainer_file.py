"""`trainer.toml`: what a trainer is, read and checked in one place for the server and for the runner.

Every error names the file, the line and the key. Unknown keys are left to later versions, unless one is nearly a known key.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, TypeVar, cast

from .errors import ContractError
from .toml_lines import line_of

TRAINER_FILE: Final = "trainer.toml"
REMEDY: Final = "See docs/trainers.md for every key"

MAX_PATH_CHARACTERS: Final = 1000
"""Characters of an editable file's path."""

Direction = Literal["minimize", "maximize"]
MetricSource = Literal["evaluator", "output"]
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Metric:
    """What a run is judged by.

    Attributes:
        name: Such as `val_bpb`.
        direction: Which way is better.
        source: `evaluator`, or `output` for a line that the command prints.
        pattern: Finds that line, and is matched within single lines; its first group is the value.
    """

    name: str
    direction: Direction
    source: MetricSource
    pattern: re.Pattern[str]

    @property
    def self_reported(self) -> bool:
        """Whether the experiment's own output is believed."""
        return self.source == "output"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use, in seconds.

    Attributes:
        seconds: Of training, wall clock, on a GPU.
        cpu_seconds: Of training, CPU time, where there is none.
        startup_seconds: Wall clock from the start until `ready`.
        evaluation_seconds: Of the evaluation, on the clock that counts training; for a self-reported metric, how long the
            command may go on after training.
    """

    seconds: float = 300.0
    cpu_seconds: float = 20.0
    startup_seconds: float = 120.0
    evaluation_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Data:
    """What an evaluated trainer learns from and is scored on.

    Attributes:
        corpus: As `labhand prepare` names it.
        vocabulary: Number of token ids.
        context: Tokens in a row that the evaluator gives the model.
    """

    corpus: str
    vocabulary: int
    context: int = 256


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
    problems = _Problems(text)
    trainer = _trainer(_Table(problems, values, (), _KEYS))
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
    "metric": {"name": None, "direction": None, "source": None, "pattern": None},
    "data": {"corpus": None, "vocabulary": None, "context": None},
    "budget": {"seconds": None, "cpu_seconds": None, "startup_seconds": None, "evaluation_seconds": None},
    "prepare": {"command": None},
    "sandbox": {"read": None, "network": None, "file_gib": None},
}
"""Every key, by table."""


class _Problems:
    """What is wrong with a file, gathered so that all of it is said at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.lines: list[str] = []

    def add(self, keys: tuple[str, ...], problem: str) -> None:
        line = line_of(self._text, keys)
        self.lines.append(f"{'.'.join(keys)}{f' (line {line})' if line else ''}: {problem}")


class _Table:
    """A table of the file, read key by key. A value that can't be used is noted, and an empty or default one returned."""

    def __init__(self, problems: _Problems, values: Mapping[str, Any], path: tuple[str, ...], keys: Mapping[str, Any]) -> None:
        self._problems = problems
        self._values = values
        self._path = path
        self._keys = keys
        self._misspelt: set[str] = set()
        for key in values:
            near = [] if key in keys else get_close_matches(key, keys, n=1, cutoff=0.75)
            if near:
                self._misspelt.add(near[0])
                self.problem(key, f"there is no such key, did you mean {near[0]}?")

    def problem(self, key: str, text: str) -> None:
        self._problems.add((*self._path, key), text)

    def has(self, key: str) -> bool:
        return key in self._values or key in self._misspelt

    def _get(self, key: str, kind: type[_Value], description: str, default: _Value | None) -> _Value | None:
        """A value of one type; None where that is noted as a problem."""
        value: Any = self._values.get(key, default)
        if value is None:
            if key not in self._misspelt:
                self.problem(key, "is missing")
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.problem(key, f"is {value!r} and has to be {description}")
            return None
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, str, "a string", default)
        if value == "":
            self.problem(key, "is empty")
        return value or ""

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key, choices[0])
        if value and value not in choices:
            self.problem(key, f"is {value!r} and has to be one of {', '.join(choices)}")
        return value

    def flag(self, key: str) -> bool:
        return bool(self._get(key, bool, "true or false", default=False))

    def positive(self, key: str, default: float) -> float:
        value = self._get(key, cast("type[float]", (int, float)), "a number", default)
        return default if value is None or self._is_refused(key, value) else float(value)

    def positive_integer(self, key: str, default: int | None = None) -> int:
        value = self._get(key, int, "an integer", default)
        return 1 if value is None or self._is_refused(key, value) else value

    def _is_refused(self, key: str, value: float) -> bool:
        if 0 < value < math.inf:
            return False
        self.problem(key, f"is {value!r} and has to be a number above 0")
        return True

    def words(self, key: str, *, needed: bool = True) -> tuple[str, ...]:
        values: list[Any] | None = self._get(key, list, "a list of strings", None if needed else [])
        if values is not None and not all(isinstance(value, str) for value in values):
            self.problem(key, f"is {values!r} and has to be a list of strings")
            return ()
        if needed and values == []:
            self.problem(key, "is an empty list and has to name something")
        return tuple(values or ())

    def table(self, key: str, *, needed: bool = False) -> _Table:
        values = cast("dict[str, Any] | None", self._get(key, dict, f"a table: [{key}]", None if needed else {}))
        # What is wrong with the table as a whole is noted by now, and its keys aren't missing as well.
        problems = _Problems("") if values is None else self._problems
        return _Table(problems, values or {}, (*self._path, key), self._keys[key])


def _trainer(table: _Table) -> TrainerFile:
    sandbox = table.table("sandbox")
    metric = _metric(table.table("metric", needed=True))
    prepare = table.table("prepare").words("command") if table.has("prepare") else ()
    data = _data(table.table("data")) if table.has("data") and metric.source == "evaluator" else None
    if data is None and metric.source == "evaluator":
        table.problem("data", "the evaluator needs data.corpus and data.vocabulary")
    return TrainerFile(
        name=table.text("name"),
        editable=_editable(table),
        command=table.words("command"),
        metric=metric,
        budget=_budget(table.table("budget")),
        data=data,
        prepare=prepare,
        read=sandbox.words("read", needed=False),
        network=sandbox.flag("network"),
        file_gib=sandbox.positive("file_gib", 1.0) if sandbox.has("file_gib") else None,
    )


def _editable(table: _Table) -> tuple[str, ...]:
    globs = table.words("editable")
    for glob in globs:
        parts = PurePosixPath(glob).parts
        if PurePosixPath(glob).is_absolute() or ".." in parts or glob == TRAINER_FILE:
            table.problem("editable", f"is {glob!r} and has to be a path inside the folder, other than {TRAINER_FILE}")
    return globs


def _metric(table: _Table) -> Metric:
    name = table.text("name")
    direction = cast("Direction", table.choice("direction", ("minimize", "maximize")))
    source = cast("MetricSource", table.choice("source", ("evaluator", "output")))
    return Metric(name, direction, source, _pattern(table, table.text("pattern", rf"^{re.escape(name)}:[ \t]*(\S*)")))


def _pattern(table: _Table, text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text, re.MULTILINE)
    except re.error as error:
        table.problem("pattern", f"is {text!r}, which is no regular expression: {error}")
        return re.compile("")
    if "\n" in text or r"\n" in text:
        table.problem("pattern", f"is {text!r} and has to match within one line: a metric is printed on a line of its own")
    if text and pattern.groups < 1:
        table.problem("pattern", f"is {text!r} and needs a group (…) around the number")
    return pattern


def _budget(table: _Table) -> Budget:
    default = Budget()
    return Budget(
        seconds=table.positive("seconds", default.seconds),
        cpu_seconds=table.positive("cpu_seconds", default.cpu_seconds),
        startup_seconds=table.positive("startup_seconds", default.startup_seconds),
        evaluation_seconds=table.positive("evaluation_seconds", default.evaluation_seconds),
    )


def _data(table: _Table) -> Data:
    return Data(table.text("corpus"), table.positive_integer("vocabulary"), table.positive_integer("context", 256))
