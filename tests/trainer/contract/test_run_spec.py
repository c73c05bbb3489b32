"""`spec.json`: written by the dispatcher, completed by a backend, read by the runner."""

from __future__ import annotations

import json

import pytest
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.run_spec import ResumedRun, RunSpec, TrainedWeights

SPEC = {"run": "e0042-1", "experiment": "e0042", "seed": 1, "budget_seconds": 20, "clock": "cpu", "device": "cpu"}


def test_a_spec_of_the_needed_keys_has_the_documented_defaults() -> None:
    spec = RunSpec.parse(json.dumps(SPEC | {"cores": [1], "gpu": None, "later": True}).encode())
    assert spec == RunSpec("e0042-1", "e0042", 1, 20.0, "cpu", "cpu", cores=(1,))


def test_what_is_written_is_read_again() -> None:
    trained = TrainedWeights("e0041-1", {"training": 20.0}, {"steps": 120})
    spec = RunSpec("e0042-1", "e0042", 1, 20.0, "wall", "cuda", (2, 3), "1", True, True, trained, "/gate")  # noqa: FBT003
    assert RunSpec.parse(spec.as_text().encode()) == spec


@pytest.mark.parametrize(
    "resumed",
    [
        ResumedRun("e0042-1", 4.0, 5.0),
        ResumedRun("e0042-1", 8.0, 9.0, extends="e0007-1", extended_seconds=4.0, extended_wall_seconds=5.0),
    ],
)
def test_what_a_run_goes_on_from_is_read_again(resumed: ResumedRun) -> None:
    spec = RunSpec("e0042-2", "e0042", 1, 20.0, "cpu", "cpu", resumed=resumed)
    assert RunSpec.parse(spec.as_text().encode()) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clock": "sun"}, "clock is 'sun' and has to be one of cpu, wall"),
        ({"seed": None}, "seed is missing"),
        ({"seed": True}, "seed is True and has to be of type int"),
        ({"cores": ["a"]}, "cores is"),
        ({"budget_seconds": 0}, "budget_seconds is 0 and has to be a number above 0"),
        ({"budget_seconds": None}, "budget_seconds is missing"),
        ({"resumed": {"run": "e1", "seconds": 1, "wall_seconds": 1, "extends": "e0"}}, "extended_seconds is missing"),
        ({"trained": {"run": "e0041-1", "seconds": {}}}, r"trained\.measures is missing"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        RunSpec.parse(json.dumps(SPEC | change).encode())


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff"])
def test_a_file_that_is_no_spec_is_refused(content: bytes | None) -> None:
    with pytest.raises(ContractError, match=r"spec\.json"):
        RunSpec.parse(content)
