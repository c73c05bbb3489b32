"""A campaign through the whole lab on simulated GPUs: the verbs, the ledger, git, and a dispatcher's loop in this process."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from labhand.server.dispatcher.follow_ups import FollowUps
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackends
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import Settler
from labhand.server.dispatcher.validating.validation_stages import ValidationStages
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch import experiments, validate
from labhand.server.schemas.launch import Launch
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.settings import RUNS, load_settings
from labhand.server.store.comparison import champions

from .agent import Agent, Answer, Try, Validate
from .driver import AT_ONCE, Campaign
from .worlds import BASELINE, SECONDS, SIGMA, name

ME = "scripted agent"
TRAINER = """name = "knobs"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_bpb"
direction = "minimize"
source = "output"
[budget]
seconds = 300
"""
_SCORED = (
    "SELECT number, seed, setting, budget_seconds, commit_hash, score, verdict, gain FROM experiments WHERE score IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many statements the lab and the driver made of the same scores, and how many of them are alike."""

    statements: int
    alike: int
    tests: int
    champions: int


class WholeLab:
    """A lab in a folder, and its dispatcher.

    Args:
        lab: On simulated pools.
        dispatcher: Of that lab.
    """

    def __init__(self, lab: Lab, dispatcher: Dispatcher) -> None:
        self._lab = lab
        self._dispatcher = dispatcher
        self.answers: list[Answer] = []

    async def run(self, agent: Agent) -> None:
        """Do what an agent asks for, until it has enough."""
        request = next(agent)
        while True:
            self.answers.append(await (self._try(request) if isinstance(request, Try) else self._validate(request)))
            try:
                request = agent.send(self.answers[-1])
            except StopIteration:
                return

    async def _try(self, request: Try) -> Answer:
        overrides: dict[str, Any] = {knob: value for knob, value in request.knobs.items() if value != BASELINE[knob]}
        launch = Launch(
            hypothesis="It may help",
            base="baseline",
            overrides=overrides,
            replicates=request.replicates,
            gpu=request.kind,
        )
        launched = await experiments.launch(self._lab, launch, ME)
        await self._tick_until_idle()
        return await self._answer(launched.experiments[0].partition("-")[0])

    async def _validate(self, request: Validate) -> Answer:
        [first] = [row["number"] for row in await self.scored() if row["name"] == name(request.knobs)][:1]
        validation = ValidationRequest(ids=[f"e{first:04}"], horizons=[1, *request.horizons])
        await validate.validate(self._lab, validation, ME)
        await self._tick_until_idle()
        row = await self._lab.db.row("SELECT verdict, promoted FROM validations ORDER BY number DESC LIMIT 1")
        assert row is not None
        return await self._answer(f"e{first:04}", promoted=bool(row["promoted"]), verdict=row["verdict"])

    async def scored(self) -> list[dict[str, Any]]:
        """All experiments with a score, with the names of their sources."""
        rows = [dict(row) for row in await self._lab.db.rows(f"{_SCORED} ORDER BY number")]
        for row in rows:
            row["name"] = name(await champions.knobs(self._lab.db, row["commit_hash"]))
        return rows

    async def _tick_until_idle(self) -> None:
        while await self._dispatcher.tick():
            pass

    async def _answer(self, experiment: str, *, promoted: bool = False, verdict: str = "") -> Answer:
        rows = await self.scored()
        [first] = [row for row in rows if row["number"] == int(experiment[1:])]
        alike = [row for row in rows if (row["name"], row["setting"]) == (first["name"], first["setting"])]
        gains = [row["gain"] for row in alike if row["gain"] is not None]
        spent = sum(row["budget_seconds"] for row in rows) / SECONDS
        return Answer(verdict or first["verdict"], fmean(gains) if gains else None, promoted, spent)


async def compare(agent: Agent, same_agent: Agent, pool: dict[str, Any]) -> Agreement:
    """Run an agent through the whole lab, and the same agent through the driver on the scores that the lab had.

    Args:
        agent: To be asked by the lab.
        same_agent: As it was before it was asked anything.
        pool: The settings of the simulated pool.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _lay_out(root, pool)
        lab = await Lab.open(root, wake=lambda _: None)
        try:
            whole = WholeLab(lab, _dispatcher(lab))
            await whole.run(agent)
            rows = await whole.scored()
            tests = [
                tuple(row) for row in await lab.db.rows("SELECT level, p, verdict, promoted FROM validations ORDER BY number")
            ]
            identity = lab.identity
        finally:
            await lab.close()
    prefix = rows[0]["setting"].partition("/")[0]
    scores = {(row["name"], row["seed"]): row["score"] for row in rows}
    campaign = Campaign(
        lambda knobs, seed, _kind, _seconds: scores[name(knobs), seed], identity, f"{prefix}/{{}}/{{:g}}s".format
    )
    campaign.run(same_agent)
    return _agreement(whole, rows, tests, campaign)


def _agreement(whole: WholeLab, rows: list[dict[str, Any]], tests: list[tuple[Any, ...]], campaign: Campaign) -> Agreement:
    tested = {row["number"] for row in rows if row["verdict"] in {"confirmed", "not_shown"}}
    verdicts = campaign.verdicts()
    driver = [
        *((answer.verdict, answer.promoted, round(answer.spent, 6)) for answer in campaign.answers),
        *((test.level, test.trial.p, str(test.trial.verdict), test.promoted) for test in campaign.tests),
        *(str(verdicts[row["name"], row["seed"]].verdict) for row in rows if row["number"] not in tested),
    ]
    lab = [
        *((answer.verdict, answer.promoted, round(answer.spent, 6)) for answer in whole.answers),
        *((level, p, verdict, bool(promoted)) for level, p, verdict, promoted in tests),
        *(row["verdict"] for row in rows if row["number"] not in tested),
    ]
    alike = sum(ours == theirs for ours, theirs in zip(driver, lab, strict=False))
    return Agreement(max(len(driver), len(lab)), alike, len(tests), len(campaign.champions) - 1)


def _lay_out(root: Path, pool: dict[str, Any]) -> None:
    (root / "trainer").mkdir()
    (root / "trainer" / "trainer.toml").write_text(TRAINER, "utf-8")
    knobs = "".join(f"{knob} = {value!r}\n" for knob, value in BASELINE.items())
    (root / "trainer" / "train.py").write_text(knobs, "utf-8")
    settings = {"backend": "simulated", "count": AT_ONCE, "noise": SIGMA} | pool
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    (root / "labhand.toml").write_text(f'trainer = "trainer"\n[pools.h200]\n{lines}', "utf-8")


def _dispatcher(lab: Lab) -> Dispatcher:
    pools = PoolBackends.of_settings(load_settings(lab.root).pools, lab.folder / RUNS)
    allowance, metric = lab.settings.allowance, lab.trainer.metric
    settler = Settler(metric, FollowUps(lab.sources, allowance, baseline_every=0), ValidationStages(metric, lab.sources))
    return Dispatcher(lab.db, pools, RunFolders(lab.folder, lab.sources, lab.identity), settler)
