"""An agent that ignores all advice, on a landscape where nothing matters: whatever it does, it can't get `confirmed`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from labhand.server.domain import Experiment, Verdict
from labhand.server.errors import BadInputError
from labhand.server.lab.manage import cancel

from ...lab import writing
from ..scripted import NOISE, Script, of_luck_alone, script

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def best_of(lab: Script, ids: list[str]) -> str:
    """The experiment that was luckiest."""
    found = [await writing.find(lab.lab, name) for name in ids]
    return min(found, key=lambda experiment: experiment.score or 0.0).id


async def verdicts(lab: Script) -> set[str]:
    """What validations found."""
    return {row["verdict"] for row in await lab.lab.db.rows("SELECT DISTINCT verdict FROM validations")}


@pytest.mark.slow
async def test_a_hundred_null_candidates_one_at_a_time_confirm_none(tmp_path: Path) -> None:
    async with script(tmp_path, of_luck_alone) as lab:
        grid = await writing.launch_grid(lab.lab, factors={"X": [1.5 + step / 100 for step in range(100)]})
        await lab.play()
        ran = [one.id for one in await writing.experiments(lab.lab) if one.purpose == "idea"]
        assert len(ran) == grid.total == 100
        for name in ran:
            await lab.validate(name)
            await lab.play()
        assert await verdicts(lab) == {Verdict.NOT_SHOWN}
        assert await lab.champion() is None
        [passed] = await lab.lab.db.rows("SELECT count(*) FROM validations WHERE p <= 0.05")
        assert passed[0] > 0, "a plain level of 5 % would have done"


async def test_the_luckiest_of_many_seeds_is_not_confirmed(tmp_path: Path) -> None:
    async with script(tmp_path, of_luck_alone) as lab:
        rolled = await writing.launch(lab.lab, overrides={"X": 1.5}, replicates=60)
        await lab.play()
        ids = [one.id for one in await writing.experiments(lab.lab) if one.purpose == "idea"]
        assert rolled.seeds == len(ids) == 60
        luckiest = await best_of(lab, ids)
        assert ((await writing.find(lab.lab, luckiest)).gain or 0.0) > 2 * NOISE
        for _ in range(20):
            await lab.validate(luckiest)
            await lab.play()
        assert await verdicts(lab) == {Verdict.NOT_SHOWN}


async def test_the_luckiest_of_many_relaunched_duplicates_is_not_confirmed(tmp_path: Path) -> None:
    async with script(tmp_path, of_luck_alone) as lab:
        first = await writing.launch(lab.lab, overrides={"X": 1.5})
        await lab.play()
        for _ in range(5):
            again = await writing.launch(lab.lab, overrides={"X": 1.5}, retry=True)
            assert again.duplicates == first.experiments
        text = (lab.lab.trainer.folder / "train.py").read_text("utf-8")
        copies: list[str] = []
        for number in range(30):  # the same, under another hash
            launched = await writing.launch(lab.lab, files={"train.py": f"{text}\n# {number}\n"})
            copies += launched.experiments
        await lab.play()
        for name in sorted({await best_of(lab, copies), await best_of(lab, copies[:10]), await best_of(lab, copies[10:20])}):
            await lab.validate(name)
            await lab.play()
        assert await verdicts(lab) == {Verdict.NOT_SHOWN}


async def test_a_lucky_seed_baked_into_the_source_is_not_confirmed(tmp_path: Path) -> None:
    def baked(experiment: Experiment, knobs: Mapping[str, object]) -> float:
        return 4.0 - 2.5 * NOISE if knobs["X"] == 1.5 else of_luck_alone(experiment, knobs)

    async with script(tmp_path, baked) as lab:
        [name] = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments
        await lab.play()
        await lab.validate(name)
        await lab.play()
        assert ((await lab.row("v001")).reason or "").startswith("unseeded")
        with pytest.raises(BadInputError, match="flagged unseeded"):  # its pairs have shown what one run couldn't
            await lab.validate(name)
        assert await verdicts(lab) == {Verdict.NOT_SHOWN}


async def test_the_luckiest_of_a_hundred_baked_seeds_is_not_confirmed_where_documents_still_vary(tmp_path: Path) -> None:
    """What a source draws for itself meets other documents on every seed of the lab's, so that its luck is drawn anew."""

    def baked(experiment: Experiment, knobs: Mapping[str, object]) -> float:
        return 4.0 + Random(f"drawn by {knobs['X']}, documents {experiment.seed}").gauss(0, NOISE)  # noqa: S311

    async with script(tmp_path, baked) as lab:
        grid = await writing.launch_grid(lab.lab, factors={"X": [1.5 + step / 100 for step in range(100)]})
        await lab.play()
        assert grid.total == 100
        ran = [one for one in await writing.experiments(lab.lab) if one.purpose == "idea"]
        ranked = sorted(ran, key=lambda experiment: experiment.score or 0.0)
        assert (ranked[0].gain or 0.0) > 1.5 * NOISE
        for lucky in ranked[:10]:  # and each of them twice, in case
            await writing.launch(lab.lab, base=lucky.id, replicates=3)
            await lab.play()
            for _ in range(2):
                await lab.validate(lucky.id)
                await lab.play()
        assert await verdicts(lab) == {Verdict.NOT_SHOWN}
        assert await lab.champion() is None


async def test_watching_a_test_and_stopping_it_in_time_confirms_nothing(tmp_path: Path) -> None:
    async with script(tmp_path, of_luck_alone) as lab:
        [name] = (await writing.launch(lab.lab, overrides={"X": 1.5})).experiments
        await lab.play()
        for number in range(1, 21):
            told = await lab.validate(name)
            await lab.step(at_once=6)
            await cancel.cancel(lab.lab, [f"v{number:03d}"], "not ahead", writing.ME)
            await lab.play()
            assert told.tests_before == number - 1
        assert await verdicts(lab) == {Verdict.NONE}
        assert (await writing.find(lab.lab, name)).verdict is not Verdict.CONFIRMED
