"""The two files that say what to run: a trainer's `trainer.toml` and a run's `spec.json`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast

TRAINER_FILE = "trainer.toml"
SPEC_FILE = "spec.json"

Value = TypeVar("Value")


class ContractError(Exception):
    """A file of the contract is missing, or a key in it can't be used; the text names both."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a run is judged by.

    Attributes:
        name: Such as `val_bpb`.
        direction: `minimize` or `maximize`.
        source: `evaluator`, or `output` for a line that the command prints.
        pattern: Finds that line; its first group is the value.
    """

    name: str
    direction: str
    source: str
    pattern: re.Pattern[str]

    @property
    def self_reported(self) -> bool:
        """The experiment's own output is believed."""
        return self.source == "output"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use, in seconds.

    Attributes:
        seconds: Of training, wall clock, on a GPU.
        cpu_seconds: Of training, CPU time, where there is none.
        startup_seconds: Wall clock from the start until `ready`.
        evaluation_seconds: Of the evaluation, on the clock that counts training; with `output`, how long the command may go on.
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
class Trainer:
    """A trainer's `trainer.toml`.

    Attributes:
        editable: Paths or globs of the files that an experiment may change; `**` stands for any number of folders.
        command: What trains; a bare `python` is the interpreter that the runner runs in.
        data: None for a trainer that brings its own.
        prepare: Run once a machine before anything trains; empty for nothing.
        read: What its code may read besides; may begin with `~`.
        network: Its code may use the network.
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

    def is_editable(self, path: str) -> bool:
        """Whether experiments may differ in this file, which is named relative to the folder."""
        return path != TRAINER_FILE and any(_expression(glob).fullmatch(path) for glob in self.editable)


@cache
def _expression(glob: str) -> re.Pattern[str]:
    """A glob whose `*` and `?` stay within one folder, as the server reads it."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces: list[str] = re.split(r"(\*\*/|\*\*|\*|\?)", str(PurePosixPath(glob)))
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces))


@dataclass(frozen=True, slots=True)
class Spec:
    """A run's `spec.json`, as docs/runs.md has it.

    Attributes:
        clock: `cpu` or `wall`: what `budget_seconds` counts.
        device: `cpu` or `cuda`.
        cores: Processors to be pinned to, one thread each; empty for no pinning.
        gpu: What `CUDA_VISIBLE_DEVICES` becomes; None for all that are visible.
        sealed: The test split is scored too, for the person's report alone.
        trained: Where weights lie in the folder already, to be evaluated again: `run` that has trained them, its `seconds` and
            `measures`; None for a run that trains.
        gate: A file that all runs on this device lock before they train, where the next starts beside one that is evaluated.
    """

    run: str
    experiment: str
    seed: int
    budget_seconds: float
    clock: str
    device: str
    cores: tuple[int, ...] = ()
    gpu: str | None = None
    sandbox_required: bool = False
    sealed: bool = False
    trained: Mapping[str, Any] | None = None
    gate: str | None = None


class _Table:
    """A table of a file that is read key by key, and complains by file and key."""

    def __init__(self, file: Path, values: Mapping[str, Any], prefix: str = "") -> None:
        self._file = file
        self._values = values
        self._prefix = prefix

    def error(self, key: str, problem: str) -> ContractError:
        return ContractError(f"{self._file.name}: {self._prefix}{key} {problem}")

    def get(self, key: str, kind: type[Value], default: Value | None = None) -> Value:
        value: Any = self._values.get(key, default)
        if value is None:
            raise self.error(key, "is missing")
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(key, f"is {value!r}, but has to be of type {kind.__name__}")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.get(key, str, default)
        if value not in choices:
            raise self.error(key, f"is {value!r}, but has to be one of {', '.join(choices)}")
        return value

    def positive(self, key: str, kind: type[Value], default: Value | None = None) -> Value:
        value: Any = self.get(key, kind, default)
        if not 0 < value < float("inf"):
            raise self.error(key, f"is {value!r}, but has to be above 0")
        return value  # type: ignore[no-any-return]

    def words(self, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        values: list[Any] = self.get(key, list, default)
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, f"is {values!r}, but has to be a list of strings")
        return tuple(values)

    def integers(self, key: str, default: list[int]) -> tuple[int, ...]:
        values: list[Any] = self.get(key, list, default)
        if not all(isinstance(value, int) for value in values):
            raise self.error(key, f"is {values!r}, but has to be a list of integers")
        return tuple(values)

    def mapping(self, key: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.get(key, dict))

    def table(self, key: str) -> _Table:
        return _Table(self._file, self.get(key, dict, {}), f"{self._prefix}{key}.")

    def has(self, key: str) -> bool:
        return self._values.get(key) is not None


