"""What every backend must do, as tests: subclass one of the two, and say how to make the backend.

`RunnerConformance` is for backends that start runners: its runs are real, a runner trains the tiny `parabola`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labhand.server.backends.base import Backend, Phase, RunReport, StartRequest
from labhand.server.domain import Run, RunStatus
from labhand.server.errors import NoCapacityError
from labhand.trainer.contract.run_result import RunResult

from ... import waiting
from ...waiting import PATIENCE_SECONDS

PARABOLA = Path(__file__).parents[2] / "trainers" / "parabola"
LONG = 120.0
"""Seconds of a run that is meant to be ended by the test."""


class BackendConformance(ABC):
    """The contract of `protocol.Backend`. Each test's backends have two slots in all.

    Attributes:
        patience: Seconds that anything may take.
    """

    patience = PATIENCE_SECONDS

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Where the run folders of a lab lie."""
        place = tmp_path / "runs"
        place.mkdir()
        return place

    @abstractmethod
    def backend(self, place: Path) -> Backend:
        """A backend with two slots, whose run folders lie in `place`; those of one place are one lab's, at different times."""

    def name(self, number: int) -> str:
        """A run's name, for a test to use."""
        return f"e{number:04d}-1"

    async def until(self, backend: Backend, run: Run, phase: Phase) -> RunReport:
        """As `until`, with this suite's patience."""
        return await until(backend, run, phase, self.patience)

    async def end(self, backend: Backend, *runs: Run) -> None:
        """Cancel runs, and wait until they are gone."""
        await end(backend, *runs, patience=self.patience)

    @pytest.mark.anyio
    async def test_a_run_comes_to_a_result(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1)))
            result = result_of(await self.until(backend, run, "finished"))
            assert (result.run, result.status) == (self.name(1), "succeeded")
            assert isinstance(result.score, float)
            assert (result.held_seconds or 0) > 0
            kind = (await backend.pool()).gpu
            assert result.device.kind is not None
            assert result.device.kind.partition("-")[0] == kind.partition("-")[0]  # what is measured says more
            assert (await backend.pool()).slots == 2
            assert await backend.free() >= 2

    @pytest.mark.anyio
    async def test_a_later_process_finds_a_result_by_its_handle_alone(self, place: Path) -> None:
        async with self.backend(place) as first:
            run = await start(first, run_folder(place, self.name(1)))
            stored = replace(run, handle=json.loads(json.dumps(run.handle)))
            result = result_of(await self.until(first, run, "finished"))
        async with self.backend(place) as later:
            assert (await self.until(later, stored, "finished")).result == result

    @pytest.mark.anyio
    async def test_a_run_that_was_never_started_is_lost(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run_folder(place, self.name(1))
            assert (await look(backend, a_run(self.name(1)))).phase == "lost"
            assert (await look(backend, a_run(self.name(2)))).phase == "lost"
            await backend.cancel(a_run(self.name(1)))


class RunnerConformance(BackendConformance):
    """What more is asked of backends whose runs take time, and machines."""

    @pytest.mark.anyio
    async def test_a_run_goes_through_its_phases_to_a_result(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1), duration=0.5))
            phases: list[Phase] = []

            async def is_over() -> bool:
                phases.append((await look(backend, run)).phase)
                return phases[-1] in {"finished", "lost"}

            await waiting.until(is_over, self.patience)
            assert phases.pop() == "finished"
            report = await look(backend, run)
            order = ["starting", "running", "evaluating"]
            assert "running" in phases
            assert phases == sorted(phases, key=order.index)
            assert result_of(report).status == "succeeded"
            assert (result_of(report).score or 0) > 0

    @pytest.mark.anyio
    async def test_starting_twice_runs_once(self, place: Path) -> None:
        async with self.backend(place) as backend, self.backend(place) as other:
            folder = run_folder(place, self.name(1))
            run = await start(backend, folder)
            await start(backend, folder)
            await start(other, folder)
            assert await backend.free() == 1
            await self.until(backend, run, "finished")
            await start(other, folder)
            assert result_of(await self.until(backend, run, "finished")).status == "succeeded"
            assert (folder / "log.txt").read_text("utf-8").count("val_loss") == 1

    @pytest.mark.anyio
    async def test_a_later_process_finds_a_run_by_its_handle_alone(self, place: Path) -> None:
        async with self.backend(place) as first:
            run = await start(first, run_folder(place, self.name(1), duration=0.5))
        stored = replace(run, handle=json.loads(json.dumps(run.handle)))
        async with self.backend(place) as later:
            assert (await look(later, stored)).phase in {"starting", "running"}
            assert result_of(await self.until(later, stored, "finished")).run == self.name(1)

    @pytest.mark.anyio
    async def test_no_more_runs_start_than_there_are_slots(self, place: Path) -> None:
        async with self.backend(place) as backend:
            assert (await backend.pool()).slots == 2 <= await backend.free()
            runs = [await start(backend, run_folder(place, self.name(number), duration=LONG)) for number in (1, 2)]
            assert await backend.free() == 0
            waiting = run_folder(place, self.name(3))
            with pytest.raises(NoCapacityError):
                await start(backend, waiting)
            assert (await look(backend, a_run(self.name(3)))).phase == "lost"
            await self.end(backend, *runs)
            assert result_of(await self.until(backend, await start(backend, waiting), "finished")).status == "succeeded"

    @pytest.mark.anyio
    async def test_a_cancelled_run_finishes_with_a_result_that_says_so(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1), duration=LONG))
            await self.until(backend, run, "running")
            await backend.cancel(run)
            await backend.cancel(run)
            report = await self.until(backend, run, "finished")
            assert result_of(report).status == "cancelled"
            assert result_of(report).score is None
            assert await backend.free() >= 2
            await backend.cancel(run)

    @pytest.mark.anyio
    async def test_a_run_can_be_cancelled_as_soon_as_it_is_started(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1), duration=LONG))
            await backend.cancel(run)
            assert result_of(await self.until(backend, run, "finished")).status == "cancelled"

    @pytest.mark.anyio
    async def test_a_run_whose_runner_was_killed_is_lost_and_nothing_of_it_is_left(self, place: Path) -> None:
        async with self.backend(place) as backend:
            folder = run_folder(place, self.name(1), duration=LONG)
            run = await start(backend, folder)
            await self.until(backend, run, "running")
            there = self.where_it_runs(folder)
            os.kill(int((there / "claim").read_text("ascii")), signal.SIGKILL)
            report = await self.until(backend, run, "lost")
            assert report.result is None
            assert await backend.free() >= 2
            assert not processes_in(there)

    def where_it_runs(self, folder: Path) -> Path:
        """The run folder in which the runner of a run works."""
        return folder

    @pytest.mark.anyio
    async def test_a_silent_run_tells_for_how_long(self, place: Path) -> None:
        async with self.backend(place) as backend:
            folder = run_folder(place, self.name(1), duration=LONG)
            run = await start(backend, folder)
            await self.until(backend, run, "running")
            an_hour_ago = time.time() - 3600

            async def is_silent() -> bool:
                for file in folder.iterdir():
                    os.utime(file, (an_hour_ago, an_hour_ago))
                return (await look(backend, run)).silent_seconds > 3000

            await waiting.until(is_silent, self.patience)
            assert (await look(backend, run)).phase == "running"
            await self.end(backend, run)


