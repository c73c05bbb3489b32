"""What the person says stands first in the lab's answers, ends a wait, and is answered by a note."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.experiments import launch
from labhand.server.lab.manage.notebook import note
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.monitor.reported import ReportedCursors
from labhand.server.lab.monitor.waiting import wait
from labhand.server.lab.report.gather import gather
from labhand.server.lab.steering.person_messages import newest_messages, say, unanswered
from labhand.server.schemas.launch import Launch
from labhand.server.schemas.monitor import Waited, WaitQuery

from .. import builders

pytestmark = pytest.mark.anyio
WORDS = 'Try a deeper model.\nNot "wider" \x1b[31mred'
SHOWN = 'the person says (m001): "Try a deeper model. Not "wider" red"'
MAX_SECONDS = 120


async def answer(lab: Lab, *ids: str) -> list[str]:
    return (await note(lab, "Depth comes next", [], None, "agent", answers=ids)).answers


async def test_a_message_stands_first_in_briefing_launch_and_wait_until_a_note_answers_it(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.failure(lab)
        await say(lab, WORDS, "eve")
        launched = await launch(lab, Launch(hypothesis="Wider", overrides={"X": 2.0}), "agent")
        assert launched.lab is not None
        waited = await wait(lab, WaitQuery(timeout_seconds=0), "agent", None)
        for first in ((await get_briefing(lab)).attention[0], launched.lab.person[0], waited.attention[0]):
            assert first.startswith(SHOWN)
            assert first.endswith('answer: note(text="…", answers=["m001"])')

        assert await answer(lab, "M1") == ["m001"]
        assert await unanswered(lab) == []
        assert not any("the person says" in line for line in (await get_briefing(lab)).attention)
        [message] = await newest_messages(lab, 5)
        assert (message.written_by, message.answer) == ("eve", "Depth comes next")


async def test_a_message_ends_a_wait_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab, anyio.create_task_group() as tasks:
        await builders.experiment(lab)
        with builders.dispatcher(lab):
            reported, answers = ReportedCursors(), list[Waited]()

            async def waits() -> None:
                answers.append(await wait(lab, WaitQuery(timeout_seconds=60), "me", None, reported=reported))

            tasks.start_soon(waits)
            with anyio.fail_after(MAX_SECONDS):
                await say(lab, WORDS, "eve")
                while not answers:
                    await anyio.lowlevel.checkpoint()
            assert answers[0].attention[0].startswith(SHOWN)
            again = await wait(lab, WaitQuery(timeout_seconds=0), "me", None, reported=reported)
            assert again.timed_out


async def test_an_answered_message_keeps_its_first_answer(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await say(lab, "one", "eve")
        await say(lab, "two", "eve")
        assert await answer(lab, "m001", "m2") == ["m001", "m002"]
        await note(lab, "later", [], None, "agent", answers=["m001"])
        assert [message.answer for message in await newest_messages(lab, 5)] == ["Depth comes next"] * 2
        assert len((await gather(lab)).messages) == 2


@pytest.mark.parametrize(("id", "error"), [("m009", NotFoundError), ("e0001", BadInputError), ("", BadInputError)])
async def test_a_note_that_answers_what_is_no_message_is_refused_and_not_written(
    tmp_path: Path, id: str, error: type[Exception]
) -> None:
    async with builders.lab(tmp_path) as lab:
        await say(lab, "one", "eve")
        with pytest.raises(error):
            await answer(lab, "m001", id)
        assert len(await unanswered(lab)) == 1
        assert await lab.db.rows("SELECT * FROM notes") == []


@pytest.mark.parametrize("text", ["", " \n", "x" * 2001])
async def test_an_empty_or_an_endless_message_is_refused(tmp_path: Path, text: str) -> None:
    async with builders.lab(tmp_path) as lab:
        with pytest.raises(BadInputError):
            await say(lab, text, "eve")
        assert await unanswered(lab) == []
