"""Grids by design: what they run, what they say of it, and what the optimiser learns from."""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from labhand.server.domain import Status
from labhand.server.errors import BadInputError
from labhand.server.ids import parse_ids
from labhand.server.lab.lab import Lab
from labhand.server.schemas.launch import GridLaunched

from .. import builders
from ..writing import end, experiments, launch, launch_grid, opened

pytestmark = pytest.mark.anyio
HALF = {"X": [2, 3], "Y": [-1, 0], "NOISE": [0, 0.1], "DURATION": [0.01, 0.02]}
DOUBLE = {"file": "train.py", "find": "return WEIGHTS[0]", "replace": "return 2 * WEIGHTS[0]"}


async def deserved(lab: Lab, number: int) -> float:
    """What the knobs of an experiment deserve: the bottom is at X = 3, Y = -1."""
    row = await lab.db.row("SELECT knobs FROM experiments JOIN sources USING (commit_hash) WHERE number = ?", (number,))
    assert row is not None
    knobs = json.loads(row["knobs"])
    return float((knobs["X"] - 3) ** 2 + (knobs["Y"] + 1) ** 2)


async def score(lab: Lab, name: str) -> None:
    """Let an experiment score what its knobs deserve."""
    number = int(name[1:])
    await builders.finish(lab, number, score=await deserved(lab, number))


async def loss(lab: Lab, answer: GridLaunched) -> float:
    """What the cells of a grid deserve, on average."""
    return fmean([await deserved(lab, number) for number in parse_ids(answer.experiments).experiments])


async def test_a_fraction_names_its_resolution_and_what_it_mixes_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        answer = await launch_grid(lab, factors=HALF, design="fractional", dry_run=True)
        assert (answer.total, answer.resolution) == (8, "IV")
        assert answer.tells.startswith("Resolution IV: tells main effects apart")
        assert (
            sorted(answer.aliases) == ["NOISE*DURATION = X*Y", "X*NOISE = Y*DURATION", "Y*NOISE = X*DURATION"]
            or len(answer.aliases) == 3
        )
        assert answer.estimate.gpu_seconds > 0


async def test_one_at_a_time_begins_with_the_base_itself(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        answer = await launch_grid(lab, factors={"X": [2, 3], "Y": [-1]}, design="one_at_a_time")
        assert [cell.knobs for cell in answer.cells] == [{}, {"X": 2.0}, {"X": 3.0}, {"Y": -1.0}]
        assert "no interaction" in answer.tells


@pytest.mark.parametrize("design", ["random", "latin_hypercube"])
async def test_what_a_dry_run_draws_is_launched_and_the_next_one_draws_anew(tmp_path: Path, design: str) -> None:
    async with opened(tmp_path) as lab:
        asked: dict[str, Any] = {
            "factors": {"X": [x / 10 for x in range(30)], "Y": [y / 10 for y in range(30)]},
            "design": design,
            "size": 6,
        }
        shown = await launch_grid(lab, **asked, dry_run=True)
        first, _ = await launch_grid(lab, **asked), await launch_grid(lab, **asked)
        drawn = [cell.knobs for cell in shown.cells]
        launched = [{"X": 1.0, "Y": 0.0} | dict(one.overrides) for one in await experiments(lab) if one.grid is not None]
        assert launched[:6] == drawn
        assert launched[6:12] != drawn
        assert "main effects" in first.tells


async def test_a_design_is_the_same_for_every_variant(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        variants = [{"name": "double", "edits": [DOUBLE]}, {"name": "few", "overrides": {"STEPS": 4}}]
        answer = await launch_grid(
            lab, factors={"X": [0, 1, 2, 3, 4, 5]}, design="random", size=3, variants=variants, dry_run=True
        )
        assert answer.total == 6
        cells = [cell.knobs for cell in answer.cells]
        assert cells[:3] == cells[3:]


async def test_the_optimiser_fills_the_free_slots_and_learns_from_what_ran(tmp_path: Path) -> None:
    async with opened(tmp_path, slots=2) as lab:
        factors = {"X": [-10, 10], "Y": ["-2**3", 8]}
        drawn = await launch_grid(lab, factors=factors, design="optimiser", size=20)
        assert drawn.tells.startswith("Nothing is scored yet")
        for number in range(1, 25):
            await score(lab, f"e{number:04d}")
        answer = await launch_grid(lab, factors=factors, design="optimiser")
        assert answer.total == 2  # as many as there are free slots
        assert "24 scored, 0 failed, 0 pending" in answer.tells  # the baseline's replicates among them
        learned = await launch_grid(lab, factors=factors, design="optimiser", size=8)
        assert "24 scored, 0 failed, 2 pending" in learned.tells
        assert await loss(lab, learned) < 0.7 * await loss(lab, drawn)


@pytest.mark.parametrize("failure", ["lost_machine", "evaluator_failed"])
async def test_the_optimiser_leaves_out_other_codes_other_knobs_and_what_was_nobodys_fault(
    tmp_path: Path, failure: str
) -> None:
    async with opened(tmp_path, slots=2) as lab:
        await builders.stratum(lab)
        grid = await launch_grid(lab, cells=[{"X": 0}, {"X": 2}, {"X": 4}, {"X": 5}, {"X": 2, "Y": 1}])
        await launch(lab, overrides={"X": 3}, edits=[DOUBLE])
        for number in (1, 2, 5, 10):
            await score(lab, f"e{number:04d}")
        await end(lab, "e0003", Status.FAILED, failure="diverged")
        await end(lab, "e0004", Status.FAILED, failure=failure)
        assert grid.baseline == ["e0006-e0009"]
        answer = await launch_grid(lab, factors={"X": [-10, 10]}, design="optimiser", size=1, dry_run=True)
        assert "(2 scored, 1 failed, 4 pending; 2 with others" in answer.tells  # the baseline's replicates are pending
        changed = await launch_grid(
            lab,
            factors={"X": [-10, 10]},
            variants=[{"name": "double", "edits": [DOUBLE]}],
            design="optimiser",
            size=1,
            dry_run=True,
        )
        assert "(1 scored, 0 failed, 0 pending; 8 with others" in changed.tells


async def test_scores_of_an_earlier_stratum_are_not_mixed_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await builders.stratum(lab, torch="old")
        await launch_grid(lab, cells=[{"X": 0}, {"X": 2}])
        await score(lab, "e0001")
        newer = await builders.stratum(lab, torch="new")
        await score(lab, "e0002")
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE experiments SET stratum = ?, finished_at = ? WHERE number = 2", (newer, time.time() + 1))
        answer = await launch_grid(lab, factors={"X": [-10, 10]}, design="optimiser", size=1, dry_run=True)
        assert "(1 scored, 0 failed" in answer.tells


async def test_an_exhausted_space_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        answer = await launch_grid(lab, factors={"NAME": ["a", "b", "c"]}, design="optimiser", size=5)
        assert answer.total == 3
        assert "Only 3 cells were left" in answer.tells
        with pytest.raises(BadInputError, match="Every cell of the factors NAME was tried"):
            await launch_grid(lab, factors={"NAME": ["a", "b", "c"]}, design="optimiser", size=5)
