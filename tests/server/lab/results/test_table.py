"""The table of results: what it shows, in what order, and how small it stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.lab import Lab
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.results import ResultsQuery

from .. import builders

pytestmark = pytest.mark.anyio


async def ids(lab: Lab, **query: object) -> list[str]:
    return [row.id for row in (await get_results(lab, ResultsQuery.model_validate(query))).rows]


async def test_the_best_score_comes_first_and_what_has_none_comes_last_newest_first(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for score in (1.9, 1.7, 1.8):
            await builders.experiment(lab, score=score)
        await builders.failure(lab)
        await builders.experiment(lab)
        assert await ids(lab) == ["e0002", "e0003", "e0001", "e0005", "e0004"]
        assert await ids(lab, order="worst") == ["e0001", "e0003", "e0002", "e0005", "e0004"]
        assert await ids(lab, sort_by="gain", order="ascending") == ["e0001", "e0003", "e0002", "e0005", "e0004"]


async def test_where_more_is_better_the_highest_comes_first(tmp_path: Path) -> None:
    trainer = tmp_path / "trainer"
    trainer.mkdir()
    (trainer / "train.py").write_text("DEPTH = 4\n")
    (trainer / "trainer.toml").write_text(
        'name = "parabola"\neditable = ["train.py"]\ncommand = ["python", "train.py"]\n'
        '[metric]\nname = "accuracy"\ndirection = "maximize"\nsource = "output"\n'
    )
    async with builders.lab(tmp_path, trainer=trainer) as lab:
        for score in (0.5, 0.7, 0.6):
            await builders.experiment(lab, score=score)
        assert await ids(lab) == ["e0002", "e0003", "e0001"]
        assert await ids(lab, sort_by="score", order="ascending") == ["e0001", "e0003", "e0002"]


async def test_scores_of_different_strata_are_never_ranked_together(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        cpu = await builders.stratum(lab, device="cpu")
        gpu = await builders.stratum(lab, device="H100", reference=1.0)
        await builders.experiment(lab, score=1.9, stratum=cpu)
        await builders.experiment(lab, score=0.9, stratum=gpu)
        await builders.experiment(lab, score=1.1, stratum=gpu)
        await builders.experiment(lab, score=0.1, stratum=cpu)
        found = await get_results(lab, ResultsQuery())
        assert [(row.id, row.stratum) for row in found.rows] == [
            ("e0002", "s2"),
            ("e0003", "s2"),
            ("e0004", "s1"),
            ("e0001", "s1"),
        ]
        assert "don't compare" in str(found.common.order)
        assert {name: summary.reference and summary.reference.id for name, summary in found.common.strata.items()} == {
            "s1": "baseline",
            "s2": "baseline",
        }
        assert found.common.reference is None


async def test_what_all_rows_share_stands_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, changes="DEPTH 4→6")
        await builders.experiment(lab, score=1.8, changes="DEPTH 4→8")
        found = (await get_results(lab, ResultsQuery())).model_dump()
    common = found["common"]
    assert common["metric"] == "val_loss"
    assert common["direction"] == "minimize"
    assert common["self_reported"] is True
    assert common["noise"] == 0.003
    assert common["reference"] == {"id": "baseline", "score": 2.0, "seeds": 4}
    assert common["base"] == "baseline"
    assert common["stratum"]["device"] == "cpu"
    assert "gpu" not in common
    assert common["status"] == "succeeded"
    assert found["rows"] == [
        {"id": "e0002", "score": 1.8, "gain": 0.2, "changes": "DEPTH 4→8"},
        {"id": "e0001", "score": 1.9, "gain": 0.1, "changes": "DEPTH 4→6"},
    ]
    assert found["total"] == 2
    assert found["lab"]["champion"] == "baseline"


async def test_numbers_are_rounded_to_what_the_noise_lets_them_mean(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        noisy = await builders.stratum(lab, noise=0.0312)
        unknown = await builders.stratum(lab, noise=None, device="H100")
        await builders.experiment(lab, score=1.987654321, stratum=noisy)
        await builders.experiment(lab, score=1.987654321, stratum=unknown)
        rows = {row.id: row for row in (await get_results(lab, ResultsQuery())).rows}
    assert (rows["e0001"].score, rows["e0001"].gain) == (1.988, 0.012)
    assert (rows["e0002"].score, rows["e0002"].gain) == (1.9877, 0.0123)


async def test_a_score_that_was_not_measured_is_absent_and_the_error_says_why(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.failure(lab, message="KeyError: 'depth'")
        [row] = (await get_results(lab, ResultsQuery())).model_dump()["rows"]
    assert "score" not in row
    assert "gain" not in row
    assert row["error"] == "crashed: KeyError: 'depth'"


async def test_filters_narrow_and_total_counts_all_that_pass(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, theme="depth", verdict="promising")
        await builders.experiment(lab, score=1.8, theme="depth", launched_by="you")
        await builders.experiment(lab, theme="rope", gpu="H100")
        await builders.failure(lab)
        assert await ids(lab, theme="depth") == ["e0002", "e0001"]
        assert await ids(lab, verdict="promising") == ["e0001"]
        assert await ids(lab, by="you") == ["e0002"]
        assert await ids(lab, gpu="H100") == ["e0003"]
        assert await ids(lab, status="failed") == ["e0004"]
        assert await ids(lab, status="pending") == ["e0003"]
        assert await ids(lab, status="finished", theme="depth", by="me") == ["e0001"]
        assert await ids(lab, ids=["e0001-e0002", "e0004"]) == ["e0002", "e0001", "e0004"]
        assert (await get_results(lab, ResultsQuery(theme="depth", limit=1))).total == 2


async def test_a_grid_is_named_by_its_id(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        grid = await builders.grid(lab)
        await builders.experiment(lab, score=1.9)
        await builders.experiment(lab, score=1.8, grid=grid)
        await builders.experiment(lab, grid=grid)
        assert await ids(lab, ids=["g001"]) == ["e0002", "e0003"]
        assert await ids(lab, ids=["g001", "e0001"]) == ["e0002", "e0001", "e0003"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("warm", ["e0001"]),
        ("MATRIX_LR", ["e0002"]),
        ("matrix 0.04", ["e0002"]),
        ("plateau", ["e0003"]),
        ('"unclosed OR (', []),
        ("depth", ["e0003", "e0001"]),
    ],
)
async def test_search_finds_words_in_hypotheses_changes_themes_and_notes(tmp_path: Path, search: str, found: list[str]) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, hypothesis="A longer warmup helps", theme="depth")
        await builders.experiment(lab, score=1.8, changes="MATRIX_LR 0.02→0.04")
        await builders.experiment(lab, score=1.7, theme="Depth")
        await builders.note(lab, "It reaches a plateau", [3])
        assert await ids(lab, search=search) == found


async def test_pages_chain_without_a_gap_or_an_echo_while_the_table_grows(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.stratum(lab)
        await builders.stratum(lab, device="H100")
        for number in range(1, 10):
            score = 1.9 if number % 3 else None  # equal scores: only the number tells them apart
            await builders.experiment(lab, score=score, stratum=1 + number % 2 if score else None)
        whole = await ids(lab)
        pages: list[str] = []
        cursor = None
        while True:
            page = await get_results(lab, ResultsQuery(limit=2, cursor=cursor))
            pages += [row.id for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
            await builders.experiment(lab, score=1.0, stratum=2)  # better than all: belongs on a page already shown
    assert pages == whole


@pytest.mark.parametrize("sort_by", ["score", "gain", "launched_at", "finished_at", "id", "cost"])
@pytest.mark.parametrize("order", ["best", "worst", "ascending", "descending"])
async def test_every_order_shows_everything_once(tmp_path: Path, sort_by: str, order: str) -> None:
    async with builders.lab(tmp_path) as lab:
        for score in (1.9, None, 1.8, None, 1.7):
            await builders.experiment(lab, score=score)
        whole = await ids(lab, sort_by=sort_by, order=order)
        first = await get_results(lab, ResultsQuery.model_validate({"sort_by": sort_by, "order": order, "limit": 3}))
        rest = await ids(lab, sort_by=sort_by, order=order, limit=3, cursor=first.next_cursor)
        assert [row.id for row in first.rows] + rest == whole
        assert len(set(whole)) == 5


async def test_the_cheapest_and_the_newest_count_as_best(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for held in (9.0, 3.0, 6.0):
            await builders.experiment(lab, score=1.9, held=held)
        assert await ids(lab, sort_by="cost") == ["e0002", "e0003", "e0001"]
        assert await ids(lab, sort_by="finished_at") == ["e0003", "e0002", "e0001"]
        assert await ids(lab, sort_by="id", order="ascending") == ["e0001", "e0002", "e0003"]


async def test_after_shows_only_what_finished_since(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9)
        await builders.experiment(lab, score=1.8)
        assert await ids(lab, after="1") == ["e0002"]
        assert await ids(lab, after="1+stuck:e0002-1") == ["e0002"]


@pytest.mark.parametrize(
    ("query", "error", "told"),
    [
        ({"status": "suceeded"}, BadInputError, "succeeded"),
        ({"verdict": "good"}, BadInputError, "promising"),
        ({"cursor": "xyz"}, BadInputError, "next_cursor"),
        ({"after": "xyz"}, BadInputError, "cursor"),
        ({"search": "→"}, BadInputError, "words"),
        ({"ids": ["e0099"]}, NotFoundError, "e0001"),
        ({"ids": ["g009"]}, NotFoundError, "g009"),
        ({"ids": ["v0x"]}, BadInputError, "e0042"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_what_would_do(
    tmp_path: Path, query: dict[str, object], error: type[Exception], told: str
) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9)
        with pytest.raises(error, match=told):
            await get_results(lab, ResultsQuery.model_validate(query))


async def test_a_cursor_of_another_query_is_refused(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for score in (1.9, 1.8):
            await builders.experiment(lab, score=score)
        cursor = (await get_results(lab, ResultsQuery(limit=1))).next_cursor
        with pytest.raises(BadInputError, match="another query"):
            await get_results(lab, ResultsQuery(limit=1, status="succeeded", cursor=cursor))


async def test_the_default_table_of_910_experiments_takes_under_2000_tokens(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.many(lab, 910)
        found = await get_results(lab, ResultsQuery())
        detailed = await get_results(lab, ResultsQuery(detail="detailed", limit=500))
    assert found.total == 910
    assert len(found.rows) == 20
    assert len(found.model_dump_json()) / 4 < 2000
    assert len(detailed.model_dump_json()) < 45_000
    assert detailed.next_cursor is not None
