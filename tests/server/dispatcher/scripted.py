"""Labs whose experiments get their scores from a script: what a source is truly worth, and luck by the seed."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from labhand.server.dispatcher.follow_ups import FollowUps
from labhand.server.dispatcher.settler import FinishedRuns, Settler
from labhand.server.dispatcher.validating.validation_stages import ValidationStages
from labhand.server.domain import Experiment
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch import validate as validating
from labhand.server.lab.results.validation_rows import tabulate_validations
from labhand.server.schemas.results import ValidationRow
from labhand.server.schemas.validation import Validated, ValidationRequest
from labhand.server.store.comparison import champions, validations
from labhand.server.store.experiments.rows import find_experiment
from labhand.server.store.running import queue, runs
from labhand.trainer.contract.run_result import RunResult

from ..lab import writing
from .test_settler import a_result

NOISE = 0.05
ME = writing.ME

Score = Callable[[Experiment, Mapping[str, object]], float | None]
"""What an experiment scores, by its knobs; None where it fails."""


def luck(experiment: Experiment) -> float:
    """What the seed does: the same to every source, plus as much that is the source's own."""
    shared = Random(experiment.seed).gauss(0, 0.3 * NOISE)  # noqa: S311
    return shared + Random(f"{experiment.seed} {experiment.tree}").gauss(0, NOISE)  # noqa: S311


def by_x(experiment: Experiment, knobs: Mapping[str, object]) -> float:
    """Parabola as it is: best at X = 3."""
    return (float(str(knobs["X"])) - 3) ** 2 + luck(experiment)


def of_luck_alone(experiment: Experiment, _: Mapping[str, object]) -> float:
    """Nothing matters."""
    return 4.0 + luck(experiment)


@dataclass
class Script:
    """A lab whose runs end at once, as told."""

    lab: Lab
    score: Score
    settler: Settler = field(init=False)
    torch: str = "2.13.0"
    """The version of torch that runs report: another one is another stratum."""

    def follows_up(self) -> None:
        """Let the lab queue what it runs by itself, as a dispatcher does."""
        metric, sources = self.lab.trainer.metric, self.lab.sources
        self.settler = Settler(metric, FollowUps(sources, self.lab.allowance()), ValidationStages(metric, sources))

    def __post_init__(self) -> None:
        metric = self.lab.trainer.metric
        self.settler = Settler(metric, None, ValidationStages(metric, self.lab.sources))

    async def play(self, at_once: int = 1000, rounds: int = 100) -> None:
        """Let everything that is queued end, and what follows from it; so many at once."""
        for _ in range(rounds):
            if not await self.step(at_once):
                return
        raise AssertionError("it goes on and on")

    async def step(self, at_once: int = 1000, *, dies: bool = False) -> int:
        """Let the next experiments end; gives how many did. A dispatcher that dies does so just before all of it is kept."""
        async with self.lab.db.transaction() as tx:
            await queue.take(tx, "local", "cpu", at_once, time.time())
        taken = await runs.active(self.lab.db)
        ended = FinishedRuns([(attempt, await self._result(attempt.run.experiment)) for attempt in taken])
        async with self.lab.db.transaction() as tx:
            await self.settler.settle(tx, ended, time.time())
            if dies:
                raise InterruptedError
        return len(taken)

    async def validate(self, *ids: str, **asked: object) -> Validated:
        """Launch tests."""
        return await validating.validate(self.lab, ValidationRequest.model_validate({"ids": ids} | asked), ME)

    async def row(self, name: str) -> ValidationRow:
        """A validation."""
        [found] = await tabulate_validations(self.lab, await validations.numbered(self.lab.db, [int(name[1:])]))
        return found

    async def champion(self) -> int | None:
        """The champion's experiment; None for the baseline."""
        best = await champions.champion(self.lab.db)
        return best.experiment if best else None

    async def _result(self, number: int) -> RunResult:
        experiment = await find_experiment(self.lab.db, number)
        assert experiment is not None
        score = self.score(experiment, await champions.knobs(self.lab.db, experiment.commit))
        if score is None:
            told = {"kind": "crashed", "message": "as told"}
            return RunResult.read(a_result(None, "failed", failure=told))
        device = {"kind": "cpu", "torch": self.torch, "driver": None}
        return RunResult.read(a_result(score, device=device))


@asynccontextmanager
async def script(
    root: Path, score: Score, *, toml: str = "", is_stretched: bool = False, trainer_toml: str = ""
) -> AsyncGenerator[Script]:
    """A lab on `parabola` whose scores are told, and whose seeds are the same every time.

    Args:
        root: The lab's folder.
        score: Tells the scores.
        toml: For its settings.
        is_stretched: The budget is passed on to the command, so that it may have longer horizons.
        trainer_toml: Tables that are added to the trainer's own file.
    """
    trainer = writing.lay_out(root, toml=toml) / "trainer.toml"
    if is_stretched:
        trainer.write_text(f'{trainer.read_text("utf-8")}env = "PARABOLA_SECONDS"\n{trainer_toml}', "utf-8")
    async with writing.opened(root, toml=toml) as lab:
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE facts SET value = 'scripted' WHERE name = 'id'")
        lab.identity = "scripted"
        yield Script(lab, score)