def run_folder(place: Path, name: str, duration: float = 0.02) -> Path:
    """A folder as the dispatcher fills it: `parabola` that takes so many seconds."""
    folder = place / name
    shutil.copytree(PARABOLA, folder / "source")
    script = folder / "source" / "train.py"
    script.write_text(script.read_text("utf-8").replace("DURATION = 0.02", f"DURATION = {duration}"), "utf-8")
    spec: Mapping[str, Any] = {
        "run": name,
        "experiment": name.partition("-")[0],
        "seed": 7,
        "budget_seconds": LONG,
        "clock": "cpu",
        "device": "cpu",
        "cores": [],
        "gpu": None,
        "sandbox_required": False,
    }
    (folder / "spec.json").write_text(json.dumps(spec), "utf-8")
    return folder


def a_run(name: str, handle: Mapping[str, Any] | None = None) -> Run:
    """A run as the store tells it."""
    now = time.time()
    return Run(name, int(name[1:5]), int(name[6:]), "local", handle or {}, RunStatus.STARTING, now, now)


async def start(backend: Backend, folder: Path) -> Run:
    """Start the run in a folder."""
    spec = StartRequest(folder.name, folder, seed=7, budget_seconds=LONG, commit="c0ffee", knobs={"X": 1.0, "Y": 0.0})
    return a_run(folder.name, await backend.start(spec))


async def look(backend: Backend, run: Run) -> RunReport:
    """What is known of one run."""
    return (await backend.poll([run]))[run.id]


async def until(backend: Backend, run: Run, phase: Phase, patience: float = PATIENCE_SECONDS) -> RunReport:
    """Poll until a run is in a phase; fails when it has ended otherwise."""

    async def is_there() -> bool:
        report = await look(backend, run)
        assert report.phase not in {"finished", "lost"} - {phase}, report
        return report.phase == phase

    await waiting.until(is_there, patience)
    return await look(backend, run)


def result_of(report: RunReport) -> RunResult:
    """The result of a run that has finished."""
    assert report.result is not None
    return report.result


async def end(backend: Backend, *runs: Run, patience: float = PATIENCE_SECONDS) -> None:
    """Cancel runs, and wait until they are gone."""
    for run in runs:
        await backend.cancel(run)
    for run in runs:
        await until(backend, run, "finished", patience)


def processes_in(folder: Path) -> list[str]:
    """Command lines of the processes that work below a folder."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_text("utf-8"))
        except OSError:  # it has ended meanwhile
            continue
    return found
