"""Self-reported trainers with real runs: what rows and reasons say of changes to their own measuring, and of level scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.results import ResultsQuery

from ...lab import writing
from .. import support
from .test_budgets import STEPS, TRAIN, lay_out

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]

SATURATED = TRAIN.replace('print(f"loss: {x:.6g}")', 'print(f"train_loss {x}")\nprint("loss: 0")')
UNSEEDED = TRAIN.replace('random.Random(os.environ.get("LABHAND_SEED")).random()', "0.5")


async def test_a_gain_by_a_change_to_the_printed_metric_is_promising_with_a_caution(tmp_path: Path) -> None:
    lay_out(tmp_path, STEPS)
    async with writing.opened(tmp_path) as lab:
        edit = {"file": "train.py", "find": "{x:.6g}", "replace": "{x / 3:.6g}"}
        told = await writing.launch(lab, edits=[edit], replicates=2)
        honest = await writing.launch(lab, overrides={"RATE": 0.8}, replicates=2)
        await support.run_all(lab)
        touching = await get_results(lab, ResultsQuery(ids=told.experiments, detail="detailed"))
        training = await get_results(lab, ResultsQuery(ids=honest.experiments, detail="detailed"))

    flag = "metric: line 11 of train.py, which reports loss"
    assert flag in told.flags
    assert len(touching.rows) == len(training.rows) == 2
    for row in touching.rows:
        reason = row.reason or touching.common.reason or ""
        assert (row.verdict or touching.common.verdict) == "promising"
        assert flag in (row.flags or touching.common.flags)
        assert f"; self_reported: its change touches how it is measured, check that first ({flag}" in reason
    assert not [row for row in training.rows if "self_reported" in (row.reason or training.common.reason or "")]


@pytest.mark.parametrize(("train", "doubt"), [(SATURATED, "saturated"), (UNSEEDED, "unseeded")])
async def test_level_scores_are_saturated_where_the_logs_differ_and_unseeded_where_they_do_not(
    tmp_path: Path, train: str, doubt: str
) -> None:
    lay_out(tmp_path, STEPS, train)
    async with writing.opened(tmp_path) as lab:
        told = await writing.launch(lab, overrides={"RATE": 0.4}, replicates=3)
        await support.run_all(lab)
        results = await get_results(lab, ResultsQuery(ids=told.experiments))
        doubts = {"saturated", "unseeded"}
        assert all(doubts.intersection(row.flags or results.common.flags) == {doubt} for row in results.rows)
