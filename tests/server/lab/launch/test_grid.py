"""Launching a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from labhand.server.domain import Status
from labhand.server.errors import AllowanceError, BadInputError, LabhandError
from labhand.server.lab import references

from ..builders import Woken
from ..writing import end, everything, experiments, find, launch, launch_grid, log, opened

pytestmark = pytest.mark.anyio
EDIT = {"file": "train.py", "find": "return WEIGHTS[0]", "replace": "return 2 * WEIGHTS[0]"}


async def test_factors_cross_and_all_cells_share_seeds(tmp_path: Path) -> None:
    woken = Woken()
    async with opened(tmp_path, woken=woken) as lab:
        asked: dict[str, Any] = {"factors": {"X": [2, 2.5], "Y": ["-1/2", -1, 0]}, "replicates": 2, "theme": "place"}
        shown = await launch_grid(lab, **asked, dry_run=True)
        answer = await launch_grid(lab, **asked)
        assert (answer.grid, answer.base, answer.gpu, answer.total) == ("g001", "baseline", "cpu", 6)
        assert answer.experiments == ["e0001-e0012"]
        assert answer.baseline == ["e0013-e0016"]
        assert [cell.knobs for cell in shown.cells[:3]] == [{"X": 2.0, "Y": -0.5}, {"X": 2.0, "Y": -1.0}, {"X": 2.0, "Y": 0.0}]
        assert answer.cells == []
        cells = (await experiments(lab))[:12]
        assert [{"Y": 0.0, **one.overrides} for one in cells[::2]] == [cell.knobs for cell in shown.cells]
        assert {one.grid for one in cells} == {1}
        assert {one.theme for one in cells} == {"place"}
        assert answer.seeds == 2
        assert [one.seed for one in cells] == [cells[0].seed, cells[1].seed] * 6
        assert len({one.commit for one in cells}) == 6
        assert woken.times == 1
        assert log(lab, "--format=%s", "baseline..e0003") == ["X 1.0→2.0, Y 0.0→-1.0"]
        assert (await find(lab, "e0003")).overrides == {"X": 2.0, "Y": -1.0}
        assert b"Y = -1.0" in (await references.resolve(lab, "e0003")).source["train.py"]


async def test_variants_cross_with_factors_and_the_unmodified_base_is_not_among_them(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        answer = await launch_grid(
            lab,
            factors={"X": [2, 3]},
            variants=[{"name": "double", "edits": [EDIT]}, {"name": "few", "overrides": {"STEPS": 4}}],
            overrides={"Y": -1},
        )
        assert [(cell.variant, cell.knobs) for cell in answer.cells] == [
            ("double", {"X": 2.0}),
            ("double", {"X": 3.0}),
            ("few", {"X": 2.0}),
            ("few", {"X": 3.0}),
        ]
        made = (await experiments(lab))[:4]
        assert [one.variant for one in made] == ["double", "double", "few", "few"]
        assert made[1].changes == "double: Y 0.0→-1.0; train.py +1 −1: def loss_at; X 1.0→3.0"
        assert made[3].overrides == {"X": 3.0, "Y": -1.0, "STEPS": 4}
        assert all(one.purpose == "idea" for one in made)


async def test_variants_may_stand_on_other_bases(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        file = tmp_path / "trainer/train.py"
        file.write_text(file.read_text().replace("X = 1.0", "X = 2.5"))
        answer = await launch_grid(
            lab, variants=[{"name": "old", "base": "e0001"}, {"name": "disk", "folder": "trainer"}], factors={"Y": [-1]}
        )
        changes = [(one.base, one.changes) for one in (await experiments(lab))[5:7]]
        assert changes == [(1, "old: Y 0.0→-1.0"), (None, "disk: X 1.0→2.5; Y 0.0→-1.0")]
        assert answer.base == "baseline"


async def test_cells_can_be_listed(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        answer = await launch_grid(lab, cells=[{"X": 2}, {"Y": -1}, {"X": 2, "Y": -1}, {"X": 2.0}])
        assert answer.total == 4
        assert answer.experiments == ["e0001-e0003"]
        assert [cell.id for cell in answer.cells] == ["e0001", "e0002", "e0003", "e0001"]


async def test_cells_that_ran_before_are_duplicates_and_a_grid_of_nothing_new_is_a_grid_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        answer = await launch_grid(lab, factors={"X": [1, 2, 3]})
        assert answer.duplicates == ["e0001-e0002"]  # the second is a replicate of the baseline
        assert answer.experiments == ["e0001-e0002", "e0006"]
        await end(lab, "e0006", Status.FAILED, failure="crashed")
        again = await launch_grid(lab, factors={"X": [2, 3]})
        assert again.grid == "g002"
        assert again.duplicates == ["e0001", "e0006"]
        assert again.next.startswith("e0006 failed before")
        assert await lab.db.rows("SELECT number FROM grids") != []
        assert len(await experiments(lab)) == 6


async def test_a_large_grid_is_answered_with_ranges_and_only_its_dry_run_lists_cells(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        priced = await launch_grid(lab, factors={"STEPS": list(range(1, 201))}, dry_run=True)
        assert len(priced.cells) == 20
        assert priced.total == 200
        answer = await launch_grid(lab, factors={"STEPS": list(range(1, 201))})
        assert answer.experiments == ["e0001-e0200"]
        assert answer.total == 200
        assert answer.cells == []
        assert len(answer.model_dump_json()) < 600


async def test_a_thousand_experiments_are_one_call_and_more_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        factors = {"STEPS": list(range(1, 26)), "X": [2 + i / 100 for i in range(40)]}
        with pytest.raises(
            BadInputError, match=r"2,000 experiments \(1,000 cells × 1 variants × 2 replicates\), and one call may launch 1,000"
        ):
            await launch_grid(lab, factors=factors, replicates=2)
        assert await experiments(lab) == []
        assert (await launch_grid(lab, factors=factors)).experiments == ["e0001-e1000"]


async def test_a_grid_can_be_priced_and_repeated_like_any_launch(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        before = await everything(lab)
        priced = await launch_grid(lab, factors={"X": [2, 3]}, dry_run=True)
        assert priced.estimate.gpu_seconds == pytest.approx(6 * 6.5)
        assert [cell.knobs for cell in priced.cells] == [{"X": 2.0}, {"X": 3.0}]
        assert [cell.id for cell in priced.cells] == ["", ""]
        assert await everything(lab) == before
        first = await launch_grid(lab, factors={"X": [2, 3]}, request_id="a")
        assert await launch_grid(lab, factors={"X": [2, 3]}, request_id="a") == first
        assert len(await experiments(lab)) == 6


async def test_a_grid_beyond_the_allowance_is_refused_whole(tmp_path: Path) -> None:
    async with opened(tmp_path, toml="[allowance]\nexperiments = 10") as lab:
        with pytest.raises(AllowanceError, match=r"11 experiments \(1 for replicates .* and of the 10 allowed 0"):
            await launch_grid(lab, factors={"STEPS": list(range(1, 11))} | {"X": [2]})
        assert await experiments(lab) == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "grid is empty: no factors, cells or variants"),
        ({"factors": {"X": [1], "Y": []}}, "grid is empty: no values for Y"),
        ({"factors": {"X": [1]}, "cells": [{"X": 1}]}, "factors and cells are both given"),
        ({"factors": {"X": [1]}, "design": "latin_hypercube", "size": 4}, "more than the 1 different cells"),
        ({"factors": {"X": [1]}, "size": 4}, "'full' doesn't accept size=4"),
        ({"cells": [{"X": 2}], "design": "random", "size": 1}, "'random', size=1 needs factors"),
        ({"variants": [{"name": "a", "overrides": {"X": 2}}], "design": "optimiser"}, "'optimiser' needs factors"),
        ({"factors": {"X": [1, 2, 3], "Y": [0, 1]}, "design": "fractional"}, "two values for each knob, and X has 3"),
        ({"factors": {"XX": [1, 2]}, "design": "optimiser"}, "There is no knob XX in train.py.*X"),
        ({"factors": {"X": [1, "fast"]}, "design": "optimiser"}, "X = 1.0.* can't become 'fast'"),
        ({"factors": {"XX": [1]}}, "There is no knob XX in train.py.*X"),
        ({"factors": {"X": [2, "fast"]}}, "X = 1.0.* can't become 'fast'"),
        ({"factors": {"X": [2]}, "overrides": {"X": 3}}, "X is both a factor and an override"),
        ({"factors": {"X": [2]}, "variants": [{"name": "a"}, {"name": "a"}]}, "Two variants are named 'a'"),
        (
            {"factors": {"Y": [2]}, "variants": [{"name": "a", "edits": [{"find": "Y = 0.0", "replace": "Y = float('0')"}]}]},
            "Variant 'a': Y is not a knob: it stands in train.py:.* as a computed value, not a literal.*Change it with an edit",
        ),
        ({"factors": {"X": [2]}, "variants": [{"name": "a", "edits": [{"find": "Z", "replace": ""}]}]}, "Z"),
        ({"factors": {"X": [2]}, "base": "e0001"}, "no experiment e0001.*Nothing has been launched yet"),
        ({"factors": {"X": [2]}, "gpu": "H100"}, "no GPU 'H100'"),
    ],
)
async def test_bad_input_is_told_and_leaves_the_lab_as_it_was(tmp_path: Path, asked: dict[str, Any], told: str) -> None:
    async with opened(tmp_path) as lab:
        before = await everything(lab)
        with pytest.raises(LabhandError, match=f"(?s){told}"):
            await launch_grid(lab, **asked)
        assert await everything(lab) == before
