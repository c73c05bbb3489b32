"""A run's `spec.json`: what to run and where, as docs/runs.md explains it.

The dispatcher writes it, the backend completes it with the place where the run goes, and the runner reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar, cast

from .errors import ContractError
from .trainer_folder.left_out import LeftOutPath

ClockKind = Literal["cpu", "wall"]
DeviceKind = Literal["cpu", "cuda"]
MAX_SPEC_BYTES = 1 << 20
MAX_BUDGET_SECONDS = 1e9

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class TrainedWeights:
    """Weights that lie in the run folder already, to be evaluated again.

    Attributes:
        run: The run that has trained them.
        seconds: What that took, as in its result.
        measures: As in its result.
        metrics: As in its result.
    """

    run: str
    seconds: Mapping[str, Any]
    measures: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ResumedRun:
    """A run whose last checkpoint another run goes on from, and how much of the budget is in that checkpoint.

    It is a lost run of the same experiment, or a shorter run of the same source and seed.

    Attributes:
        run: The earlier run.
        seconds: Of the budget, by its clock, together with what it had resumed from itself.
        wall_seconds: The same by wall clock.
        extends: The shorter run of another experiment in which the training began; empty where no such run is part of it.
        extended_seconds: How much of `seconds` is that run's.
        extended_wall_seconds: How much of `wall_seconds` is that run's.
    """

    run: str
    seconds: float
    wall_seconds: float
    extends: str = ""
    extended_seconds: float = 0.0
    extended_wall_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What tells a run from every other run, also from one that had the same name before the database lost its last rows.

    Attributes:
        lab: The identity of the lab.
        commit: The commit of the source.
        nonce: A random text that the database holds for the experiment before its run folder is laid out.
    """

    lab: str
    commit: str
    nonce: str


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A run's `spec.json`.

    Attributes:
        run: `e0042-1`.
        experiment: `e0042`.
        budget_seconds: Of training.
        clock: What `budget_seconds` counts: CPU time or wall clock.
        cores: Processors to be pinned to, one thread each; empty for no pinning.
        gpu: What `CUDA_VISIBLE_DEVICES` becomes; None for all that are visible.
        sandbox_required: Nothing of it may run without a sandbox.
        sealed: The test split is scored too, for the person's report alone.
        evaluate_twice: A person's own evaluator scores the same artifacts a second time, to show that its score repeats.
        trained: Weights to be evaluated again; None for a run that trains.
        gate: A file that all runs on this device lock before they train, where the next starts beside one that is evaluated.
        python: The interpreter that the pool names for the trainer's commands; None for none.
        resumed: What it goes on from, which lies in the run folder; None for a run that begins anew.
        identity: Whose run it is; the runner repeats it in the result. None in a folder that labhand 0.2 or earlier laid out.
        trainer_folder: The trainer folder on the lab's machine, where the relative paths of its data and of its interpreter
            start; None in a folder that labhand 0.2 or earlier laid out.
        left_out: What the trainer folder holds and the source doesn't, for failures that come of it.
        is_baseline: Its source is the person's own, as the lab began with it; then other runs may use what it compiles.
    """

    run: str
    experiment: str
    seed: int
    budget_seconds: float
    clock: ClockKind
    device: DeviceKind
    cores: tuple[int, ...] = ()
    gpu: str | None = None
    sandbox_required: bool = False
    sealed: bool = False
    trained: TrainedWeights | None = None
    gate: str | None = None
    python: str | None = None
    identity: RunIdentity | None = None
    evaluate_twice: bool = False
    trainer_folder: str | None = None
    left_out: tuple[LeftOutPath, ...] = ()
    resumed: ResumedRun | None = None
    is_baseline: bool = False

    @property
    def resumed_seconds(self) -> float:
        """Seconds of the budget that are in the checkpoint that it goes on from."""
        return 0.0 if self.resumed is None else self.resumed.seconds

    def as_json(self) -> dict[str, Any]:
        """As `spec.json` has it."""
        return asdict(self) | {"cores": list(self.cores)}

    def as_text(self) -> str:
        """The content of the file."""
        return json.dumps(self.as_json(), indent=2)

    @classmethod
    def parse(cls, content: bytes | None, name: str = "spec.json") -> RunSpec:
        """Read the content of a `spec.json`. Keys that aren't known are left to later versions.

        Args:
            content: None for a file that can't be read.
            name: Of the file, for errors.

        Raises:
            ContractError: The file is missing, isn't JSON, or a key is missing or can't be used: names the key and the value.
        """
        if content is None:
            raise ContractError(f"{name} is missing or can't be read", "A run folder has one, written by the dispatcher")
        try:
            values: object = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ContractError(f"{name} is no JSON: {error}") from error
        if not isinstance(values, dict):
            raise ContractError(f"{name} has to hold a JSON object")
        keys = _Keys(name, cast("dict[str, object]", values))
        return cls(
            run=keys.required("run", str),
            experiment=keys.required("experiment", str),
            seed=keys.required("seed", int),
            budget_seconds=keys.seconds("budget_seconds"),
            clock=cast("ClockKind", keys.choice("clock", ("cpu", "wall"))),
            device=cast("DeviceKind", keys.choice("device", ("cpu", "cuda"))),
            cores=keys.integers("cores"),
            gpu=keys.optional("gpu", str),
            sandbox_required=bool(keys.optional("sandbox_required", bool)),
            sealed=bool(keys.optional("sealed", bool)),
            trained=keys.trained(),
            gate=keys.optional("gate", str),
            python=keys.optional("python", str),
            identity=keys.identity(),
            evaluate_twice=bool(keys.optional("evaluate_twice", bool)),
            trainer_folder=keys.optional("trainer_folder", str),
            left_out=keys.left_out(),
            resumed=keys.resumed(),
            is_baseline=bool(keys.optional("is_baseline", bool)),
        )


class _Keys:
    """The values of a spec, read key by key."""

    def __init__(self, name: str, values: Mapping[str, object], prefix: str = "") -> None:
        self._name = name
        self._values = values
        self._prefix = prefix

    def _error(self, key: str, problem: str) -> ContractError:
        return ContractError(f"{self._name}: {self._prefix}{key} {problem}")

    def optional(self, key: str, kind: type[_Value]) -> _Value | None:
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self._error(key, f"is {value!r} and has to be of type {kind.__name__}")
        return value

    def required(self, key: str, kind: type[_Value]) -> _Value:
        value = self.optional(key, kind)
        if value is None:
            raise self._error(key, "is missing")
        return value

    def seconds(self, key: str) -> float:
        value: object = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_BUDGET_SECONDS:
            raise self._error(
                key,
                "is missing"
                if value is None
                else f"is {value!r:.100} and has to be a number above 0 and up to {MAX_BUDGET_SECONDS:g}",
            )
        return float(value)

    def choice(self, key: str, choices: Sequence[str]) -> str:
        value = self.required(key, str)
        if value not in choices:
            raise self._error(key, f"is {value!r} and has to be one of {', '.join(choices)}")
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        values = cast("list[object]", self.optional(key, list) or [])
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise self._error(key, f"is {values!r} and has to be a list of integers")
        return tuple(cast("list[int]", values))

    def identity(self) -> RunIdentity | None:
        values = cast("dict[str, object] | None", self.optional("identity", dict))
        if values is None:
            return None
        keys = _Keys(self._name, values, "identity.")
        return RunIdentity(keys.required("lab", str), keys.required("commit", str), keys.required("nonce", str))

    def left_out(self) -> tuple[LeftOutPath, ...]:
        entries = cast("list[object]", self.optional("left_out", list) or [])
        keys = [
            _Keys(self._name, cast("dict[str, object]", entry), "left_out.") for entry in entries if isinstance(entry, dict)
        ]
        return tuple(LeftOutPath(*(entry.required(name, str) for name in ("path", "why", "remedy"))) for entry in keys)

    def resumed(self) -> ResumedRun | None:
        values = cast("dict[str, object] | None", self.optional("resumed", dict))
        if values is None:
            return None
        keys = _Keys(self._name, values, "resumed.")
        used = keys.required("run", str), keys.seconds("seconds"), keys.seconds("wall_seconds")
        extends = keys.optional("extends", str)
        if not extends:
            return ResumedRun(*used)
        return ResumedRun(*used, extends, keys.seconds("extended_seconds"), keys.seconds("extended_wall_seconds"))

    def trained(self) -> TrainedWeights | None:
        values = cast("dict[str, object] | None", self.optional("trained", dict))
        if values is None:
            return None
        keys = _Keys(self._name, values, "trained.")
        seconds = cast("dict[str, Any]", keys.required("seconds", dict))
        measures = cast("dict[str, Any]", keys.required("measures", dict))
        metrics = cast("dict[str, Any]", keys.optional("metrics", dict) or {})
        return TrainedWeights(keys.required("run", str), seconds, measures, metrics)
