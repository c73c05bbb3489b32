"""The record as documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.lab.results.text_tables import MAX_PAGE, leaderboard, results_page, results_tsv

from .. import builders

pytestmark = pytest.mark.anyio


async def test_the_leaderboard_shows_the_best_first_as_markdown(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, changes="a | b")
        await builders.experiment(lab, score=1.8, verdict="promising")
        await builders.failure(lab)
        lines = (await leaderboard(lab)).splitlines()
    assert lines[0] == "# val_loss: the best of 2 (minimize)"
    assert lines[2] == "reference baseline: 2, noise 0.003"
    assert lines[4] == "| id | score | gain | verdict | base | changes | by |"
    assert lines[6:] == [
        "| e0002 | 1.8 | +0.2 | promising | baseline | DEPTH 4→6 | me |",
        "| e0001 | 1.9 | +0.1 | inconclusive | baseline | a \\| b | me |",
    ]


async def test_a_leaderboard_of_nothing_says_so(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        assert "Nothing is scored yet" in await leaderboard(lab)


async def test_results_tsv_has_the_columns_that_other_programs_read(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        memory = {"measures": {"peak_memory_bytes": 3 << 29}}
        await builders.experiment(lab, score=2.0, purpose="baseline", hypothesis="As it is", changes="", result=memory)
        await builders.experiment(lab, score=1.8123456789, verdict="promising", hypothesis="Deep\ter\nis better")
        await builders.experiment(lab, score=2.1, verdict="worse")
        await builders.failure(lab)
        await builders.experiment(lab)
        lines = [line.split("\t") for line in (await results_tsv(lab)).splitlines()]
    commit = lines[1][0]
    assert len(commit) == 7
    assert lines == [
        ["commit", "val_loss", "memory_gb", "status", "description", "id"],
        [commit, "2.000000", "1.5", "keep", "As it is", "e0001"],
        [commit, "1.812346", "", "keep", "Deep er is better (DEPTH 4→6)", "e0002"],
        [commit, "2.100000", "", "discard", "It may help (DEPTH 4→6)", "e0003"],
        [commit, "", "", "crash", "It may help (DEPTH 4→6)", "e0004"],
    ]


async def test_results_tsv_holds_every_finished_experiment_however_many(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.many(lab, 2345)
        assert len((await results_tsv(lab)).splitlines()) == 2346


async def test_the_pages_of_results_tsv_hold_every_row_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.many(lab, 500)
        whole = (await results_tsv(lab)).splitlines()
        rows: list[str] = []
        after, pages = 0, 0
        while True:
            page = await results_page(lab, after)
            assert len(page) < MAX_PAGE + 100
            header, *lines = page.splitlines()
            pages += 1
            if not lines[-1].startswith("# more rows: labhand://results.tsv/e"):
                rows += lines
                break
            rows += lines[:-1]
            after = int(lines[-1].rpartition("/e")[2])
    assert pages > 3
    assert [header, *rows] == whole


async def test_a_page_of_results_tsv_says_the_hypothesis_of_a_grid_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=2.0, hypothesis="Deeper is better", changes="DEPTH 4→6")
        await builders.experiment(lab, score=2.1, hypothesis="Deeper is better", changes="DEPTH 4→8")
        await builders.experiment(lab, score=2.2, hypothesis="As it is", changes="")
        await builders.experiment(lab, score=2.2, hypothesis="As it is", changes="")
        told = [line.split("\t")[4] for line in (await results_page(lab, 0)).splitlines()[1:]]
        rest = [line.split("\t")[4] for line in (await results_page(lab, 1)).splitlines()[1:]]
    assert told == ["Deeper is better (DEPTH 4→6)", "(DEPTH 4→8)", "As it is", "As it is"]
    assert rest[0] == "Deeper is better (DEPTH 4→8)"
