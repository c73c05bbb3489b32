"""Guards with real runs of a sparse autoencoder: more active features rebuild better, and at most 32 are allowed."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.analysis.plots import plot
from labhand.server.lab.inspect.experiment import get_experiment
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch import validate
from labhand.server.lab.results.table import get_results
from labhand.server.lab.results.text_tables import results_tsv
from labhand.server.lab.results.validation_rows import tabulate_validations
from labhand.server.schemas.results import ResultsQuery, Row
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.store.comparison import champions, validations

from ...lab import builders, writing
from .. import support

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A lab of the autoencoder, whose baseline has 24 active features."""
    shutil.copytree(builders.TRAINERS / "topk_sae", tmp_path / "trainer")
    async with writing.opened(tmp_path) as opened:
        yield opened


async def rows_of(lab: Lab, ids: list[str], detail: str = "concise", **query: str) -> dict[str, Row]:
    """Rows of the table of results, by id, with what all have in common filled in."""
    results = await get_results(lab, ResultsQuery.model_validate({"ids": ids, "detail": detail} | query))
    common = results.common.model_dump(exclude_none=True)
    return {
        row.id: row.model_copy(update={k: v for k, v in common.items() if getattr(row, k, 0) is None}) for row in results.rows
    }


async def test_a_better_score_that_breaks_a_guard_is_no_improvement_and_the_row_says_why(lab: Lab) -> None:
    await writing.launch_grid(lab, factors={"K": [32, 48]}, replicates=2)
    await support.run_all(lab)
    every = await get_results(lab, ResultsQuery(detail="detailed", sort_by="l0", order="descending"))
    broken = [row for row in every.rows if row.guards]
    kept = [row for row in every.rows if "K 24→32" in (row.changes or "")]

    assert len(broken) == len(kept) == 2
    assert every.rows[:2] == broken  # l0 descends
    for row in broken:
        assert row.changes == "K 24→48"
        assert row.score is not None
        assert row.score < 0.1  # far better than the reference
        assert row.gain is not None
        assert row.gain > 0.05
        assert row.verdict == "worse"
        l0 = row.metrics["l0"]
        assert l0 == pytest.approx(48, abs=0.1)  # a little less where a feature among the 48 largest is zero
        assert row.guards == [f"l0 {l0:.4g} > 32"]
        assert re.match(r"guard_broken: l0 is 4[\d.]+ and has to be at most 32; a gain of \+", row.reason or "")
    assert [(row.verdict, row.guards) for row in kept] == [("promising", [])] * 2
    assert [row.metrics["l0"] for row in kept] == [pytest.approx(32, abs=0.1)] * 2

    with pytest.raises(BadInputError, match=r"can't become champion: guard_broken: l0 is 4[\d.]+ and has to be at most 32"):
        await validate.validate(lab, ValidationRequest(ids=[broken[0].id]), "me")
    await validate.validate(lab, ValidationRequest(ids=[kept[0].id], replicates=3), "me")
    await support.run_all(lab)
    [test] = await tabulate_validations(lab, await validations.numbered(lab.db, [1]))
    assert (test.verdict, test.promoted) == ("confirmed", True)
    still = await rows_of(lab, [row.id for row in broken], "detailed")
    assert {row.verdict for row in still.values()} == {"worse"}

    detail = await get_experiment(lab, broken[0].id)
    assert detail.guards == broken[0].guards
    assert set(detail.metrics) == {"l0", "dead"}
    front = (await analyze(lab, "pareto", metric="l0")).pareto
    assert list(front) == ["l0"]
    assert [point.value for point in front["l0"]] == [pytest.approx(value, abs=0.1) for value in (48, 32, 24)]
    drawn = await plot(lab, "pareto", metric="l0")
    assert "nmse against l0, 3 sources" in drawn.caption
    assert drawn.png.startswith(b"\x89PNG")
    header, *lines = (await results_tsv(lab)).splitlines()
    assert header.split("\t") == ["commit", "nmse", "memory_gb", "status", "description", "l0", "dead", "id"]
    assert all(float(line.split("\t")[5]) > 0 for line in lines)


async def test_a_candidate_that_breaks_a_guard_at_a_longer_budget_is_not_promoted(lab: Lab) -> None:
    changed = await writing.launch(lab, overrides={"K": 32, "GROWTH": 16})
    await support.run_all(lab)
    [row] = (await rows_of(lab, changed.experiments)).values()
    assert (row.guards, row.verdict) == ([], "promising")
    await validate.validate(lab, ValidationRequest(ids=changed.experiments, replicates=3, horizons=[2]), "me")
    await support.run_all(lab)
    [test] = await tabulate_validations(lab, await validations.numbered(lab.db, [1]))
    assert (test.verdict, test.promoted) == ("confirmed", False)
    assert re.search(r"guard_broken: l0 is 4[\d.]+ and has to be at most 32; holds with \+", test.reason or "")
    champion = await champions.champion(lab.db)
    assert champion is not None
    assert champion.name == "baseline"


async def test_metrics_that_no_run_has_are_refused_by_name(lab: Lab) -> None:
    await writing.launch(lab, overrides={"K": 32})
    await support.run_all(lab)
    with pytest.raises(BadInputError, match="sort_by='l1' is neither a key nor a metric"):
        await get_results(lab, ResultsQuery(sort_by="l1"))
    with pytest.raises(BadInputError, match="metric='l1' is nothing in which"):
        await analyze(lab, "pareto", metric="l1")
    with pytest.raises(BadInputError, match="has no meaning with what='noise'"):
        await analyze(lab, "noise", metric="l0")
