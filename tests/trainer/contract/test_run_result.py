"""`result.json` as both halves read it: every field is checked, and none is believed."""

# ruff: noqa: ANN401
from __future__ import annotations

import json
import math
from typing import Any

import pytest
from labhand.trainer.contract.failures import FailureKind
from labhand.trainer.contract.json_objects import JsonError, decode, decode_strictly
from labhand.trainer.contract.run_result import MAX_ENTRIES, ResultError, RunFailure, RunResult


def a_result(**parts: Any) -> dict[str, Any]:
    """As a runner writes it."""
    return {
        "run": "e0001-1",
        "status": "succeeded",
        "score": 1.9,
        "metric": "val_loss",
        "self_reported": False,
        "failure": None,
        "seconds": {"startup": 3.0, "training": 20.0, "held": 25.0},
        "measures": {"steps": 120},
        "claimed": {"training_seconds": 19.5},
        "metrics": {"l0": 31.5, "dead": None},
        "device": {"kind": "H100-SXM", "torch": "2.13.0", "driver": "570.86"},
        "evaluator": {"version": "1", "data": "sotu", "tokens": 262144},
        "sandbox": {"files": "landlock-5", "network": "seccomp", "exceptions": ["~/data"]},
        "flags": ["shared_gpu"],
        "weights_of": None,
        "budget": "2000 steps",
        "output": "9f2c",
    } | parts


def test_what_is_written_is_read_again() -> None:
    result = RunResult.parse(a_result())
    assert result.as_json() == a_result()
    assert (result.held_seconds, result.training_seconds) == (25.0, 20.0)


def test_a_result_of_the_previous_version_is_read() -> None:
    before = a_result(status="cancelled", score=None, device={}, evaluator=None)
    del before["weights_of"], before["claimed"], before["metrics"], before["budget"], before["output"]
    result = RunResult.parse(before)
    assert (result.status, result.device.kind, result.evaluator) == ("cancelled", None, None)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"status": "done"}, "status is 'done'"),
        ({"status": None}, "status is None"),
        ({"score": math.nan}, "score is nan"),
        ({"score": math.inf}, "score is inf"),
        ({"score": True}, "score is True"),
        ({"score": "1.9"}, "score is '1.9'"),
        ({"score": None}, "score is None"),
        ({"score": 10**400}, "score is 1000"),
        ({"score": 1e200}, "score is 1e.200 and has to be a finite number of at most"),
        ({"run": None, "score": -1e51}, "score is -1e.51"),
        ({"device": None}, r"device\.kind is missing"),
        ({"device": "H100"}, "device is 'H100'"),
        ({"device": {"kind": 100}}, "kind is 100"),
        ({"evaluator": "1"}, "evaluator is '1'"),
        ({"seconds": [1]}, r"seconds is \[1\]"),
        ({"flags": "none"}, "flags is 'none'"),
        ({"self_reported": "no"}, "self_reported is 'no'"),
        ({"status": "failed", "failure": {"kind": "crashed"}}, r"failure\.message is missing"),
        ({"status": "failed", "failure": {"kind": "DROP TABLE", "message": "m"}}, r"failure\.kind is 'DROP TABLE'"),
        ({"status": "failed", "failure": ["crashed"]}, "failure is"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ResultError, match=message):
        RunResult.parse(a_result(**parts))
    read = RunResult.read(a_result(**parts), "e0001-1")
    assert read.failure is not None
    assert (read.run, read.status, read.failure.kind) == ("e0001-1", "failed", FailureKind.CONTRACT_BROKEN)
    assert "can't be read" in read.failure.message


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


