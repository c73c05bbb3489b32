"""Answers on a long ledger: what they cost, and what they say of what they leave out."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.lab.analysis import dataset, search_comparison
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.analysis.plots import plot
from labhand.server.lab.report.gather import gather

from benchmarks.long_ledger import COUNTS, MAX_CPU_SECONDS, MAX_DISPATCH_MS, dispatch_simulated, filled, measure

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_the_yardstick_takes_two_seconds_at_a_thousand_experiments_and_shows_its_replay(tmp_path: Path) -> None:
    async with filled(tmp_path, COUNTS[0]) as lab:
        cpu, _, _ = await measure(lambda: analyze(lab, "yardstick"))
        told = await analyze(lab, "yardstick")
    assert cpu < MAX_CPU_SECONDS
    replayed = [step.experiments for step in told.yardstick if step.optimiser is not None]
    assert replayed == [search_comparison.MAX_REPLAYED]
    assert any("The optimiser is replayed for the first 50 of" in line for line in told.tells)


@pytest.mark.slow
async def test_the_report_takes_ten_seconds_at_a_thousand_experiments(tmp_path: Path) -> None:
    async with filled(tmp_path, COUNTS[0]) as lab:
        cpu, _, _ = await measure(lambda: gather(lab))
        report = await gather(lab)
    assert cpu < 10
    assert report.launched == COUNTS[0]
    assert sum(report.verdicts.values()) == sum(scored for _, _, scored in report.strata)


@pytest.mark.slow
async def test_the_dispatcher_takes_less_than_five_milliseconds_of_cpu_for_an_experiment(tmp_path: Path) -> None:
    assert await dispatch_simulated(tmp_path, 1000) < MAX_DISPATCH_MS


async def test_an_analysis_rests_on_the_newest_experiments_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "MAX_EXPERIMENTS", 100)
    async with filled(tmp_path, 260) as lab:
        told = await analyze(lab, "effects")
        caption = (await plot(lab, "progress")).caption
        named = await analyze(lab, "noise", ["e0001-e0060"])
        yardstick = await analyze(lab, "yardstick")
    assert "160 older than the newest 100" in told.left_out
    assert "160 older than the newest 100" in caption
    assert named.experiments > 40
    assert not any("older" in line for line in named.left_out)
    assert yardstick.yardstick, "the baseline's older replicates are the reference"
