"""Budgets of real runs: a knob that is set to the budget, and horizons of trainers whose training can't be stretched."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, SettingsError
from labhand.server.lab.launch import validate
from labhand.server.lab.manage.database_audit import audit
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.results import ResultsQuery
from labhand.server.schemas.validation import ValidationRequest

from ...lab import writing
from .. import support

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

TRAIN = """
import os
import random

MAX_STEPS = 5
RATE = 0.5

x = 10.0 + random.Random(os.environ.get("LABHAND_SEED")).random()
for _ in range(MAX_STEPS):
    x -= RATE * x
print(f"loss: {x:.6g}")
print(f"num_steps: {MAX_STEPS}")
"""
TOML = """
name = "descent"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "loss"
source = "output"
[budget]
seconds = 2
cpu_seconds = 2
startup_seconds = 10
evaluation_seconds = 5
"""
STEPS = 'unit = "steps"\namount = 40\n'


def lay_out(root: Path, budget: str = "", train: str = TRAIN) -> Path:
    """A trainer folder of someone else's, and a lab on it."""
    folder = root / "trainer"
    folder.mkdir()
    (folder / "train.py").write_text(train, "utf-8")
    (folder / "trainer.toml").write_text(TOML + budget, "utf-8")
    return folder


@pytest.mark.slow
async def test_the_budget_knob_stretches_the_training_at_a_longer_horizon(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, f'{STEPS}knob = "MAX_STEPS"\n')
    async with writing.opened(tmp_path) as lab:
        first = await writing.launch(lab, overrides={"RATE": 0.6})
        longer = await writing.launch(lab, overrides={"RATE": 0.6}, budget_seconds=4.0)
        await support.run_all(lab)
        ids = [*first.experiments, *longer.experiments]
        results = await get_results(lab, ResultsQuery(ids=ids, sort_by="id", order="ascending", detail="detailed"))
        assert not [flag for row in results.rows for flag in row.flags if flag.startswith("budget")]
        steps = [(await support.experiment(lab, int(id[1:]))).result["measures"]["steps"] for id in ids]
        assert steps == [40, 80]
        budgets = {summary.stratum.budget for summary in results.common.strata.values()}
        assert budgets == {"40 steps", "80 steps"}
        text = (lab.folder / "runs" / f"{ids[1]}-1" / "source" / "train.py").read_text("utf-8")
        assert "MAX_STEPS = 80\nRATE = 0.6\n" in text
        assert (folder / "train.py").read_text("utf-8") == TRAIN
        assert not (await audit(tmp_path)).differences

        with pytest.raises(BadInputError, match="MAX_STEPS is set to the budget of each run"):
            await writing.launch(lab, overrides={"MAX_STEPS": 1000})
        planned = await validate.validate(lab, ValidationRequest(ids=[ids[0]], horizons=[2], dry_run=True), "me")
        assert [cost.horizon for cost in planned.tests[0].costs] == [1, 2, 1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("budget", "train", "is_refused"),
    [
        ("", TRAIN, True),
        (f'{STEPS}env = "MAX_STEPS"\n', TRAIN, False),
        (STEPS, TRAIN.replace("= 5", '= int(os.environ["LABHAND_BUDGET_STEPS"])'), False),
    ],
)
async def test_horizons_are_refused_where_nothing_stretches_the_training(
    tmp_path: Path, budget: str, train: str, *, is_refused: bool
) -> None:
    lay_out(tmp_path, budget, train)
    async with writing.opened(tmp_path) as lab:
        [id] = (await writing.launch(lab, overrides={"RATE": 0.6})).experiments
        await support.run_all(lab)
        request = ValidationRequest(ids=[id], horizons=[2], dry_run=True)
        if is_refused:
            with pytest.raises(BadInputError, match="would run the same training again") as refused:
                await validate.validate(lab, request, "me")
            assert "knob or env under [budget], or {seconds} in command" in str(refused.value)
            assert (await validate.validate(lab, ValidationRequest(ids=[id], dry_run=True), "me")).tests
            [row] = (await get_results(lab, ResultsQuery(ids=[id]))).rows
            assert "budget_unused" in row.flags
        else:
            assert (await validate.validate(lab, request, "me")).tests


async def test_a_knob_that_is_not_there_is_refused_when_the_lab_opens(tmp_path: Path) -> None:
    lay_out(tmp_path, f'{STEPS}knob = "MAX_STEP"\n')
    with pytest.raises(SettingsError, match=r"budget\.knob = 'MAX_STEP' can't be set: .*MAX_STEPS"):
        async with writing.opened(tmp_path):
            pass
