"""Launches that name a kind of GPU, the one that finishes first, or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from labhand.server.errors import AllowanceError, BadInputError, LabhandError
from labhand.server.ids import parse_ids
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.validate import validate
from labhand.server.research.policy import BASELINE_REPLICATES
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.store.money import clusters
from labhand.server.store.money import pools as pool_store
from labhand.server.store.money.clusters import DesiredClusters

from .. import builders, hiring, writing

pytestmark = pytest.mark.anyio
BOTH = ["H100", "H200"]


async def gpus_of(lab: Lab, ids: Sequence[str]) -> set[str]:
    """The kinds that experiments ask for."""
    numbers = parse_ids(ids).experiments
    return {one.gpu for one in await writing.experiments(lab) if one.number in numbers}


async def busy(lab: Lab, gpu: str, count: int, held: float = 600.0) -> None:
    """Let so many wait for a kind."""
    for _ in range(count):
        await builders.experiment(lab, gpu=gpu, held=held)


async def warm(lab: Lab, *pools: str) -> None:
    """Let a cluster of each pool be up."""
    for pool in pools:
        await hiring.told(lab, hiring.cluster(f"{pool}-1", pool=pool, ago=1.0), pool=pool)


async def test_every_cell_runs_on_each_kind_that_is_listed_as_a_block_of_its_own(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        told = await writing.launch_grid(lab, factors={"X": [7.0, 8.0, 9.0]}, gpu=["h100", "H200"], replicates=2)
        assert told.gpu == "H100, H200"
        assert [block.gpu for block in told.blocks] == BOTH
        assert told.seeds == 2
        for block in told.blocks:
            assert len(parse_ids(block.experiments).experiments) == 6
            assert len(parse_ids(block.baseline).experiments) == BASELINE_REPLICATES
            assert await gpus_of(lab, [*block.experiments, *block.baseline]) == {block.gpu}
        seeds = [(await writing.find(lab, block.experiments[0].partition("-")[0])).seed for block in told.blocks]
        assert seeds[0] != seeds[1]
        settings = {one.setting for one in await writing.experiments(lab)}
        assert [setting.split("/")[1] for setting in sorted(settings)] == BOTH
        assert len(await writing.experiments(lab)) == 2 * (6 + BASELINE_REPLICATES)
        assert {one.grid for one in await writing.experiments(lab) if one.purpose == "idea"} == {1}
        assert told.total == len(told.cells) == 3
        assert [len(parse_ids(cell.id.split(", ")).experiments) for cell in told.cells] == [4, 4, 4]
        parts = [block.estimate for block in told.blocks]
        assert told.estimate.gpu_seconds == pytest.approx(sum(part.gpu_seconds for part in parts))
        assert told.estimate.usd == pytest.approx(sum(part.usd or 0.0 for part in parts), abs=1e-3)
        assert told.estimate.done_in_seconds == max(part.done_in_seconds or 0.0 for part in parts)


async def test_what_ran_on_one_kind_is_a_duplicate_there_and_new_on_the_other(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        first = await writing.launch(lab, overrides={"X": 7.0}, gpu="H200")
        told = await writing.launch(lab, overrides={"X": 7.0}, gpu=BOTH)
        [h100, h200] = told.blocks
        assert (h100.duplicates, h200.duplicates) == ([], first.experiments)
        assert (len(parse_ids(h100.baseline).experiments), h200.baseline) == (BASELINE_REPLICATES, [])
        assert told.duplicates == first.experiments
        assert set(told.experiments) == {*h100.experiments, *h200.experiments}


async def test_one_kind_in_a_list_is_that_kind(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        told = await writing.launch(lab, gpu=["H200", "h200"], dry_run=True)
        assert (told.gpu, told.blocks, told.seeds) == ("H200", [], 1)


@pytest.mark.parametrize(
    ("gpu", "why"),
    [
        ("B200", "no GPU 'B200'"),
        (["H100", "B200"], "no GPU 'b200'"),
        ([], "names no kind of GPU"),
        (["any", "H100"], "names no kind of GPU"),
    ],
)
async def test_kinds_that_there_are_not_are_refused_and_nothing_is_launched(tmp_path: Path, gpu: object, why: str) -> None:
    async with hiring.lab(tmp_path) as lab:
        with pytest.raises(BadInputError, match=why):
            await writing.launch(lab, gpu=gpu)
        assert await writing.experiments(lab) == []


async def test_a_grid_on_several_kinds_is_held_to_the_cap_and_has_no_optimiser(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        with pytest.raises(BadInputError, match=r"1,200 experiments .*× 2 kinds of GPU\)"):
            await writing.launch_grid(lab, factors={"X": [n / 100 for n in range(600)]}, gpu=BOTH)
        with pytest.raises(BadInputError, match="works on one kind at a time"):
            await writing.launch_grid(lab, factors={"X": [0.0, 5.0]}, design="optimiser", gpu=BOTH)
        told = await writing.launch_grid(lab, factors={"X": [0.0, 5.0]}, design="optimiser", size=2, gpu="any")
        assert "finishes first" in told.why_gpu


async def test_an_allowance_covers_all_blocks_or_none(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, more="[allowance]\nexperiments = 1\n") as lab:
        with pytest.raises(AllowanceError, match="This would take 4 experiments"):
            await writing.launch(lab, overrides={"X": 7.0}, gpu=BOTH)
        assert await writing.experiments(lab) == []


async def test_any_is_the_kind_that_is_done_first(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await warm(lab, "h100", "h200")
        told = await writing.launch_grid(lab, factors={"X": [float(n) for n in range(12)]}, gpu="any")
        assert told.gpu == "H100"  # sixteen at once, rather than three
        assert told.why_gpu.startswith("H100 finishes first within the allowance (H100 in about ")
        assert "H200 in about" in told.why_gpu
        assert await gpus_of(lab, told.experiments) == {"H100"}
        await busy(lab, "H100", 40)
        after = await writing.launch(lab, overrides={"X": 99.0}, gpu="ANY")
        assert after.gpu == "H200"


async def test_a_kind_whose_cluster_is_up_is_done_before_one_that_has_to_be_launched(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await warm(lab, "h200")
        told = await writing.launch(lab, gpu="any", dry_run=True)
        assert told.gpu == "H200"
        cold = await writing.launch(lab, gpu="H100", dry_run=True)
        assert (cold.estimate.starts_in_seconds or 0) > (told.estimate.starts_in_seconds or 0)


async def test_of_kinds_that_are_done_together_the_faster_one_is_taken(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await warm(lab, "h100", "h200")
        for gpu, tokens in (("H100", 1000), ("H200", 1500)):
            for seed in range(BASELINE_REPLICATES):
                measured = {"measures": {"tokens": tokens}, "seconds": {"training": 10.0}}
                setting = f"{lab.trainer.name}-{lab.trainer.protected_digest[:8]}/{gpu}/5s"
                await builders.experiment(lab, score=1.9, gpu=gpu, result=measured, setting=setting, seed=seed, held=6.0)
        told = await writing.launch(lab, overrides={"X": 7.0}, gpu="any", dry_run=True)
    assert told.gpu == "H200"


async def test_any_passes_over_kinds_that_cannot_be_used_or_paid(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, more="[allowance]\nusd = 3\n") as lab:
        await warm(lab, "h100")
        async with lab.db.transaction() as tx:
            await clusters.save_desired(tx, "h100", DesiredClusters(0, "me", 0.0, by_person=False))
        assert (await writing.launch(lab, gpu="any", dry_run=True)).gpu == "H200"
        async with lab.db.transaction() as tx:
            await clusters.save_desired(tx, "h100", None)
            [h100, h200] = await lab.pools()
            await pool_store.save(tx, [h100, replace(h200, usd_per_slot_hour=900.0)])
        assert (await writing.launch(lab, gpu="any", dry_run=True)).gpu == "H100"


async def test_two_launches_that_race_for_the_last_dollar_are_not_both_taken(tmp_path: Path) -> None:
    outcomes: list[str] = []
    async with (
        hiring.lab(tmp_path, more="[allowance]\nusd = 0.02\n") as lab,
        hiring.lab(tmp_path, more="[allowance]\nusd = 0.02\n") as other,
    ):

        async def launch(where: Lab, x: float, gpu: object) -> None:
            try:
                await writing.launch(where, overrides={"X": x}, gpu=gpu)
                outcomes.append("taken")
            except LabhandError as error:
                outcomes.append(type(error).__name__)

        async with anyio.create_task_group() as racing:
            racing.start_soon(launch, lab, 7.0, "H100")
            racing.start_soon(launch, other, 8.0, "H200")
        assert sorted(outcomes) == ["AllowanceError", "taken"]
        assert len(await writing.experiments(lab)) == 1 + BASELINE_REPLICATES


async def test_what_has_no_price_yet_is_refused_where_dollars_are_limited(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path, more="[allowance]\nusd = 100\n", priced=False) as lab:
        for gpu in ("H100", "any"):
            with pytest.raises(AllowanceError, match="isn't known yet"):
                await writing.launch(lab, gpu=gpu)
        await hiring.asked(lab)
        assert (await writing.launch(lab, gpu="H100")).estimate.usd
    async with hiring.lab(tmp_path, priced=False) as lab:
        assert (await writing.launch(lab, overrides={"X": 7.0}, gpu="H200")).experiments


async def test_validating_on_any_kind_is_on_one_kind_and_on_several_it_is_refused(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await warm(lab, "h200")
        commit = await builders.source(lab, {"train.py": "X = 5.0\n"})
        number = await builders.experiment(lab, score=1.9, gpu="H100", commit=commit)
        told = await validate(lab, ValidationRequest(ids=[f"e{number:04d}"], replicates=2, gpu="any"), "me")
        assert told.gpu == "H200"
        assert "finishes first" in told.why_gpu
        with pytest.raises(ValueError, match="string"):
            ValidationRequest.model_validate({"ids": ["e0001"], "gpu": BOTH})


async def test_an_analysis_is_of_one_kind_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        h100, h200 = await builders.stratum(lab, device="H100"), await builders.stratum(lab, device="H200")
        for gpu, stratum, offset in (("H100", h100, 0.0), ("H200", h200, 50.0)):
            for x in (0, 1, 2):
                await builders.experiment(lab, score=2.0 + offset + x, gpu=gpu, stratum=stratum)
        told = await analyze(lab, "effects", ["e0001-e0006"])
        assert told.experiments == 3
        assert told.left_out == ["3 in another stratum, s1, whose scores don't compare"]
        assert "Scores on different kinds of GPU don't compare. Analyze the other kinds separately: gpu='H100'." in told.tells
        block = await analyze(lab, "noise", ["e0001-e0006"], "H100")
        assert block.stratum is not None
        assert (block.stratum.id, block.experiments, block.left_out) == ("s1", 3, [])
        with pytest.raises(BadInputError, match="No experiment has a score yet on B200"):
            await analyze(lab, "noise", gpu="B200")
