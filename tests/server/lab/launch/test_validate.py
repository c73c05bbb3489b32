from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from labhand.server.domain import Experiment, Status
from labhand.server.errors import AllowanceError, BadInputError, ConflictError, LabhandError, NotFoundError
from labhand.server.lab.monitor import waiting
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.monitor import Waited, WaitQuery
from labhand.server.schemas.results import ResultsQuery
from labhand.server.store.comparison import validations
from labhand.server.store.money import spending

from ...dispatcher.scripted import ME, Script, by_x, script
from .. import builders, writing

pytestmark = pytest.mark.anyio

WHOLE_RUNS = 32
"""Of one validation: eight pairs to test, eight to report."""


def without_luck(_: Experiment, knobs: Mapping[str, object]) -> float:
    """The score of a source that draws nothing from its seed."""
    x = knobs["X"]
    assert isinstance(x, float)
    return x


async def candidate(lab: Script, x: float = 1.5) -> str:
    """Launch an idea and let it run; gives its id."""
    launched = await writing.launch(lab.lab, overrides={"X": x})
    await lab.play()
    return launched.experiments[0]


async def wait(lab: Script, ids: list[str] | None = None, *, after: str | None = None) -> Waited:
    """See, as the one who launched, how it stands."""
    return await waiting.wait(lab.lab, WaitQuery(ids=ids, timeout_seconds=0, after=after), ME)


