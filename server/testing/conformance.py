"""The contract of `Backend` as tests: a subclass says how its backend is made."""

from __future__ import annotations

import json
import os
import signal
import time
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.backends.base import Backend, Phase, RunReport
from labhand.server.domain import Run
from labhand.server.errors import NoCapacityError

from . import sample_runs
from .sample_runs import LONG_SECONDS, PATIENCE_SECONDS, look, processes_in, result_of, run_folder, sample_run, start


class BackendConformance(ABC):
    """What every backend must do, also one that starts no runners. The backend under test has two slots.

    Attributes:
        patience: Seconds that a test waits for anything.
    """

    patience = PATIENCE_SECONDS

    @pytest.fixture(scope="class")
    @classmethod
    def anyio_backend(cls) -> str:
        """Run the tests on asyncio, as the dispatcher does."""
        return "asyncio"

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """The folder that holds a lab's run folders."""
        place = tmp_path / "runs"
        place.mkdir()
        return place

    @abstractmethod
    def backend(self, place: Path) -> Backend:
        """Make a backend with two slots.

        Args:
            place: The folder that holds the run folders. Backends that are made for the same folder belong to one lab, as
                those of two dispatchers would.
        """

    def name(self, number: int) -> str:
        """Return the name of a test's run; override it where tests share a lab, since names must be unique there."""
        return f"e{number:04d}-1"

    async def until(self, backend: Backend, run: Run, phase: Phase) -> RunReport:
        """Poll until a run is in a phase, with this suite's patience."""
        return await sample_runs.until(backend, run, phase, self.patience)

    async def end(self, backend: Backend, *runs: Run) -> None:
        """Cancel runs, and wait until they are over."""
        await sample_runs.end(backend, *runs, patience=self.patience)

    @pytest.mark.anyio
    async def test_a_run_comes_to_a_result(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1)))
            result = result_of(await self.until(backend, run, Phase.FINISHED))
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
            result = result_of(await self.until(first, run, Phase.FINISHED))
        async with self.backend(place) as later:
            assert result_of(await self.until(later, stored, Phase.FINISHED)) == result

    @pytest.mark.anyio
    async def test_a_run_that_was_never_started_is_lost(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run_folder(place, self.name(1))
            assert (await look(backend, sample_run(self.name(1)))).phase == Phase.LOST
            assert (await look(backend, sample_run(self.name(2)))).phase == Phase.LOST
            await backend.cancel(sample_run(self.name(1)))


class RunnerConformance(BackendConformance):
    """What a backend that starts runners must do besides."""

    @pytest.mark.anyio
    async def test_a_run_goes_through_its_phases_to_a_result(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1), duration=0.5))
            phases: list[Phase] = []

            async def is_over() -> bool:
                phases.append((await look(backend, run)).phase)
                return phases[-1] in sample_runs.ENDED

            await sample_runs.wait_until(is_over, self.patience)
            assert phases.pop() == Phase.FINISHED
            report = await look(backend, run)
            order = [Phase.STARTING, Phase.RUNNING, Phase.EVALUATING]
            assert Phase.RUNNING in phases
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
            await self.until(backend, run, Phase.FINISHED)
            await start(other, folder)
            assert result_of(await self.until(backend, run, Phase.FINISHED)).status == "succeeded"
            assert (folder / "log.txt").read_text("utf-8").count("val_loss") == 1

    @pytest.mark.anyio
    async def test_a_later_process_finds_a_run_by_its_handle_alone(self, place: Path) -> None:
        async with self.backend(place) as first:
            run = await start(first, run_folder(place, self.name(1), duration=0.5))
        stored = replace(run, handle=json.loads(json.dumps(run.handle)))
        async with self.backend(place) as later:
            assert (await look(later, stored)).phase in {Phase.STARTING, Phase.RUNNING}
            assert result_of(await self.until(later, stored, Phase.FINISHED)).run == self.name(1)

    @pytest.mark.anyio
    async def test_no_more_runs_start_than_there_are_slots(self, place: Path) -> None:
        async with self.backend(place) as backend:
            assert (await backend.pool()).slots == 2 <= await backend.free()
            runs = [await start(backend, run_folder(place, self.name(number), duration=LONG_SECONDS)) for number in (1, 2)]
            assert await backend.free() == 0
            waiting = run_folder(place, self.name(3))
            with pytest.raises(NoCapacityError):
                await start(backend, waiting)
            assert (await look(backend, sample_run(self.name(3)))).phase == Phase.LOST
            await self.end(backend, *runs)
            assert result_of(await self.until(backend, await start(backend, waiting), Phase.FINISHED)).status == "succeeded"

    @pytest.mark.anyio
    async def test_a_cancelled_run_finishes_with_a_result_that_says_so(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1), duration=LONG_SECONDS))
            await self.until(backend, run, Phase.RUNNING)
            await backend.cancel(run)
            await backend.cancel(run)
            report = await self.until(backend, run, Phase.FINISHED)
            assert result_of(report).status == "cancelled"
            assert result_of(report).score is None
            assert await backend.free() >= 2
            await backend.cancel(run)

    @pytest.mark.anyio
    async def test_a_run_can_be_cancelled_as_soon_as_it_is_started(self, place: Path) -> None:
        async with self.backend(place) as backend:
            run = await start(backend, run_folder(place, self.name(1), duration=LONG_SECONDS))
            await backend.cancel(run)
            assert result_of(await self.until(backend, run, Phase.FINISHED)).status == "cancelled"

    @pytest.mark.anyio
    async def test_a_run_whose_runner_was_killed_is_lost_and_nothing_of_it_is_left(self, place: Path) -> None:
        async with self.backend(place) as backend:
            folder = run_folder(place, self.name(1), duration=LONG_SECONDS)
            run = await start(backend, folder)
            await self.until(backend, run, Phase.RUNNING)
            there = self.where_it_runs(folder)
            os.kill(int((there / "claim").read_text("ascii")), signal.SIGKILL)
            report = await self.until(backend, run, Phase.LOST)
            assert report.result is None
            assert await backend.free() >= 2
            assert not processes_in(there)

    def where_it_runs(self, folder: Path) -> Path:
        """Return the folder in which the runner of a run works; override it where that isn't the run folder of the lab."""
        return folder

    @pytest.mark.anyio
    async def test_a_silent_run_tells_for_how_long(self, place: Path) -> None:
        async with self.backend(place) as backend:
            folder = run_folder(place, self.name(1), duration=LONG_SECONDS)
            run = await start(backend, folder)
            await self.until(backend, run, Phase.RUNNING)
            an_hour_ago = time.time() - 3600

            async def is_silent() -> bool:
                for file in folder.iterdir():
                    os.utime(file, (an_hour_ago, an_hour_ago))
                return (await look(backend, run)).silent_seconds > 3000

            await sample_runs.wait_until(is_silent, self.patience)
            assert (await look(backend, run)).phase == Phase.RUNNING
            await self.end(backend, run)
