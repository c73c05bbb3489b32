"""A run's result, `result.json` in its folder: a frozen type that both halves use.

The runner writes the file beside an experiment, and it may come from another version of labhand: reading checks every field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Literal, TypeVar, cast, get_args

from .failures import FailureKind
from .json_objects import check_depth

RunStatus = Literal["succeeded", "failed", "cancelled"]
Number = int | float
MAX_BYTES = 4 << 20
"""Of a `result.json` that is read."""
MAX_TEXT, MAX_LINES = 2000, 50
"""Characters of a text, and lines of a failure or flags: they come from the experiment."""
MAX_ENTRIES = 100
"""Numbers in a table, such as the measures."""
MAX_NUMBER = 1e50
"""The largest absolute value of a number: sums of squares of such numbers are finite, and no real metric comes near."""
MAX_SECONDS = 1e9
"""The longest time that a result may state: about 30 years."""

_Value = TypeVar("_Value")


class ResultError(ValueError):
    """A result can't be used; the text names the field, the value and what it has to be."""


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run has no score, written so that someone can act on it.

    Attributes:
        message: One line.
        lines: The lines of the log that matter.
        next_step: What would help.
    """

    kind: FailureKind
    message: str
    lines: tuple[str, ...] = ()
    next_step: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `result.json` has it."""
        return {"kind": str(self.kind), "message": self.message, "lines": list(self.lines), "next_step": self.next_step}


