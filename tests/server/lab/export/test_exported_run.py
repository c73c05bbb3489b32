"""The row that every exporter reads."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from labhand.server.lab.export.exported_run import BLOCK, MAX_POINTS, ExportedRun, exported_runs
from labhand.server.lab.export.json_lines import json_lines
from labhand.server.lab.lab import Lab

from .. import builders
from .stored_lab import CURVE, judge_again, put_stored_lab

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    put_stored_lab(tmp_path)
    opened = await Lab.open(tmp_path, wake=lambda _: None)
    yield opened
    await opened.close()


async def every(lab: Lab) -> list[ExportedRun]:
    return [run async for block in exported_runs(lab) for run in block]


async def test_a_run_has_all_that_is_known_of_its_experiment(lab: Lab) -> None:
    first = (await every(lab))[0]
    row = await lab.db.row("SELECT * FROM experiments WHERE number = 1")
    assert row is not None
    assert (first.id, first.score, first.gain, first.verdict) == ("e0001", row["score"], row["gain"], row["verdict"])
    assert (first.reason, first.seed, first.stratum) == (row["reason"] or "", row["seed"], "s1")
    assert first.stratum_facts["trainer"].startswith("parabola")
    assert first.knobs["X"] == 0.5
    assert first.curve == CURVE
    assert first.measures["peak_memory_bytes"] > 1e6
    assert first.facts["metric"] == "val_loss"
    assert "theme" in first.facts
    assert "error" not in first.facts


async def test_what_failed_or_was_cancelled_says_why(lab: Lab) -> None:
    errors = [run.error.partition(":")[0] for run in await every(lab) if run.score is None]
    assert "cancelled" in errors
    assert len(errors) > 1


async def test_the_digest_changes_with_the_verdict_and_with_nothing_else(lab: Lab) -> None:
    before = [run.digest for run in await every(lab)]
    assert [run.digest for run in await every(lab)] == before
    judge_again(lab.folder, 0.25)
    after = [run.digest for run in await every(lab)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False] + [True] * (len(after) - 1)


async def test_blocks_hold_every_finished_experiment_once(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    async with builders.lab(tmp_path / "many") as lab:
        await builders.many(lab, 2 * BLOCK + 1)
        await builders.experiment(lab)  # queued
        sizes = [len(block) async for block in exported_runs(lab, with_curves=False)]
    assert sizes == [BLOCK, BLOCK, 1]


async def test_a_long_curve_is_thinned_and_hostile_text_is_cleaned(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with builders.lab(tmp_path / "other") as lab:
        number = await builders.experiment(
            lab, score=1.9, hypothesis="\x1b[31mred\x1b[0m\nline", result={"metrics": {"a": 1e999}}
        )
        folder = lab.folder / "runs" / await builders.run(lab, number, status="finished")
        reports = "".join(json.dumps({"seconds": step, "loss": 1.0}) + "\n" for step in range(3 * MAX_POINTS))
        (folder / "curve.jsonl").write_text(reports)
        (run,) = await every(lab)
    assert len(run.curve) == MAX_POINTS
    assert run.hypothesis == "red line"
    assert run.metrics == {}


async def test_json_lines_have_every_fact_and_no_curve(lab: Lab) -> None:
    lines = [json.loads(line) async for line in json_lines(lab)]
    runs = await every(lab)
    assert [line["id"] for line in lines] == [run.id for run in runs]
    for line, run in zip(lines, runs, strict=True):
        assert {name: line[name] for name in run.facts if name not in ("flags", "guards")} == {
            name: value for name, value in run.facts.items() if name not in ("flags", "guards")
        }
        assert line["knobs"] == run.knobs
        assert "curve" not in line
