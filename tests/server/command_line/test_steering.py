"""`labhand say`, `pause` and `resume` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from anyio import to_thread
from labhand.server.lab.manage.notebook import note
from labhand.server.lab.steering.pausing import current_pause
from labhand.server.main import app
from typer.testing import CliRunner, Result

from ..lab import builders

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_dispatcher")]


async def labhand(root: Path, *words: str) -> Result:

    return await to_thread.run_sync(lambda: CliRunner().invoke(app, [*words, "--root", str(root)]))


async def test_what_is_said_is_listed_with_its_answer(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        assert "Nothing was said yet" in (await labhand(tmp_path, "say")).output
        said = await labhand(tmp_path, "say", "Try depth 12\nfirst")
        assert said.exit_code == 0
        assert "m001 stands first in every answer" in said.output
        await note(lab, "Launched it as g014", [], None, "agent", answers=["m001"])
        await labhand(tmp_path, "say", "And 16")
        listed = (await labhand(tmp_path, "say")).stdout
    assert "Try depth 12 first\n     Launched it as g014\n" in listed
    assert listed.endswith("And 16\n     no answer yet\n")


async def test_an_empty_message_is_refused(tmp_path: Path) -> None:
    async with builders.lab(tmp_path):
        refused = await labhand(tmp_path, "say", " ")
    assert refused.exit_code == 2
    assert "The message is empty" in refused.output


async def test_a_lab_is_paused_and_resumed(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        assert "Paused: what runs goes on" in (await labhand(tmp_path, "pause", "for a demo")).output
        pause = await current_pause(lab)
        assert pause is not None
        assert pause.reason == "for a demo"
        assert "Resumed: what is queued starts." in (await labhand(tmp_path, "resume")).output
        assert await current_pause(lab) is None
        assert "The lab wasn't paused." in (await labhand(tmp_path, "resume")).output
