"""No result, however odd, stops a dispatcher or what runs beside it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackends
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import FinishedRuns, Settler
from labhand.server.domain import Failure, Status
from labhand.server.ids import experiment_id
from labhand.server.lab.lab import Lab
from labhand.server.settings import RUNS, load_settings
from labhand.server.store.database import Transaction
from labhand.server.store.running import runs
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.run_spec import RunIdentity, RunSpec
from typing_extensions import override

from . import support
from .test_settler import a_result, queue_trees, taken

pytestmark = pytest.mark.anyio

Put = Callable[[Path, str], object]
"""Puts something in the place of a run's result, given the run's name."""


def text(content: Callable[[str], str]) -> Put:
    return lambda place, run: place.write_text(content(run), "utf-8")


def result(run: str, **parts: object) -> str:
    return json.dumps(a_result() | {"run": run} | parts)


ODD: Mapping[str, tuple[Put, str]] = {
    "directory": (lambda place, _: place.mkdir(), "is a directory"),
    "pipe": (lambda place, _: os.mkfifo(place), "is a named pipe"),
    "device": (lambda place, _: place.symlink_to("/dev/zero"), "is a symlink"),
    "too long": (lambda place, _: subprocess.run(["truncate", "-s", "1G", place], check=True), "are the most"),
    "empty": (text(lambda _: ""), "it is no JSON"),
    "no object": (text(lambda _: "[1, 2]"), "has to be an object"),
    "nested": (text(lambda _: "[" * 200_000), "levels deep"),
    "nested in a field": (
        text(lambda run: result(run).replace('"flags": []', f'"flags": {"[" * 400}{"]" * 400}')),
        "levels deep",
    ),
    "duplicate key": (text(lambda run: result(run).replace('"score"', '"score": 0, "score"', 1)), "the key 'score' twice"),
    "another run's": (text(lambda _: result("e0099-1")), "another run's result"),
    "huge score": (text(lambda run: result(run, score=1e200)), "score is 1e+200"),
    "null score": (text(lambda run: result(run, score=None)), "score is None"),
    "null status": (text(lambda run: result(run, status=None)), "status is None"),
    "huge integer": (text(lambda run: result(run).replace('"score": 1.9', f'"score": {"9" * 5000}')), "it is no JSON"),
    "surrogate": (text(lambda run: result(run, status="\ud800")), "status is"),
}


async def finish(lab: Lab, put: Mapping[int, Put]) -> None:
    """Let experiments end as a runner would end them that leaves these results, and then is gone."""
    for attempt in await taken(lab):
        folder = support.folder_of(lab, attempt.run.id)
        folder.mkdir(parents=True)
        name, identity = experiment_id(attempt.run.experiment), RunIdentity(lab.identity, attempt.commit, attempt.nonce)
        RunFolder(folder).write_spec(RunSpec(attempt.run.id, name, attempt.seed, 1.0, "cpu", "cpu", identity=identity))
        put[attempt.run.experiment](folder / "result.json", attempt.run.id)
        async with lab.db.transaction() as tx:
            await runs.save_handles(tx, {attempt.run.id: {"started": True}})


async def test_every_odd_result_is_contract_broken_with_what_was_wrong_and_what_is_beside_it_goes_on(lab: Lab) -> None:
    odd = await queue_trees(lab, *(f"odd {name}" for name in ODD))
    good = await queue_trees(lab, "good", "better")
    puts: dict[int, Put] = dict(zip(odd, (put for put, _ in ODD.values()), strict=True))
    await finish(lab, puts | dict.fromkeys(good, text(result)))
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    for number, (name, (_, problem)) in zip(odd, ODD.items(), strict=True):
        experiment = await support.experiment(lab, number)
        assert experiment.failed is not None, name
        assert (experiment.status, experiment.failed.kind) == (Status.FAILED, Failure.CONTRACT_BROKEN), name
        assert problem in experiment.failed.message, name
    for number in good:
        assert (await support.experiment(lab, number)).score == 1.9


async def test_nulls_where_numbers_belong_are_read_as_not_known(lab: Lab) -> None:
    [number] = await queue_trees(lab, "a")
    nulls: dict[str, object] = {
        "seconds": {"held": None, "training": None},
        "measures": {"steps": None},
        "claimed": None,
        "flags": None,
    }
    await finish(lab, {number: text(lambda run: result(run, **nulls))})
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    experiment = await support.experiment(lab, number)
    assert (experiment.status, experiment.score) == (Status.SUCCEEDED, 1.9)
    assert experiment.gpu_seconds >= 0


class Surprised(Settler):
    """A settler with a bug: it can't take one experiment's score."""

    @override
    async def settle(self, tx: Transaction, ended: FinishedRuns, now: float) -> None:
        await super().settle(tx, ended, now)
        if any(result.score == 7.0 for _, result in ended.finished):
            raise OverflowError("(34, 'Numerical result out of range')")


async def test_a_result_that_nobody_foresaw_is_set_aside_and_the_others_are_settled(lab: Lab) -> None:
    bad, good = await queue_trees(lab, "a", "b")
    await finish(lab, {bad: text(lambda run: result(run, score=7.0)), good: text(result)})
    pools = PoolBackends.of_settings(load_settings(lab.root).pools, lab.folder / RUNS)
    async with pools:
        folders = RunFolders(lab.folder, lab.sources, lab.identity)
        await support.tick_until_idle(Dispatcher(lab.db, pools, folders, Surprised(lab.trainer.metric), lab.settings.allowance))
    assert (await support.experiment(lab, good)).score == 1.9
    experiment = await support.experiment(lab, bad)
    assert experiment.failed is not None
    assert experiment.failed.kind is Failure.CONTRACT_BROKEN
    assert "settling it raised OverflowError" in experiment.failed.message
    assert experiment.gpu_seconds == 25.0


async def test_a_poisoned_score_of_an_older_version_does_not_stop_the_verdicts_of_the_others(lab: Lab) -> None:
    poisoned, *others = await queue_trees(lab, "a", "b", "c", "b")
    await finish(lab, dict.fromkeys([poisoned, *others], text(result)))
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET score = 1e200 WHERE number = ?", (poisoned,))
    more = await queue_trees(lab, "a", "d")
    await finish(lab, dict.fromkeys(more, text(result)))
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    assert {(await support.experiment(lab, number)).score for number in more} == {1.9}
