"""Runs at a longer horizon of a validation go on from checkpoints of its shorter runs, which are removed when it is over."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from labhand.server.domain import Experiment
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch import validate
from labhand.server.lab.manage import database_audit
from labhand.server.lab.results.validation_rows import tabulate_validations
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.settings import RUNS
from labhand.server.store.comparison import validation_pairs, validations
from labhand.server.store.experiments import rows

from .. import support

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(600)]

TRAINER = """
name = "extendable"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_loss"
source = "output"
[budget]
cpu_seconds = 5
[checkpoint]
path = "out/checkpoints"
extends = true
"""
TRAIN = """
import json
import os
from pathlib import Path
from random import Random

X = 1.0
COOL_DOWN = 2
steps = round(2 * float(os.environ["LABHAND_BUDGET_SECONDS"]))
place = Path("out/checkpoints")
resumed = os.environ.get("LABHAND_RESUME_FROM")
step = json.loads((place / "last.json").read_text())["step"] if resumed else 0
place.mkdir(parents=True, exist_ok=True)
while step < steps:
    if step == steps - COOL_DOWN:
        (place / "last.json").write_text(json.dumps({"step": step}))
    sum(range(200_000))
    step += 1
    print("step", step)
print("val_loss:", (X - 3) ** 2 + Random(f"{os.environ['LABHAND_SEED']} {X}").gauss(0, 0.01))
"""
STEPS, COOL_DOWN = (10, 20, 40), 2
"""Of a run of each stage, and how many of them come after its checkpoint."""
TEST, TWICE, FOUR_TIMES = range(3)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with support.lab_of_code(tmp_path, TRAINER, TRAIN, slots=2) as opened:
        yield opened


async def _launch(lab: Lab) -> None:
    [number] = await support.queue_source(lab, TRAIN.replace("X = 1.0", "X = 2.5"))
    await support.run_all(lab)
    await validate.validate(lab, ValidationRequest(ids=[f"e{number:04d}"], replicates=4, horizons=[2, 4]), "me")


def _held(lab: Lab) -> list[str]:
    """The runs in whose folders a checkpoint lies, wherever that is."""
    runs = lab.folder / RUNS
    return sorted({path.relative_to(runs).parts[0] for name in ("checkpoint", "work") for path in runs.glob(f"*/{name}")})


async def _arms(lab: Lab, stage: int) -> list[Experiment]:
    pairs = await validation_pairs.of_stage(lab.db, 1, stage)
    found = [await rows.find_experiment(lab.db, arm.number) for pair in pairs for arm in (pair.candidate, pair.against)]
    return [experiment for experiment in found if experiment is not None]


def _steps(lab: Lab, experiment: Experiment) -> list[int]:
    """The steps that the last run of an experiment has trained itself."""
    log = (support.folder_of(lab, f"{experiment.id}-{experiment.attempts}") / "log.txt").read_text("utf-8")
    return [int(step) for step in re.findall(r"^step (\d+)$", log, re.MULTILINE)]


def _result(lab: Lab, experiment: Experiment) -> dict[str, Any]:
    return support.result_of(lab, f"{experiment.id}-{experiment.attempts}")


def _check_result(result: dict[str, Any], longer: Experiment, shorter: Experiment) -> None:
    """It says from which run it went on, and its experiment pays for this run alone."""
    assert result["resumed_from"] == f"{shorter.id}-1"
    [flag] = [flag for flag in result["flags"] if not flag.startswith("budget_unused")]
    assert re.fullmatch(rf"extended: its first [\d.]+ s are those of {shorter.id}-1, whose checkpoint it went on from", flag)
    assert 0 < result["seconds"]["extended"] == result["seconds"]["resumed"] < result["seconds"]["training"]
    assert longer.gpu_seconds == pytest.approx(result["seconds"]["held"], abs=0.01)


async def test_a_longer_horizon_trains_only_what_the_test_has_not_whatever_kills_the_dispatcher(lab: Lab) -> None:
    await _launch(lab)
    with support.dispatcher(lab) as victim:  # killed over the test
        await support.until_finished(lab, 4)
        victim.kill()
    with support.dispatcher(lab) as victim:  # killed over the longer horizon
        await support.until_finished(lab, 11)
        assert set(_held(lab)) & {f"{experiment.id}-1" for experiment in await _arms(lab, TEST)}
        victim.kill()
    await support.run_all(lab)
    [row] = await tabulate_validations(lab, await validations.numbered(lab.db, [1]))
    assert (row.verdict, row.promoted, row.state) == ("confirmed", True, None), row.reason
    stages = [await _arms(lab, stage) for stage in (TEST, TWICE, FOUR_TIMES)]
    assert [_steps(lab, experiment) for experiment in stages[TEST]] == [list(range(1, STEPS[TEST] + 1))] * 8
    for stage in (TWICE, FOUR_TIMES):
        assert len(stages[stage]) == 8
        for shorter, longer in zip(stages[stage - 1], stages[stage], strict=True):
            assert longer.seed == shorter.seed
            assert _steps(lab, longer) == list(range(STEPS[stage - 1] - COOL_DOWN + 1, STEPS[stage] + 1))
            _check_result(_result(lab, longer), longer, shorter)
    assert _held(lab) == []
    audit = await database_audit.audit(lab.root)
    made_by_the_test = "e0001: the history gives that name to nothing"
    assert [found for found in audit.differences if not found.startswith(made_by_the_test)] == []