def read_trainer(folder: Path) -> Trainer:
    """Read the `trainer.toml` of a trainer folder.

    Raises:
        ContractError: The file is missing, isn't TOML, or a key is missing or can't be used.
    """
    path = folder / TRAINER_FILE
    try:
        table = _Table(path, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ContractError(f"{path} is missing: a trainer folder has one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"{path.name} can't be read: {error}") from error
    metric, sandbox = _read_metric(table.table("metric")), table.table("sandbox")
    command = table.words("command")
    if not command:
        raise table.error("command", "is empty")
    return Trainer(
        name=table.get("name", str),
        editable=table.words("editable"),
        command=command,
        metric=metric,
        budget=_read_budget(table.table("budget")),
        data=None if metric.self_reported else _read_data(table.table("data")),
        prepare=table.table("prepare").words("command", []),
        read=sandbox.words("read", []),
        network=sandbox.get("network", bool, False),
    )


def _read_metric(table: _Table) -> Metric:
    name = table.get("name", str)
    text = table.get("pattern", str, rf"^{re.escape(name)}:\s*(\S+)")
    try:
        pattern = re.compile(text, re.MULTILINE)
    except re.error as error:
        raise table.error("pattern", f"is {text!r}, which is no regular expression: {error}") from error
    if pattern.groups < 1:
        raise table.error("pattern", f"is {text!r}, but has to have a group (…) around the value")
    direction = table.choice("direction", ("minimize", "maximize"), "minimize")
    return Metric(name, direction, table.choice("source", ("evaluator", "output"), "evaluator"), pattern)


def _read_budget(table: _Table) -> Budget:
    default = Budget()
    return Budget(
        seconds=table.positive("seconds", float, default.seconds),
        cpu_seconds=table.positive("cpu_seconds", float, default.cpu_seconds),
        startup_seconds=table.positive("startup_seconds", float, default.startup_seconds),
        evaluation_seconds=table.positive("evaluation_seconds", float, default.evaluation_seconds),
    )


def _read_data(table: _Table) -> Data:
    return Data(
        corpus=table.get("corpus", str),
        vocabulary=table.positive("vocabulary", int),
        context=table.positive("context", int, 256),
    )


def read_spec(folder: Path) -> Spec:
    """Read the `spec.json` of a run folder.

    Raises:
        ContractError: The file is missing, isn't JSON, or a key is missing or can't be used.
    """
    path = folder / SPEC_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContractError(f"{path} is missing: a run folder has one") from None
    except ValueError as error:
        raise ContractError(f"{path.name} can't be read: {error}") from error
    table = _Table(path, values)
    return Spec(
        run=table.get("run", str),
        experiment=table.get("experiment", str),
        seed=table.get("seed", int),
        budget_seconds=table.positive("budget_seconds", float),
        clock=table.choice("clock", ("cpu", "wall")),
        device=table.choice("device", ("cpu", "cuda")),
        cores=table.integers("cores", []),
        gpu=table.get("gpu", str) if table.has("gpu") else None,
        sandbox_required=table.get("sandbox_required", bool, False),
        sealed=table.get("sealed", bool, False),
        trained=table.mapping("trained") if table.has("trained") else None,
        gate=table.get("gate", str) if table.has("gate") else None,
    )
