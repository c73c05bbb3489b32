"""Waiting for validations: the verdict is told as soon as it is known, and the gain when the further pairs have run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from labhand.server.commands.wait import ExitCode, exit_code
from labhand.server.domain import Verdict
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor import waiting
from labhand.server.schemas.monitor import Waited, WaitQuery
from labhand.server.store.comparison import validations

from ...dispatcher.scripted import ME, Script, by_x, script
from .. import builders, writing

pytestmark = pytest.mark.anyio

LONG = 60.0
"""Seconds that no test reaches: whatever waits so long and returns was woken."""


@asynccontextmanager
async def validating(root: Path, x: float, *, is_stretched: bool = False, **asked: object) -> AsyncGenerator[Script]:
    """A lab in which the experiment e0001 at this X is being validated."""
    async with script(root, by_x, is_stretched=is_stretched) as lab:
        [name] = (await writing.launch(lab.lab, overrides={"X": x})).experiments
        await lab.play()
        await lab.validate(name, **asked)
        with builders.dispatcher(lab.lab):
            yield lab


async def wait_for(lab: Lab, caller: str | None = ME, **query: object) -> Waited:
    return await waiting.wait(lab, WaitQuery.model_validate({"timeout_seconds": 0, **query}), caller)


async def until_decided(lab: Script) -> None:
    """Let pairs run until the test has a verdict."""
    for _ in range(100):
        [validation] = await validations.numbered(lab.lab.db, [1])
        if validation.verdict is not Verdict.PENDING:
            return
        await lab.step()
    raise AssertionError("no verdict")


@pytest.mark.parametrize("until", ["all", "any"])
async def test_a_confirmed_validation_is_told_before_its_gain_is_known_and_again_with_it(tmp_path: Path, until: str) -> None:
    async with validating(tmp_path, 2.0) as lab:
        await until_decided(lab)

        first = await wait_for(lab.lab, ids=["v001"], until=until, timeout_seconds=LONG)
        silence = await wait_for(lab.lab, ids=["v001"], until=until, after=first.cursor)
        await lab.play()
        last = await wait_for(lab.lab, ids=["v001"], until=until, after=first.cursor, timeout_seconds=LONG)
        nothing = await wait_for(lab.lab, ids=["v001"], until=until, after=last.cursor, timeout_seconds=LONG)

    [row] = first.validations
    assert (row.verdict, row.promoted, row.state, row.gain) == ("confirmed", True, "report", None)
    assert not first.timed_out
    assert first.pending is None
    assert f'after="{first.cursor}"' in first.next
    assert exit_code(first, until_any=until == "any") == ExitCode.FINISHED
    assert (silence.timed_out, silence.validations) == (True, [])
    assert silence.pending is not None
    assert silence.pending.ids[0] == "v001"
    [row] = last.validations
    assert (row.verdict, row.state) == ("confirmed", None)
    assert row.gain is not None
    assert (nothing.validations, nothing.timed_out) == ([], False)


async def test_a_wait_that_is_on_ends_at_the_verdict(tmp_path: Path) -> None:
    async with validating(tmp_path, 2.0) as lab:
        answers: list[Waited] = []

        async def waits() -> None:
            answers.append(await wait_for(lab.lab, ids=["v001"], timeout_seconds=LONG))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waits)
            await until_decided(lab)

    assert [row.verdict for row in answers[0].validations] == ["confirmed"]
    assert not answers[0].timed_out


async def test_what_is_not_shown_is_told_when_the_test_ends(tmp_path: Path) -> None:
    async with validating(tmp_path, 1.0 + 1e-9) as lab:
        await until_decided(lab)
        answer = await wait_for(lab.lab, ids=["v001"], timeout_seconds=LONG)

    [row] = answer.validations
    assert (row.verdict, row.promoted, row.state) == ("not_shown", False, None)
    assert (answer.pending, answer.timed_out) == (None, False)


async def test_a_promotion_after_a_longer_horizon_is_told_once_more(tmp_path: Path) -> None:
    async with validating(tmp_path, 2.0, is_stretched=True, horizons=[1, 2]) as lab:
        await until_decided(lab)
        confirmed = await wait_for(lab.lab, ids=["v001"], timeout_seconds=LONG)
        await lab.step()
        promoted = await wait_for(lab.lab, ids=["v001"], after=confirmed.cursor, timeout_seconds=LONG)

    assert [(row.verdict, row.promoted, row.state) for row in confirmed.validations] == [("confirmed", False, "horizon")]
    assert [(row.verdict, row.promoted, row.state) for row in promoted.validations] == [("confirmed", True, "report")]


async def test_whoever_waits_for_everything_waits_for_the_other_experiments_but_not_for_the_further_pairs(
    tmp_path: Path,
) -> None:
    async with validating(tmp_path, 2.0) as lab:
        await until_decided(lab)
        everyone = await wait_for(lab.lab, caller=None, timeout_seconds=LONG)
        [other] = (await writing.launch(lab.lab, overrides={"X": 2.5})).experiments
        waiting = await wait_for(lab.lab, caller=None, until="all")
        mine = await wait_for(lab.lab, until="any", timeout_seconds=LONG)

    assert (everyone.timed_out, everyone.pending) == (False, None)
    assert [row.id for row in everyone.validations] == ["v001"]
    assert waiting.timed_out
    assert waiting.pending is not None
    assert waiting.pending.ids[0].startswith(other)
    assert [row.id for row in waiting.validations] == ["v001"], "it is shown although others are pending"
    assert not mine.timed_out
