"""A pause: what runs goes on, nothing starts, every answer says so, and only the person ends it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from labhand.server.domain import ACTIVE, Status
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.experiments import launch
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.monitor.waiting import wait
from labhand.server.lab.steering.pausing import current_pause, pause, resume
from labhand.server.schemas.launch import Launch
from labhand.server.schemas.monitor import WaitQuery
from labhand.server.store.experiments import stats

from ....waiting import until
from ...dispatcher import support
from .. import builders

pytestmark = pytest.mark.anyio


async def count(lab: Lab, status: Status) -> int:
    return (await stats.by_status(lab.db)).get(status, 0)


async def test_a_pause_is_told_by_briefing_launch_and_wait(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await pause(lab, "The cluster is needed\nfor a demo", "eve")
        launched = await launch(lab, Launch(hypothesis="Wider", overrides={"X": 2.0}), "agent")
        assert launched.lab is not None
        words = "the person has paused the lab: The cluster is needed for a demo."
        assert launched.lab.paused is not None
        assert launched.lab.paused.startswith(words)
        assert launched.estimate.gpu_seconds > 0
        assert launched.estimate.starts_in_seconds is None
        assert launched.estimate.done_in_seconds is None
        waited = await wait(lab, WaitQuery(timeout_seconds=60), "agent", None)
        for first in (waited.attention[0], (await get_briefing(lab)).attention[0]):
            assert first.startswith(words)
            assert "labhand resume" in first
            assert first.endswith("experiments are queued")
        assert not any("dispatcher" in line for line in waited.attention)

        assert (await resume(lab)) is not None
        assert await current_pause(lab) is None
        assert await resume(lab) is None
        again = await launch(lab, Launch(hypothesis="Wider", overrides={"X": 3.0}), "agent")
        assert again.lab is not None
        assert again.lab.paused is None
        assert again.estimate.starts_in_seconds is not None


@pytest.mark.slow
async def test_what_runs_goes_on_and_nothing_starts_even_after_a_kill_until_the_person_resumes(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await support.queue_up(lab, 8, duration=1.0)
        with support.dispatcher(lab, linger_seconds=60) as process:

            async def one_runs() -> bool:
                return await count(lab, Status.RUNNING) > 0

            await until(one_runs)
            await pause(lab, "", "eve")

            async def nothing_runs() -> bool:
                by_status = await stats.by_status(lab.db)
                return not any(by_status.get(status) for status in ACTIVE)

            await until(nothing_runs)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=120)
        ended = await count(lab, Status.SUCCEEDED)
        assert 0 < ended < 8
        with support.dispatcher(lab, linger_seconds=0.5) as process:
            assert process.wait(timeout=120) == 0  # it has nothing to do
        assert (await count(lab, Status.SUCCEEDED), await count(lab, Status.QUEUED)) == (ended, 8 - ended)

        await resume(lab)
        with support.dispatcher(lab) as process:
            assert process.wait(timeout=120) == 0
        assert await count(lab, Status.SUCCEEDED) == 8