ODD: dict[str, Any] = {
    "nested": nested(900),
    "deep": nested(100_000),
    "long": 10**5000,
    "surrogate": "\ud800",
    "null": None,
    "nan": math.nan,
    "list": [],
    "table": {"\ud800": nested(50)},
}
FIELDS = ("status", "flags", "sandbox", "seconds", "device", "evaluator", "failure", "weights_of", "score", "measures")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_no_value_of_any_field_stops_the_reader(field: str, value: Any) -> None:
    result = RunResult.read(a_result(**{field: value}), "e0001-1")
    assert result.status in {"succeeded", "failed", "cancelled"}
    json.dumps(result.as_json(), allow_nan=False).encode()
    str(result.failure).encode()


@pytest.mark.parametrize("run", ["e0002-1", "", None, 7])
def test_another_runs_result_is_not_this_runs(run: Any) -> None:
    result = RunResult.read(a_result(run=run), "e0001-1")
    assert result.failure is not None
    assert (result.run, result.score, result.failure.kind) == ("e0001-1", None, FailureKind.CONTRACT_BROKEN)


def test_a_key_that_a_result_has_twice_is_named() -> None:
    content = json.dumps(a_result()).replace('"score": 1.9', '"score": 1.9, "score": 0.1').encode()
    with pytest.raises(JsonError, match="has the key 'score' twice"):
        decode_strictly(content)


@pytest.mark.parametrize("seconds", [{"held": 1e300}, {"held": -5.0}, {"held": None}, {"held": "long"}, {"training": -1e9}])
def test_a_duration_that_no_run_can_have_is_not_believed(seconds: dict[str, Any]) -> None:
    result = RunResult.read(a_result(seconds=seconds))
    assert (result.held_seconds, result.training_seconds) == (None, 0.0)


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, {"seconds": []}, {"seconds": {"held": math.nan}}])
def test_anything_at_all_is_read_as_something(value: object) -> None:
    assert RunResult.read(value).status == "failed"


def test_a_result_that_cannot_be_read_still_says_how_long_its_slot_was_held() -> None:
    assert RunResult.read(a_result(status="done")).held_seconds == 25.0


def test_odd_values_are_neutralised() -> None:
    failure = {"kind": "tampering", "message": "m" * 10**5, "lines": ["l" * 10**5, 7] * 100, "next_step": None}
    parts = a_result(
        status="failed",
        score=3.0,
        failure=failure,
        flags=[{"odd": 1}] * 999,
        measures={"loss": math.nan, "steps": "many", **{str(number): number for number in range(999)}},
        sandbox={"files": {"deep": 1}},
    )
    result = RunResult.parse(parts)
    assert result.score is None
    assert result.failure is not None
    assert sum(map(len, result.failure.lines)) + len(result.failure.message) < 100_000
    assert (result.measures["loss"], result.measures["steps"], len(result.measures)) == (None, None, MAX_ENTRIES)
    assert set(result.flags) == {"{'odd': 1}"}
    assert result.sandbox == {"files": "{'deep': 1}"}
    assert json.loads(json.dumps(result.as_json(), allow_nan=False))


def test_a_kind_of_failure_of_a_newer_trainer_is_kept_as_it_is() -> None:
    failure = {"kind": "power_cut", "message": "the lights went out"}
    result = RunResult.parse(a_result(status="failed", score=None, failure=failure))
    assert result.failure is not None
    assert (result.failure.kind, f"{result.failure.kind}", result.failure.kind.is_known) == ("power_cut", "power_cut", False)
    assert result.as_json()["failure"]["kind"] == "power_cut"
    assert FailureKind("power_cut") in {result.failure.kind}
    assert "power_cut" not in list(FailureKind)


def test_results_are_made_by_how_a_run_ended() -> None:
    assert RunResult.cancelled("e0001-1").held_seconds == 0
    assert RunResult.scored("e0001-1", 1.9).status == "succeeded"
    failed = RunResult.failed("e0001-1", RunFailure(FailureKind.TIMEOUT, "too slow"))
    assert RunResult.parse(failed.as_json()) == failed


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_no_result(content: bytes | None) -> None:
    assert decode(content) is None
