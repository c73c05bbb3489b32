"""A row says against what: its base with what changed, and the reference that its gain and its verdict are against."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, stdev

import pytest
from labhand.server.domain import Purpose
from labhand.server.ids import parse_ids
from labhand.server.lab.inspect.experiment import get_experiment
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.results.table import get_results
from labhand.server.lab.results.text_tables import leaderboard, results_tsv
from labhand.server.schemas.results import ReferenceSummary, ResultsQuery

from ...dispatcher.scripted import Script, by_x, script
from .. import writing

pytestmark = pytest.mark.anyio
LONGER = 40.0
"""A budget at which no experiment has run."""


async def with_champion(lab: Script) -> str:
    """Let a candidate at X = 1.1 become the champion; return its id."""
    launched = await writing.launch(lab.lab, overrides={"X": 1.1})
    await lab.play()
    [name] = launched.experiments
    await lab.validate(name)
    await lab.play()
    assert await lab.champion() == int(name[1:])
    return name


async def scores_of(lab: Script, tree: str, stratum: int | None) -> list[float]:
    """Return the unrounded scores of a source in a stratum."""
    rows = await lab.lab.db.rows(
        "SELECT score FROM experiments WHERE tree = ? AND stratum = ? AND score IS NOT NULL", (tree, stratum)
    )
    return [row["score"] for row in rows]


async def test_at_another_budget_the_gain_is_on_the_champion_whose_replicates_are_added(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        champion = await with_champion(lab)
        launched = await writing.launch(lab.lab, overrides={"Y": 0.2}, budget_seconds=LONGER)
        assert launched.base == champion
        assert len(parse_ids(launched.champion).experiments) == 4, "the reference runs where it has not run"
        assert len(parse_ids(launched.baseline).experiments) == 1, "one run of the baseline shows a drift; no verdict needs it"
        await lab.play()
        [name] = launched.experiments
        results = await get_results(lab.lab, ResultsQuery(ids=[name]))
        [row] = results.rows
        experiment = await writing.find(lab.lab, name)
        replicates = await scores_of(lab, (await writing.find(lab.lab, champion)).tree, experiment.stratum)

        assert (row.base, row.changes) == (champion, "Y 0.0→0.2")
        assert results.common.reference is not None
        assert (results.common.reference.id, results.common.reference.seeds) == (champion, 4)
        assert experiment.gain == pytest.approx(fmean(replicates) - (experiment.score or 0.0))
        assert row.gain == pytest.approx(experiment.gain, abs=0.01)
        assert abs(row.gain or 0.0) < 0.5, "a change of Y by 0.2 is worth little; on the baseline the gain reads +0.4"
        assert f"of {champion}" in (experiment.reason or "")


async def test_where_the_champion_has_no_score_there_is_no_verdict_and_the_gain_on_the_base_is_named(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        early = await writing.launch(lab.lab, overrides={"X": 1.4}, budget_seconds=LONGER)
        await lab.play()
        champion = await with_champion(lab)
        results = await get_results(lab.lab, ResultsQuery(ids=early.experiments))
        [row] = results.rows
        assert results.common.reference == ReferenceSummary(id=champion, seeds=0)
        assert (row.verdict, row.gain) == ("inconclusive", None)
        assert row.base == "baseline"
        experiment = await writing.find(lab.lab, row.id)
        assert (experiment.reason or "").startswith(f"no_reference: {champion} has no score in this stratum")
        rows = await lab.lab.db.rows(
            "SELECT score FROM experiments WHERE purpose = 'baseline' AND stratum = ?", (experiment.stratum,)
        )
        on_base = fmean(row["score"] for row in rows) - (experiment.score or 0.0)
        assert row.gain_on_base == pytest.approx(on_base, abs=0.01)
        assert (await get_experiment(lab.lab, row.id)).gain_on_base == row.gain_on_base


async def test_a_base_that_is_not_the_reference_has_a_gain_of_its_own(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        [base] = (await writing.launch(lab.lab, overrides={"X": 0.5})).experiments
        await lab.play()
        [child] = (await writing.launch(lab.lab, base=base, overrides={"X": 0.8})).experiments
        await lab.play()
        rows = {row.id: row for row in (await get_results(lab.lab, ResultsQuery())).rows}
        parent, made = await writing.find(lab.lab, base), await writing.find(lab.lab, child)
        assert rows[child].base == base
        assert rows[child].gain_on_base == pytest.approx((parent.score or 0.0) - (made.score or 0.0), abs=0.01)
        assert rows[base].base == "baseline"
        assert rows[base].gain_on_base is None, "its base is the reference: the gain is on it"
        assert f"(X 0.5→0.8 on {base})" in await results_tsv(lab.lab)


async def test_the_gain_on_the_baseline_is_on_all_of_its_runs_as_it_was_while_the_baseline_was_the_reference(
    tmp_path: Path,
) -> None:
    async with script(tmp_path, by_x) as lab:
        await with_champion(lab)
        [name] = (await writing.launch(lab.lab, base="baseline", overrides={"X": 0.5})).experiments
        await lab.play()
        [row] = (await get_results(lab.lab, ResultsQuery(ids=[name]))).rows
        experiment = await writing.find(lab.lab, name)
        [first] = await lab.lab.db.rows("SELECT tree FROM sources JOIN champions USING (commit_hash) WHERE number = 1")
        scores = await scores_of(lab, first["tree"], experiment.stratum)
        assert len(scores) > 8, "the baseline's runs in the validation's pairs are runs of the baseline"
        assert row.gain_on_base == pytest.approx(fmean(scores) - (experiment.score or 0.0), abs=0.006)


async def test_the_references_own_rows_read_as_the_reference(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        champion = await with_champion(lab)
        tree = (await writing.find(lab.lab, champion)).tree
        results = await get_results(lab.lab, ResultsQuery(limit=100))
        reference = results.common.reference
        own = {e.id for e in await writing.experiments(lab.lab) if e.tree == tree}
        scores = await scores_of(lab, tree, 1)
        assert reference is not None
        assert (reference.id, reference.seeds) == (champion, len(scores))
        assert reference.score == pytest.approx(fmean(scores), abs=0.01)
        assert reference.sd == pytest.approx(stdev(scores), rel=0.05)
        for row in results.rows:
            if row.id in own:
                assert row.verdict == ("confirmed" if row.id == champion else "reference")
                assert row.gain is None
        replicate = next(row for row in results.rows if row.id in own and row.id != champion)
        told = await get_experiment(lab.lab, replicate.id)
        assert f"{champion}, the reference that others are compared with: {fmean(scores):.5g} ±" in (told.reason or "")
        assert f"{len(scores)} seeds" in (told.reason or "")
        assert f"reference {champion}: " in await leaderboard(lab.lab)


async def test_after_a_promotion_nothing_in_the_briefing_beats_itself(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        first = await with_champion(lab)
        [second] = (await writing.launch(lab.lab, overrides={"X": 2.0})).experiments
        await lab.play()
        await lab.validate(second)
        await lab.play()
        assert await lab.champion() == int(second[1:])
        briefing = await get_briefing(lab.lab)
        assert briefing.stratum is not None
        assert briefing.stratum.reference is not None
        assert briefing.stratum.reference.id == briefing.champion.id == second
        assert (briefing.champion.score, briefing.champion.seeds) == (
            briefing.stratum.reference.score,
            briefing.stratum.reference.seeds,
        )
        assert briefing.promising == []
        rows = {row.id: row for row in (await get_results(lab.lab, ResultsQuery(limit=100))).rows}
        assert (rows[first].verdict, rows[first].tested_against) == ("confirmed", "baseline")
        assert (rows[first].gain or 0.0) < 0, "it was confirmed against the baseline, and its gain is on the new champion"
        assert rows[second].tested_against == first


async def test_a_stratum_that_is_new_for_another_reason_gets_the_champions_replicates_from_the_dispatcher(
    tmp_path: Path,
) -> None:
    async with script(tmp_path, by_x) as lab:
        champion = await with_champion(lab)
        lab.follows_up()
        await writing.launch(lab.lab, overrides={"Y": 0.2})
        lab.torch = "99"
        await lab.step()
        added = [e for e in await writing.experiments(lab.lab) if e.purpose is Purpose.CHAMPION]
        assert [e.tree for e in added] == [(await writing.find(lab.lab, champion)).tree] * 4
        assert len({e.seed for e in added}) == 4
        await lab.play()
        newest = (await get_results(lab.lab, ResultsQuery(limit=100))).common
        summary = newest.strata["s2"]
        assert summary.reference is not None
        assert (summary.reference.id, summary.reference.seeds) == (champion, 4)
        assert len([e for e in await writing.experiments(lab.lab) if e.purpose is Purpose.CHAMPION]) == 4