@dataclass(frozen=True, slots=True)
class MeasuredDevice:
    """The device that a run was on, as its runner found it.

    Attributes:
        kind: As `gpu_names.gpu_kind` names it, or `cpu`; None before the runner had looked.
        torch: Version of torch where the command runs; None if it isn't installed, `unknown` if that can't be told.
        driver: Version of the GPU's driver; None on a CPU.
        environment: Fingerprint of the interpreter that the command runs and of what is installed there, or `unknown`; None
            if the runner's own interpreter runs it.
        packages: What the experiment adds to that environment, as `einops==0.8.1`.
    """

    kind: str | None = None
    torch: str | None = None
    driver: str | None = None
    environment: str | None = None
    packages: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As `result.json` has it: empty before the runner had looked."""
        if self.kind is None:
            return {}
        values = asdict(self) | {"packages": list(self.packages)}
        return {name: value for name, value in values.items() if value or name not in {"environment", "packages"}}


@dataclass(frozen=True, slots=True)
class EvaluatorIdentity:
    """What identifies the evaluator.

    Attributes:
        version: Hash of its code.
        data: The text that was scored.
        tokens: How many were scored; None where the evaluator doesn't count.
    """

    version: str | None
    data: str | None
    tokens: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As `result.json` has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to; docs/runs.md explains each part.

    Attributes:
        run: `e0042-1`.
        score: None unless the run succeeded.
        metric: Name of what is scored; None if the runner didn't get to it.
        self_reported: The experiment's own output is believed; None as for `metric`.
        failure: None unless it failed.
        seconds: `startup`, `training`, `evaluation`, `held` and so on, as far as the run got.
        measures: Numbers that the run reported, such as `steps` and `tokens`; None for one that isn't finite.
        claimed: Numbers that the experiment claims of itself.
        metrics: The trainer's metrics that the run isn't judged by; None for one that is missing. A failed run has the one that
            it would have been judged by, too, if it had come so far.
        evaluator: None where none was used.
        sandbox: What holds each part of the sandbox.
        flags: Words for the reader, such as `shared_gpu`.
        weights_of: The run that trained the weights, if it wasn't this one.
        budget: What the command was told, `2000 steps`; None where that is seconds.
        output: A fingerprint of what it printed, without times: two runs with the same did the same; None where it isn't known.
        resumed_from: The lost or shorter run from whose checkpoint this one went on, if it did.
    """

    run: str
    status: RunStatus
    score: float | None = None
    metric: str | None = None
    self_reported: bool | None = None
    failure: RunFailure | None = None
    seconds: Mapping[str, Number | None] = field(default_factory=dict[str, "Number | None"])
    measures: Mapping[str, Number | None] = field(default_factory=dict[str, "Number | None"])
    claimed: Mapping[str, Number | None] = field(default_factory=dict[str, "Number | None"])
    metrics: Mapping[str, Number | None] = field(default_factory=dict[str, "Number | None"])
    device: MeasuredDevice = field(default_factory=MeasuredDevice)
    evaluator: EvaluatorIdentity | None = None
    sandbox: Mapping[str, Any] = field(default_factory=lambda: {"files": "none", "network": "none"})
    flags: tuple[str, ...] = ()
    weights_of: str | None = None
    budget: str | None = None
    output: str | None = None
    resumed_from: str | None = None

    @property
    def held_seconds(self) -> float | None:
        """For how long the run held its slot, at least 0; None where the result doesn't say."""
        held = self.seconds.get("held")
        return None if held is None else max(0.0, float(held))

    @property
    def training_seconds(self) -> float:
        """Wall seconds of training, as a slot is held; 0 where the result doesn't say. `training` may be CPU seconds."""
        return float(self.seconds.get("training_wall") or self.seconds.get("training") or 0.0)

    @classmethod
    def scored(cls, run: str, score: float, **parts: Any) -> RunResult:  # noqa: ANN401
        """The result of a run that succeeded.

        Args:
            run: Its name.
            score: As measured.
            parts: Other fields.
        """
        return cls(run, "succeeded", score, **parts)

    @classmethod
    def failed(cls, run: str, failure: RunFailure, **parts: Any) -> RunResult:  # noqa: ANN401
        """The result of a run that failed; `parts` are other fields."""
        return cls(run, "failed", failure=failure, **parts)

    @classmethod
    def cancelled(cls, run: str) -> RunResult:
        """The result of a run that was cancelled before any runner saw it."""
        return cls(run, "cancelled", seconds={"held": 0.0})

    @classmethod
    def parse(cls, value: object) -> RunResult:
        """Read a result that was decoded from JSON.

        Texts are cut to `MAX_TEXT` characters, lists to `MAX_LINES`; a number that isn't of a usable size
        becomes None.

        Raises:
            ResultError: A field is missing or can't be used.
        """
        table = _table(value, "the result")
        status = _choice(table, "status")
        score = _score(table) if status == "succeeded" else None
        device = _device(table.get("device"))
        if score is not None and device.kind is None:
            raise ResultError("device.kind is missing, and there is a score")
        return cls(
            run=_text(table, "run") or "",
            status=status,
            score=score,
            metric=_text(table, "metric"),
            self_reported=_flag(table, "self_reported"),
            failure=_failure(table.get("failure")),
            seconds=_numbers(table, "seconds", _duration),
            measures=_numbers(table, "measures"),
            claimed=_numbers(table, "claimed"),
            metrics=_numbers(table, "metrics"),
            device=device,
            evaluator=_evaluator(table.get("evaluator")),
            sandbox=_sandbox(table),
            flags=_lines(table, "flags"),
            weights_of=_text(table, "weights_of"),
            budget=_text(table, "budget"),
            output=_text(table, "output"),
            resumed_from=_text(table, "resumed_from"),
        )

    @classmethod
    def read(cls, value: object, run: str = "") -> RunResult:
        """Read a result; one that can't be used becomes a failed result that says so, whatever it is.

        Args:
            value: Decoded from JSON.
            run: The run's name, which the result has to state; empty for any.
        """
        try:
            check_depth(value)
            result = cls.parse(value)
            if run and result.run != run:
                raise ResultError(f"run is {_shown(result.run)} and has to be {run}: it is another run's result")
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            return cls.unreadable(run, str(error), value)
        return result

    @classmethod
    def unreadable(cls, run: str, problem: str, value: object = None) -> RunResult:
        """The failed result of a run that left something else than a result.

        Args:
            run: Its name.
            problem: What is wrong with what it left.
            value: What it left, decoded as far as that was possible.
        """
        message = f"the runner left a result that can't be read: {_cut(problem)}"
        step = "Check that the pool's python has the same labhand as this one, and that no experiment writes to run folders"
        return cls.failed(run, RunFailure(FailureKind.CONTRACT_BROKEN, message, (), step), seconds=_held(value))

    def as_json(self) -> dict[str, Any]:
        """As `result.json` has it."""
        return {
            "run": self.run,
            "status": self.status,
            "score": self.score,
            "metric": self.metric,
            "self_reported": self.self_reported,
            "failure": None if self.failure is None else self.failure.as_json(),
            "seconds": dict(self.seconds),
            "measures": dict(self.measures),
            "claimed": dict(self.claimed),
            "metrics": dict(self.metrics),
            "device": self.device.as_json(),
            "evaluator": None if self.evaluator is None else self.evaluator.as_json(),
            "sandbox": dict(self.sandbox),
            "flags": list(self.flags),
            "weights_of": self.weights_of,
            "budget": self.budget,
            "output": self.output,
            **({} if self.resumed_from is None else {"resumed_from": self.resumed_from}),
        }


