"""One row with an absurd score stops neither the verdicts, the analysis nor the plots of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from labhand.server.dispatcher.judge import Judge
from labhand.server.domain import Experiment, Picture, Verdict
from labhand.server.errors import BadInputError
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.analysis.plots import plot
from labhand.server.lab.inspect.experiment import get_experiment
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.monitor.waiting import wait
from labhand.server.lab.report.gather import gather
from labhand.server.lab.results.table import get_results
from labhand.server.lab.results.text_tables import leaderboard, results_tsv
from labhand.server.schemas.analysis import Aspect
from labhand.server.schemas.monitor import WaitQuery
from labhand.server.schemas.results import ResultsQuery

from ...dispatcher.scripted import by_x, script
from .. import writing

pytestmark = pytest.mark.anyio
SCORES = [1e300, -1e300, 1.7e308, float("inf"), float("-inf")]


async def poison(lab: Lab, name: str, score: float) -> None:
    """Give a finished experiment a score that an earlier version let into the ledger."""
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET score = ?, gain = -score WHERE number = ?", (score, int(name[1:])))
        await Judge(lab.trainer.metric).judge_all(tx)


async def sound(lab: Lab, poisoned: str) -> dict[str, tuple[Verdict, float | None]]:
    """Return the verdicts and gains of all other experiments."""
    return {e.id: (e.verdict, e.gain) for e in await writing.experiments(lab) if e.id != poisoned}


@pytest.mark.slow
@pytest.mark.parametrize("score", SCORES)
async def test_one_poisoned_row_leaves_the_verdicts_the_analysis_and_the_plots_of_the_others(
    tmp_path: Path, score: float
) -> None:
    async with script(tmp_path, by_x) as script_lab:
        lab = script_lab.lab
        await writing.launch_grid(lab, factors={"X": [0.5, 1.5, 2.0], "Y": [0.0, -0.5]}, replicates=2, theme="shape")
        await script_lab.play()
        [name] = (await writing.launch(lab, overrides={"X": 2.5}, theme="shape")).experiments
        before = await sound(lab, name)
        await script_lab.play()
        await poison(lab, name, score)
        assert await sound(lab, name) == before

        experiment = await writing.find(lab, name)
        assert (experiment.verdict, experiment.gain) == (Verdict.INCONCLUSIVE, None)
        assert (experiment.reason or "").startswith("out_of_range: ")
        assert "out_of_range" in experiment.flags
        for what in get_args(Aspect):
            _is_sound((await analyze(lab, what)).model_dump_json())
        assert any("out of range" in line for line in (await analyze(lab, "noise")).left_out)
        for picture in get_args(Picture):
            await _drawn(lab, picture)
        rows = (await get_results(lab, ResultsQuery(limit=100, sort_by="score"))).rows
        assert rows[-1].id == name, "it is neither the best nor among the others"
        assert (await get_experiment(lab, name, ["all"])).score == score
        briefing = await get_briefing(lab)
        assert name not in {row.id for row in briefing.promising}
        assert abs(briefing.themes[0].best_gain or 0.0) < 10
        assert (await wait(lab, WaitQuery(timeout_seconds=0), writing.ME)).finished_total > 0
        await leaderboard(lab)
        await results_tsv(lab)
        await gather(lab)


async def test_a_validation_in_a_stratum_with_a_poisoned_row_is_decided(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True) as lab:
        [bad] = (await writing.launch(lab.lab, overrides={"X": 0.5})).experiments
        [good] = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments
        await lab.play()
        await poison(lab.lab, bad, 1e300)
        await lab.validate(good, horizons=[2])
        await lab.play()
        assert (await lab.row("v001")).verdict == "confirmed"
        assert (await lab.row("v001")).promoted


@pytest.mark.parametrize("score", [1e300, -1e300])
async def test_a_dispatcher_that_reads_an_absurd_score_judges_the_others_and_the_next_ones(
    tmp_path: Path, score: float
) -> None:
    def score_of(experiment: Experiment, knobs: object) -> float:
        return score if "X 1.0→2.5" in experiment.changes else by_x(experiment, knobs)  # type: ignore[arg-type]

    async with script(tmp_path, score_of) as lab:
        [bad] = (await writing.launch(lab.lab, overrides={"X": 2.5})).experiments
        [good] = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments
        await lab.play()
        [later] = (await writing.launch(lab.lab, overrides={"X": 1.6})).experiments
        await lab.play()
        assert {(await writing.find(lab.lab, name)).verdict for name in (good, later)} == {Verdict.PROMISING}
        assert (await writing.find(lab.lab, bad)).verdict in {Verdict.INCONCLUSIVE, Verdict.NONE}


async def _drawn(lab: Lab, picture: Picture) -> None:
    try:
        assert (await plot(lab, picture)).png
    except BadInputError:  # too little ran for it
        assert picture in {"horizons", "curves", "timeline", "pareto"}


def _is_sound(answer: str) -> None:
    """Check that no figure of an answer comes from the poisoned row."""
    figures: list[float] = []
    json.loads(answer, parse_float=lambda text: figures.append(float(text)))
    assert all(abs(figure) < 1e6 for figure in figures)
