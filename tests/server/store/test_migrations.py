"""A lab of each released schema opens, shows its results, and goes on.

`schemas/N.sql` is the database of a lab that the release with schema N made with the trainer `parabola`, as SQL, and
`schemas/N.bundle` is its history of sources, as a git bundle.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import anyio
import pytest
from labhand.server.domain import Status, Verdict
from labhand.server.ids import experiment_id
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.inspect.experiment import get_experiment
from labhand.server.lab.lab import Lab
from labhand.server.lab.manage.database_audit import audit
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.report import gather
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.results import ResultsQuery
from labhand.server.settings import DATABASE, SOURCES
from labhand.server.store.comparison.strata import all_strata
from labhand.server.store.database import Database
from labhand.server.store.migrations import MIGRATIONS

from ..dispatcher import support
from ..lab.writing import experiments, launch, lay_out

pytestmark = pytest.mark.anyio
SCHEMAS = Path(__file__).with_name("schemas")
RELEASED = sorted(int(path.stem) for path in SCHEMAS.glob("*.sql"))


@pytest.fixture(params=RELEASED)
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    """A lab as a released labhand left it, opened by this one."""
    version = int(request.param)
    lay_out(tmp_path, toml="budget_seconds = 0.2")
    folder = tmp_path / ".labhand"
    folder.mkdir()
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.executescript((SCHEMAS / f"{version}.sql").read_text("utf-8"))
    connection.close()
    command = ["git", "clone", "--quiet", "--mirror", str(SCHEMAS / f"{version}.bundle"), str(folder / SOURCES)]
    await anyio.run_process(command)
    return await Lab.open(tmp_path, wake=lambda _: None)


def test_every_released_schema_but_the_newest_has_a_lab_and_so_has_the_newest() -> None:
    assert list(range(1, len(MIGRATIONS) + 2)) == RELEASED


@pytest.mark.slow
async def test_an_old_lab_shows_what_it_knew(lab: Lab) -> None:
    try:
        every = await experiments(lab)
        assert {each.status for each in every} == {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}
        for each in every:
            detail = await get_experiment(lab, experiment_id(each.number), ["all"], None)
            assert (detail.status, detail.score is None) == (each.status, each.score is None)
        [champion] = [each for each in every if each.verdict is Verdict.CONFIRMED]
        results = await get_results(lab, ResultsQuery(limit=500))
        briefing = await get_briefing(lab)

        assert results.total == len(every)
        assert [row.id for row in results.rows if row.verdict == "confirmed"] == [champion.id]
        assert briefing.champion.id == champion.id
        assert any("X near 3 is best" in note for note in briefing.notes)
        assert (await analyze(lab, "effects")).experiments > 0
        assert (await gather.gather(lab)).validations
    finally:
        await lab.close()


async def test_an_old_lab_names_the_references_of_its_strata_and_passes_the_audit(lab: Lab) -> None:
    try:
        strata = await all_strata(lab.db)
        champion = (await get_briefing(lab)).champion.id
        assert {stratum.reference_name for stratum in strata.values()} == {champion}
        replicates = [each for each in await experiments(lab) if each.verdict is Verdict.REFERENCE]
        assert replicates
        assert {each.gain for each in replicates} == {None}
    finally:
        await lab.close()
    assert [line for line in (await audit(lab.root)).differences if "verdict" in line or "reference" in line] == []


async def test_an_old_gain_on_another_source_than_the_champion_is_withdrawn(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as ledger:
        ledger.executescript((SCHEMAS / "1.sql").read_text("utf-8"))
        ledger.execute("INSERT INTO strata VALUES (99, '{}', 2.0, 4, 0.01, 3)")
        ledger.execute(
            "UPDATE experiments SET stratum = 99, verdict = 'promising', gain = 0.3"
            " WHERE number = (SELECT min(number) FROM experiments WHERE purpose = 'idea' AND score IS NOT NULL)"
        )
    ledger.close()
    db = await Database.open(tmp_path / DATABASE)
    try:
        [row] = await db.rows("SELECT verdict, reason, gain FROM experiments WHERE stratum = 99")
        assert (row["verdict"], row["gain"]) == ("inconclusive", None)
        assert row["reason"].startswith("no_reference")
        assert (await all_strata(db))[99].reference is None
    finally:
        await db.close()


@pytest.mark.slow
async def test_an_old_lab_goes_on(lab: Lab) -> None:
    try:
        before = len(await experiments(lab))
        known = await launch(lab, overrides={"X": 2.5})
        fresh = await launch(lab, overrides={"X": 2.7})
        await support.run_all(lab)
        after = await experiments(lab)

        assert known.duplicates, "the same source, seed, budget and device is not run twice"
        assert fresh.experiments == [experiment_id(before + 1)]
        assert after[-1].status is Status.SUCCEEDED
        assert after[-1].stratum == after[0].stratum, "a self-reported score compares with those of before"
    finally:
        await lab.close()