def _held(value: object) -> Mapping[str, Number | None]:
    """What an unreadable result says of the time for which the run held its slot."""
    try:
        held = _duration(_table(_table(value, "the result").get("seconds"), "seconds").get("held"))
    except (ResultError, RecursionError):
        return {}
    return {} if held is None else {"held": held}


def _table(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ResultError(f"{name} is {_shown(value)} and has to be an object")
    return cast("Mapping[str, object]", value)


def _choice(table: Mapping[str, object], key: str) -> RunStatus:
    status = table.get(key)
    if status not in get_args(RunStatus):
        raise ResultError(f"{key} is {_shown(status)} and has to be one of {', '.join(get_args(RunStatus))}")
    return cast("RunStatus", status)


def _score(table: Mapping[str, object]) -> float:
    score = _number(table.get("score"))
    if score is None:
        shown = _shown(table.get("score"))
        raise ResultError(f"score is {shown} and has to be a finite number of at most ±{MAX_NUMBER:g}, since the run succeeded")
    return float(score)


def _optional(table: Mapping[str, object], key: str, kind: type[_Value]) -> _Value | None:
    value = table.get(key)
    if value is not None and not isinstance(value, kind):
        raise ResultError(f"{key} is {_shown(value)} and has to be of type {kind.__name__}")
    return value


def _text(table: Mapping[str, object], key: str) -> str | None:
    value = _optional(table, key, str)
    return None if value is None else _cut(value)


def _flag(table: Mapping[str, object], key: str) -> bool | None:
    return _optional(table, key, bool)


def _number(value: object) -> Number | None:
    """A number of a usable size; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -MAX_NUMBER <= value <= MAX_NUMBER else None


def _duration(value: object) -> Number | None:
    """Seconds; None for anything that isn't the duration of a run."""
    number = _number(value)
    return number if number is not None and 0 <= number <= MAX_SECONDS else None


def _numbers(
    table: Mapping[str, object], key: str, read: Callable[[object], Number | None] = _number
) -> Mapping[str, Number | None]:
    values = _table(table.get(key) or {}, key)
    return {_cut(str(name)): read(value) for name, value in islice(values.items(), MAX_ENTRIES)}


def _lines(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = table.get(key) or ()
    if not isinstance(values, list | tuple):
        raise ResultError(f"{key} is {_shown(values)} and has to be a list")
    return tuple(_cut(str(value)) for value in islice(cast("list[object]", values), MAX_LINES))


def _failure(value: object) -> RunFailure | None:
    if value is None:
        return None
    table = _table(value, "failure")
    message = table.get("message")
    if message is None:
        raise ResultError("failure.message is missing")
    try:
        kind = FailureKind(str(table.get("kind")))
    except ValueError:
        raise ResultError(f"failure.kind is {_shown(table.get('kind'))} and has to be a word such as crashed") from None
    return RunFailure(kind, _cut(str(message)), _lines(table, "lines"), _cut(str(table.get("next_step", ""))))


def _device(value: object) -> MeasuredDevice:
    table = _table(value or {}, "device")
    packages = _words(table.get("packages") or [])
    return MeasuredDevice(
        _text(table, "kind"),
        _text(table, "torch"),
        _text(table, "driver"),
        _text(table, "environment"),
        (packages,) if isinstance(packages, str) else tuple(packages),
    )


def _evaluator(value: object) -> EvaluatorIdentity | None:
    if value is None:
        return None
    table = _table(value, "evaluator")
    tokens = _number(table.get("tokens"))
    return EvaluatorIdentity(_text(table, "version"), _text(table, "data"), None if tokens is None else int(tokens))


def _sandbox(table: Mapping[str, object]) -> Mapping[str, Any]:
    """Names and words, and lists of words."""
    values = _table(table.get("sandbox") or {}, "sandbox")
    return {_cut(str(name)): _words(value) for name, value in islice(values.items(), MAX_ENTRIES)}


def _words(value: object) -> str | list[str]:
    if isinstance(value, list):
        return [_cut(str(word)) for word in islice(cast("list[object]", value), MAX_LINES)]
    return _cut(str(value))


def _cut(text: str) -> str:
    """A text of bounded length, without the lone surrogates that JSON can write and no file or database can keep."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()


def _shown(value: object) -> str:
    """A value in an error, cut to what can be read at a glance."""
    try:
        return _cut(f"{value!r:.100}")
    except (ValueError, RecursionError):  # an integer of thousands of digits, or a value that is nested too deeply
        return f"of type {type(value).__name__}"
