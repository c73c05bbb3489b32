"""What an allowance covers of a launch, and what the lab adds to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.domain import Purpose, Status
from labhand.server.errors import AllowanceError

from .writing import end, everything, experiments, launch, lay_out, opened

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("allowance", "told"),
    [
        ("gpu_hours = 0.003", r"0\.005417 GPU-hours \(.*\), and of the 0\.003 allowed 0 are"),
        ("usd = 0.007", r"0\.01083 dollars"),
        ("experiments = 2", "3 experiments .1 for replicates of the baseline, .* of the 2 allowed 0 are spent or reserved"),
        ("ends = 1000.0", "allowance of this lab ended at 1970-01-01 00:16 UTC"),
    ],
)
async def test_what_the_allowance_does_not_cover_is_refused_with_the_figures(tmp_path: Path, allowance: str, told: str) -> None:
    toml = f"[allowance]\n{allowance}\n[pools.priced]\nbackend = 'local'\nusd_per_hour = 2.0\n"
    async with opened(tmp_path, toml=toml) as lab:
        before = await everything(lab)
        with pytest.raises(AllowanceError, match=told):
            await launch(lab, overrides={"X": 2}, replicates=2)
        assert await everything(lab) == before


@pytest.mark.parametrize(
    ("allowance", "baseline_runs", "left"),
    [
        ("experiments = 5", 4, "0 of 5 experiments"),
        ("experiments = 4", 2, "1 of 4 experiments"),
        ("experiments = 3", 1, "1 of 3 experiments"),
        ("experiments = 2", 1, "0 of 2 experiments"),
        ("gpu_hours = 0.009", 2, "0.003583 of 0.009 GPU-hours"),
        ("gpu_hours = 0.004", 1, "0.0003889 of 0.004 GPU-hours"),
    ],
)
async def test_small_allowances_work_with_the_replicates_of_the_baseline_that_fit(
    tmp_path: Path, allowance: str, baseline_runs: int, left: str
) -> None:
    async with opened(tmp_path, toml=f"[allowance]\n{allowance}\n") as lab:
        priced = await launch(lab, overrides={"X": 2}, dry_run=True)
        answer = await launch(lab, overrides={"X": 2})
        assert answer.experiments == ["e0001"]
        assert sum(one.purpose is Purpose.BASELINE for one in await experiments(lab)) == baseline_runs
        assert answer.lab is not None
        assert answer.lab.allowance_left == left
        assert answer.estimate.gpu_seconds == priced.estimate.gpu_seconds == pytest.approx(6.5 * (1 + baseline_runs))
        if baseline_runs == 4:
            assert priced.note.startswith("4 of the 5 experiments are replicates of the baseline")
            assert answer.note == ""
        else:
            assert answer.note.startswith(f"The allowance has room for {baseline_runs} of 4 missing replicates")


async def test_replicates_of_the_baseline_that_did_not_fit_are_added_when_they_do(tmp_path: Path) -> None:
    async with opened(tmp_path, toml="[allowance]\nexperiments = 4") as lab:
        await launch(lab, overrides={"X": 2})
        lay_out(tmp_path, toml="[allowance]\nexperiments = 20")
        assert (await launch(lab, overrides={"X": 2.5})).baseline == ["e0005-e0006"]


async def test_the_allowance_counts_what_is_reserved_and_what_is_spent(tmp_path: Path) -> None:
    async with opened(tmp_path, toml="[allowance]\nexperiments = 7") as lab:
        answer = await launch(lab, overrides={"X": 2})
        assert answer.lab is not None
        assert answer.lab.allowance_left == "2 of 7 experiments"
        await end(lab, "e0001", Status.SUCCEEDED)
        async with lab.db.transaction() as tx:
            await tx.insert("INSERT INTO spent VALUES ('local', 0, 1, 6.0, 0.0, 5.0)")
        assert (await launch(lab, overrides={"X": 2.5}, replicates=2)).experiments == ["e0006-e0007"]
        with pytest.raises(AllowanceError, match="1 experiments, and of the 7 allowed 7 are"):
            await launch(lab, overrides={"X": 2.8})


async def test_an_allowance_that_the_person_raised_counts_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path, toml="[allowance]\nexperiments = 4") as lab:
        with pytest.raises(AllowanceError):
            await launch(lab, overrides={"X": 2}, replicates=5)
        lay_out(tmp_path, toml="[allowance]\nexperiments = 12345")
        answer = await launch(lab, overrides={"X": 2})
        assert answer.lab is not None
        assert answer.lab.allowance_left == "12,340 of 12,345 experiments"
