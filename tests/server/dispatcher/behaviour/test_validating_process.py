"""A validation with real runs, and dispatchers that are killed over it."""

from __future__ import annotations

import pytest
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch import validate
from labhand.server.lab.manage import cancel
from labhand.server.lab.results.validation_rows import tabulate_validations
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.store.comparison import validation_pairs, validations

from ...lab import builders
from .. import support

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]


async def test_a_dispatcher_killed_twice_over_a_validation_takes_every_step_once(lab: Lab) -> None:
    text = (builders.TRAINERS / "parabola" / "train.py").read_text("utf-8")
    text = text.replace("X = 1.0", "X = 2.5").replace(
        'get("LABHAND_SEED", "0")', 'get("LABHAND_SEED", "0") + "luck of its own"'
    )
    [number] = await support.queue_source(lab, text)
    await support.run_all(lab)
    await validate.validate(lab, ValidationRequest(ids=[f"e{number:04d}"], replicates=4), "me")
    for finished in (4, 12):  # over the test, and over the pairs of the report
        with support.dispatcher(lab) as victim:
            await support.until_finished(lab, finished)
            victim.kill()
    await support.run_all(lab)
    [row] = await tabulate_validations(lab, await validations.numbered(lab.db, [1]))
    assert (row.verdict, row.promoted, row.state) == ("confirmed", True, None)
    assert [len(await validation_pairs.of_stage(lab.db, 1, stage)) for stage in (0, 1)] == [4, 8]
    assert await support.statuses(lab) == ["succeeded"] * 25
    assert [(run.attempt, run.status) for run in await support.runs(lab)] == [(1, "finished")] * 25
    assert len(await lab.db.rows("SELECT * FROM champions")) == 2
    assert row.gain == pytest.approx(3.75, abs=0.15)


async def test_a_validation_that_waits_for_nothing_any_more_is_brought_to_its_end(lab: Lab) -> None:
    text = (builders.TRAINERS / "parabola" / "train.py").read_text("utf-8")
    [number] = await support.queue_source(lab, text.replace("X = 1.0", "X = 2.5"))
    await support.run_all(lab)
    await validate.validate(lab, ValidationRequest(ids=[f"e{number:04d}"]), "me")
    await cancel.cancel(lab, ["v001"], "changed my mind", "me")  # all of it was queued: nothing is left to settle
    assert await validation_pairs.need_a_look(lab.db)
    await support.run_all(lab)
    [row] = await tabulate_validations(lab, await validations.numbered(lab.db, [1]))
    assert (row.verdict, row.state) == ("none", None)
    assert "was cancelled" in (row.reason or "")
    assert not await validation_pairs.need_a_look(lab.db)