async def test_too_few_pairs_for_the_gain_are_told_with_the_number_that_could_show_it(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        name = await candidate(lab, 1.1)
        gain = (await writing.find(lab.lab, name)).gain
        assert gain is not None
        few = await lab.validate(name, replicates=2, dry_run=True)
        many = await lab.validate(name, replicates=64, dry_run=True)
        assert few.note.startswith(f"{name} has a gain of "), (few, gain)
        assert " and 2 pairs can show " in few.note
        assert "replicates=" in few.note
        assert not many.note
        needed = [test.needs_gain for test in (*few.tests, *many.tests)]
        assert needed[0] is not None
        assert needed[1] is not None
        assert f" can show {needed[0]:g} or more" in few.note
        assert needed[1] <= gain < needed[0]


async def test_a_dry_run_prices_every_stage_and_writes_nothing(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True) as lab:
        name = await candidate(lab)
        before = await writing.everything(lab.lab)
        told = await lab.validate(name, replicates=6, horizons=[1, 3], dry_run=True)
        assert [(cost.stage, cost.horizon, cost.seeds) for cost in told.tests[0].costs] == [
            ("test", 1, 6),
            ("horizon", 3, 4),
            ("report", 1, 8),
        ]
        assert told.estimate.gpu_seconds == pytest.approx(sum(cost.gpu_seconds for cost in told.tests[0].costs))
        assert await writing.everything(lab.lab) == before
        launched = await lab.validate(name, replicates=6, horizons=[1, 3])
        assert (launched.tests[0].level, launched.estimate) == (told.tests[0].level, told.estimate)


async def test_what_cannot_be_tested_is_refused_with_what_would_do(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, is_stretched=True) as lab:
        name = await candidate(lab)
        [long] = (await writing.launch(lab.lab, overrides={"X": 1.6}, budget_seconds=1000)).experiments
        await lab.play()
        [unfinished] = (await writing.launch(lab.lab, overrides={"X": 1.7})).experiments
        before = await writing.everything(lab.lab)
        refused: list[tuple[list[str], dict[str, object], type[LabhandError], str]] = [
            (["e0999"], {}, NotFoundError, "e0999"),
            (["g001"], {}, BadInputError, "not the id of one experiment"),
            ([unfinished], {}, BadInputError, "is queued"),
            (["e0002"], {}, BadInputError, "champion's own source"),
            ([name, name], {}, BadInputError, "Name each source once"),
            ([name], {"gpu": "H900"}, BadInputError, "H900"),
            ([long], {"horizons": [1, 100]}, BadInputError, "max_budget_seconds"),
        ]
        for ids, asked, kind, told in refused:
            with pytest.raises(kind, match=told):
                await lab.validate(*ids, **asked)
        assert await writing.everything(lab.lab) == before
        await lab.validate(name)
        with pytest.raises(ConflictError, match="v001"):
            await lab.validate(name)


async def test_an_unseeded_candidate_is_refused_before_a_test_is_spent_on_it(tmp_path: Path) -> None:
    async with script(tmp_path, without_luck) as lab:
        name = (await writing.launch(lab.lab, overrides={"X": 1.5}, replicates=2)).experiments[0].partition("-")[0]
        await lab.play()
        [row] = (await get_results(lab.lab, ResultsQuery(ids=[name]))).rows
        assert "unseeded" in row.flags
        before = await writing.everything(lab.lab)
        with pytest.raises(BadInputError, match=rf"{name} is flagged unseeded.*LABHAND_SEED.*replicates"):
            await lab.validate(name)
        assert await writing.everything(lab.lab) == before
        assert await validations.unfinished(lab.lab.db) == []


async def test_a_test_against_an_unseeded_reference_is_refused_before_its_pairs_run(tmp_path: Path) -> None:
    async with script(tmp_path, without_luck) as lab:
        name = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments[0]
        await lab.play()
        before = await writing.everything(lab.lab)
        with pytest.raises(BadInputError, match=r"baseline, which .* against, is flagged unseeded.*LABHAND_SEED"):
            await lab.validate(name, dry_run=True)
        with pytest.raises(BadInputError, match="unseeded"):
            await lab.validate(name)
        assert await writing.everything(lab.lab) == before


async def test_a_candidate_that_is_worse_may_be_tested(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        name = (await writing.launch(lab.lab, overrides={"X": 9.0}, replicates=4)).experiments[0].partition("-")[0]
        await lab.play()
        [row] = (await get_results(lab.lab, ResultsQuery(ids=[name]))).rows
        assert row.verdict == "worse"
        assert (await lab.validate(name)).tests[0].validation == "v001"


async def test_all_that_may_follow_has_to_fit_the_allowance_and_is_reserved(tmp_path: Path) -> None:
    async with script(tmp_path, by_x, toml=f"allowance.experiments = {5 + WHOLE_RUNS}") as lab:
        name = await candidate(lab)
        other = await candidate(lab, 1.6)
        with pytest.raises(AllowanceError, match=rf"32 experiments \(16 runs .*, and of the {5 + WHOLE_RUNS} allowed 6"):
            await lab.validate(name)
        writing.lay_out(tmp_path, toml=f"allowance.experiments = {6 + WHOLE_RUNS}")
        await lab.validate(name)
        assert (await spending.committed(lab.lab.db, time.time())).experiments == 6 + WHOLE_RUNS
        with pytest.raises(AllowanceError):
            await lab.validate(other)
        await lab.play()
        assert (await spending.committed(lab.lab.db, time.time())).experiments == 6 + WHOLE_RUNS


async def test_waiting_for_a_validation_lasts_through_its_stages_and_tells_it_once(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        name = await candidate(lab)
        await lab.validate(name)
        with builders.dispatcher(lab.lab):
            early = await wait(lab, ["v001"])
            assert early.timed_out
            assert early.pending is not None
            assert early.pending.ids[0] == "v001"
            assert early.pending.counts == {"queued": 16}
            done: list[Waited] = []
            heard: list[str] = []

            async def hear(_done: int, _total: int, message: str) -> None:
                heard.append(message)

            async def waits() -> None:
                done.append(await waiting.wait(lab.lab, WaitQuery(ids=["v001"], timeout_seconds=30), ME, hear))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(waits)
                await lab.play()
        [told] = done
        assert heard[-1] == f"{WHOLE_RUNS} of {WHOLE_RUNS} finished"
        assert [row.id for row in told.validations] == ["v001"]
        assert told.validations[0].promoted
        assert told.finished == []
        assert told.pending is None
        again = await wait(lab, ["v001"], after=told.cursor)
        assert again.validations == []


async def test_one_who_waits_for_all_is_told_of_validations_but_not_of_their_runs(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        name = await candidate(lab)
        await lab.validate(name)
        await lab.play()
        told = await wait(lab)
        assert [row.id for row in told.finished] == [name]
        assert [row.id for row in told.validations] == ["v001"]
        assert (await waiting.wait(lab.lab, WaitQuery(timeout_seconds=0), "someone else")).validations == []


async def test_the_table_of_a_validation_has_its_runs_and_itself(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        await lab.validate(await candidate(lab))
        await lab.play()
        table = await get_results(lab.lab, ResultsQuery(ids=["v001"], limit=100))
        assert [row.id for row in table.validations] == ["v001"]
        assert table.total == WHOLE_RUNS
        with pytest.raises(NotFoundError, match="v002"):
            await get_results(lab.lab, ResultsQuery(ids=["v002"]))
        assert {one.status for one in await writing.experiments(lab.lab)} == {Status.SUCCEEDED}
