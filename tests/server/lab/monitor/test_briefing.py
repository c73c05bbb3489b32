"""The briefing: where the research stands, in one screen."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from labhand.server.domain import Verdict
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.validate import validate
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.store.comparison import champions, validation_progress, validations

from .. import builders
from ..campaign import run_all
from ..writing import launch, opened

pytestmark = pytest.mark.anyio


async def winner(lab: Lab, line: str, score: float, *parents: str) -> str:
    """A promising experiment on a source of its own; gives its commit."""
    kept = await builders.source(lab, {f"{line}.txt": line}, parents)
    await builders.experiment(lab, score=score, commit=kept, verdict="promising")
    return kept[0]


async def test_a_fresh_lab_says_what_it_is_for_and_what_to_do_first(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, more='goal = "Find the minimum"') as lab:
        told = (await get_briefing(lab)).model_dump()
    assert told["goal"] == "Find the minimum"
    assert told["trainer"]["metric"] == "val_loss"
    assert told["trainer"]["self_reported"] is True
    assert told["champion"] == {"id": "baseline"}
    assert told["noise"].startswith("unknown")
    assert 'base="baseline"' in told["next"]
    assert "failures" not in told


async def test_it_tells_what_was_tried_what_won_and_what_failed(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=2.0, purpose="baseline")
        await builders.experiment(lab, score=1.9, theme="depth")
        await builders.failure(lab, theme="depth")
        await builders.experiment(lab, score=1.8, theme="rope", verdict="promising")
        await builders.experiment(lab, status="running", launched_by="you")
        await builders.experiment(lab)
        await builders.note(lab, "Depth\nhelps", [2])
        told = await get_briefing(lab)
    assert [(theme.theme, theme.tried, theme.best_gain, theme.failed) for theme in told.themes] == [
        ("depth", 2, 0.1, 1),
        ("rope", 1, 0.2, 0),
    ]
    assert [row.id for row in told.promising] == ["e0004"]
    assert [(running.by, running.ids) for running in told.running] == [("you", ["e0005"])]
    assert told.queued == 1
    assert told.finished == {"succeeded": 3, "failed": 1}
    assert [(one.kind, one.count) for one in told.failures] == [("crashed", 1)]
    assert told.notes == ["me (e0002): Depth helps"]
    assert told.noise == "0.003 between seeds (standard deviation, 3 degrees of freedom)"
    assert (told.champion.id, told.champion.score, told.champion.seeds) == ("baseline", 2.0, 4)
    assert told.next.startswith('wait(ids=["e0005-e0006"])')


async def test_the_champion_comes_with_its_ancestry(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        first = await builders.experiment(lab, score=1.9, changes="DEPTH 4→6")
        kept = await builders.source(lab, {"a.txt": "a"})
        second = await builders.experiment(lab, score=1.8, changes="WIDTH 1→2", base=first, commit=kept, verdict="confirmed")
        async with lab.db.transaction() as tx:
            await champions.add_champion(tx, kept[0], second, time.time())
        told = await get_briefing(lab)
    assert told.champion.model_dump() == {
        "id": "e0002",
        "ancestry": ["e0002: WIDTH 1→2", "e0001: DEPTH 4→6"],
        "score": 1.8,
        "seeds": 1,
    }


async def test_winners_that_no_source_has_brought_together_are_named(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        first = await winner(lab, "first", 1.9)
        assert (await get_briefing(lab)).not_yet_combined == []
        second = await winner(lab, "second", 1.8)
        told = await get_briefing(lab)
        assert told.not_yet_combined == ["e0002", "e0001"]
        assert 'apply=["e0002", "e0001"]' in told.next
        await winner(lab, "third", 1.7, first, second)
        assert (await get_briefing(lab)).not_yet_combined == []


async def test_another_seed_of_a_source_whose_gain_was_not_shown_is_not_proposed_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2.5}, replicates=2)
        await run_all(lab, noise=0.01)
        proposed = re.search(r'validate\(ids=\["(e000[12])"\]\)', (await get_briefing(lab)).next)
        assert proposed
        await validate(lab, ValidationRequest(ids=[proposed[1]]), "me")
        [test] = await validations.unfinished(lab.db)
        async with lab.db.transaction() as tx:
            await validation_progress.save_verdict(tx, test, Verdict.NOT_SHOWN, "no gain", 0.5)
            await validation_progress.finish(tx, test.number, time.time())
            await tx.execute("UPDATE experiments SET status = 'cancelled', verdict = 'none' WHERE status = 'queued'")
        assert "validate(" not in (await get_briefing(lab)).next


async def test_figures_are_of_the_stratum_in_which_most_was_scored_lately(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        usual = await builders.stratum(lab)
        trial = await builders.stratum(lab, device="H100")
        await builders.experiment(lab, score=0.1, stratum=trial, verdict="promising", theme="depth")
        for _ in range(2):
            await builders.experiment(lab, score=1.9, stratum=usual, theme="depth")
        told = await get_briefing(lab)
    assert told.stratum is not None
    assert (told.stratum.id, told.stratum.others) == ("s1", 1)
    assert told.promising == []
    assert told.themes[0].best_gain == 0.1


async def test_what_was_spent_and_how_much_of_it_was_useful_is_told(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, more="[allowance]\nexperiments = 10\ngpu_hours = 4") as lab:
        await builders.experiment(lab, held=3600.0)
        async with lab.db.transaction() as tx:
            await tx.execute("INSERT INTO spent VALUES ('local', 0, 4, 7200, 0, 5400)")
        told = await get_briefing(lab)
    assert told.allowance.left == "1 of 4 GPU-hours, 5 of 10 experiments"
    assert told.efficiency is not None
    assert told.efficiency.model_dump() == {"useful_share": 0.75, "gpu_hours_settled": 2.0}


async def test_a_briefing_on_a_thousand_experiments_fits_on_a_screen(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.many(lab, 1000)
        for number in range(30):
            await builders.note(lab, f"{number} " * 500)
        told = await get_briefing(lab)
    assert len(told.model_dump_json()) < 8000
    assert json.loads(told.model_dump_json())["finished"] == {"succeeded": 800, "failed": 200}
