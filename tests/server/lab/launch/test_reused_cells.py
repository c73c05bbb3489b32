"""A grid has all its cells, also those that existed before it: in its results, its effects, its counts and `wait`."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.domain import Status
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.manage.cancel import cancel
from labhand.server.lab.monitor.waiting import wait
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.monitor import WaitQuery
from labhand.server.schemas.results import ResultsQuery

from ...dispatcher.scripted import by_x, script
from .. import writing

pytestmark = pytest.mark.anyio
CELLS = {"X": [0.5, 1.0, 1.5], "Y": [0.0, 0.5]}


async def test_a_grid_shows_the_reference_cell_and_every_other_that_ran_before(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        [earlier] = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments
        await lab.play()
        launched = await writing.launch_grid(lab.lab, factors=CELLS)
        assert len(launched.duplicates) == 1, "X = 1.5 and the baseline's first replicate, which follow each other"
        await lab.play()
        results = await get_results(lab.lab, ResultsQuery(ids=[launched.grid]))
        assert results.total == 6
        assert earlier in {row.id for row in results.rows}
        assert "unchanged" in {row.changes for row in results.rows}, "the reference cell is one of the grid's"
        waited = await wait(lab.lab, WaitQuery(ids=[launched.grid], timeout_seconds=0), writing.ME)
        assert waited.finished_total == 6
        effects = await analyze(lab.lab, "effects", [launched.grid])
        assert effects.experiments == 6
        assert {effect.term for effect in effects.main} == {"X 1.0→0.5", "X 1.0→1.5", "Y 0.0→0.5"}


async def test_a_grid_of_nothing_new_is_a_grid_with_all_its_cells(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        first = await writing.launch_grid(lab.lab, factors=CELLS)
        again = await writing.launch_grid(lab.lab, factors=CELLS)
        assert again.grid not in ("", first.grid)
        assert (await get_results(lab.lab, ResultsQuery(ids=[again.grid]))).total == 6


async def test_a_cell_that_ran_before_has_the_name_that_this_grid_gives_it(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        [earlier] = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments
        variants = [{"name": "wide", "overrides": {"X": 1.5}}, {"name": "narrow", "overrides": {"X": 0.5}}]
        launched = await writing.launch_grid(lab.lab, variants=variants)
        rows = {row.id: row for row in (await get_results(lab.lab, ResultsQuery(ids=[launched.grid]))).rows}
        assert rows[earlier].changes == "wide: X 1.0→1.5"
        [alone] = (await get_results(lab.lab, ResultsQuery(ids=[earlier]))).rows
        assert alone.changes == "X 1.0→1.5", "outside of the grid it has no name"


async def test_cancelling_a_grid_leaves_the_cells_that_others_had_launched_before(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        [earlier] = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments
        launched = await writing.launch_grid(lab.lab, factors=CELLS)
        await cancel(lab.lab, [launched.grid], "enough", writing.ME)
        assert (await writing.find(lab.lab, earlier)).status is Status.QUEUED
        results = await get_results(lab.lab, ResultsQuery(ids=[launched.grid]))
        assert sorted(row.status or results.common.status or "" for row in results.rows) == ["cancelled"] * 4 + ["queued"] * 2
