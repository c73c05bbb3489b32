"""A whole run, from its folder to its result."""

from __future__ import annotations

import json

import pytest

from ..running import MakeRun


@pytest.mark.slow
def test_a_model_is_trained_for_its_budget_and_scored_in_bits_per_byte(make_run: MakeRun) -> None:
    run = make_run()
    result = run.run()
    assert result["failure"] is None
    assert result["status"] == "succeeded"
    assert 0.3 < result["score"] < 2
    assert 1.0 <= result["seconds"]["training"] < 2.1
    assert result["seconds"]["startup"] > 0
    assert result["seconds"]["evaluation"] > 0
    assert result["measures"]["parameters"] == 300 * 300
    assert result["measures"]["peak_memory_bytes"] > 1e8
    assert result["evaluator"]["tokens"] > 1000
    curve = [json.loads(line) for line in (run.path / "curve.jsonl").read_text().splitlines()]
    assert [point["step"] for point in curve] == list(range(1, len(curve) + 1))
    assert curve[-1]["loss"] < curve[0]["loss"]
    assert curve[-1]["seconds"] <= result["seconds"]["training"]
    assert result["measures"]["steps"] == len(curve)
