"""What wakes an idle agent, once, and what doesn't because a wait tells it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from anyio.streams.text import TextReceiveStream
from labhand.server.lab.hooks.session_monitor import LOOK_SECONDS, SessionMonitor
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.experiments import launch
from labhand.server.lab.manage.notebook import note
from labhand.server.lab.monitor.waiting import wait
from labhand.server.lab.steering.pausing import pause, resume
from labhand.server.lab.steering.person_messages import say
from labhand.server.lab.waiting_lock import is_waited_in, waiting
from labhand.server.lab_place import find_lab
from labhand.server.schemas.launch import Launch
from labhand.server.schemas.monitor import WaitQuery

from ....waiting import PATIENCE_SECONDS, until
from .. import builders

pytestmark = pytest.mark.anyio
ME = "claude-code"


def monitor_of(lab: Lab) -> Callable[[], list[str]]:
    """A monitor's look, after the first one."""
    place = find_lab(lab.root)
    assert place is not None
    monitor = SessionMonitor(place, ME)
    assert monitor.look() == []
    return monitor.look


async def test_the_end_of_what_the_agent_launched_is_one_line(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=2.0, verdict="worse")  # before the session
        mine, other = await builders.experiment(lab, launched_by=ME), await builders.experiment(lab, launched_by="somebody")
        look = monitor_of(lab)
        assert look() == []
        await builders.finish(lab, mine, score=1.9)
        [line] = look()
        assert line.startswith("labhand: all that you launched has ended; 1 experiment has ended: ")
        assert line.endswith("get_results() shows it.")
        assert look() == []
        await builders.finish(lab, other, score=1.9)
        assert look() == []


async def test_what_a_wait_tells_is_not_told_again(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        mine = await builders.experiment(lab, launched_by=ME)
        look = monitor_of(lab)
        with waiting(lab.folder):
            assert look() == []
            await builders.finish(lab, mine, score=1.9)
        assert look() == []  # the wait has ended between two looks
        assert look() == []


async def test_a_wait_holds_the_lock_until_it_ends(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        mine = await builders.experiment(lab, launched_by=ME)
        assert not is_waited_in(lab.folder)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait, lab, WaitQuery(ids=[f"e{mine:04d}"], timeout_seconds=PATIENCE_SECONDS), ME)
            await until(lambda: is_waited_in(lab.folder))
            await builders.finish(lab, mine, score=1.9)
        assert not is_waited_in(lab.folder)


async def test_what_the_person_says_and_the_end_of_a_pause_are_told_once(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await say(lab, "Said before the session", "eve")
        await pause(lab, "", "eve")
        look = monitor_of(lab)
        await say(lab, "Try wider ones", "eve")
        [line] = look()
        assert 'The person says (m002): "Try wider ones"' in line
        await resume(lab)
        assert look() == ["labhand: the person has resumed the lab; what is queued starts."]
        await note(lab, "I do", [], None, ME, answers=["m001", "m002"])
        assert look() == []


@pytest.mark.slow
async def test_the_command_prints_lines_until_its_client_ends(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await launch(lab, Launch(hypothesis="Wider", overrides={"X": 2.0}), ME)
        command = [sys.executable, "-m", "labhand.server.entry", "hook", "monitor", "--root", str(lab.root), "--as", ME]
        async with await anyio.open_process(command, stdin=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            lines, text = TextReceiveStream(process.stdout), ""
            with anyio.fail_after(PATIENCE_SECONDS):
                while not text:  # its first look comes after its start, and only learns what was said before
                    await say(lab, "Try wider ones", "eve")
                    with anyio.move_on_after(LOOK_SECONDS + 1):
                        text = await lines.receive()
            process.kill()
    assert "The person says" in text.splitlines()[0]
