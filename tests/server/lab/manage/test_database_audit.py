"""What someone with a shell changed behind the lab's back is found."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from labhand.server.domain import Status
from labhand.server.errors import NotFoundError
from labhand.server.lab.lab import Lab
from labhand.server.lab.manage.database_audit import audit
from labhand.server.source import git
from labhand.server.store.running import early_stops
from typer.testing import CliRunner

from ....waiting import until
from ...dispatcher import support
from .. import builders, writing

pytestmark = pytest.mark.anyio


async def run_experiments(lab: Lab) -> None:
    """Let four experiments succeed, one fail and one be cancelled before it runs."""
    await support.queue_up(lab, 2, purpose="baseline")
    await support.queue_up(lab, 2, duration=0.03)
    await support.queue_up(lab, fail=True)
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
        [number] = await support.queue_up(lab)
        await support.ask_to_end(lab, [number])
        await loop.tick()
    for row in await lab.db.rows("SELECT number, commit_hash FROM experiments"):
        await lab.sources.tag({f"e{row['number']:04d}": row["commit_hash"]})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lab whose experiments really ran; tests work on copies of it."""
    root = tmp_path_factory.mktemp("template")

    async def ran() -> None:
        async with writing.opened(root) as lab:
            await run_experiments(lab)

    anyio.run(ran)
    return root


@pytest.fixture
async def honest(template: Path, tmp_path: Path) -> AsyncIterator[Lab]:
    """A lab in which four experiments succeeded, one failed and one was cancelled before it ran."""
    shutil.copytree(template, tmp_path / "lab", symlinks=True)
    async with writing.opened(tmp_path / "lab") as opened:
        yield opened


async def differences(lab: Lab) -> list[str]:
    """What an audit finds."""
    return list((await audit(lab.root)).differences)


async def edit(lab: Lab, sql: str, *parameters: object) -> None:
    """Do what a shell could."""
    async with lab.db.transaction() as tx:
        await tx.execute(sql, parameters)


async def test_in_an_honest_lab_nothing_differs(honest: Lab) -> None:
    found = await audit(honest.root)
    assert (list(found.differences), list(found.unchecked), found.experiments) == ([], [], 6)
    assert await differences(honest) == []


EDITS = (
    {
        "UPDATE experiments SET verdict = 'promising' WHERE number = 3": "e0003: its verdict is promising with a gain of ",
        "UPDATE experiments SET verdict = 'confirmed' WHERE number = 4": "e0004: its verdict is confirmed, and its validation",
        "UPDATE experiments SET gain = 3.0 WHERE number = 1": "with a gain of 3.0, and the scores say",
        "UPDATE strata SET noise = 1e-9": "s1: reference and noise are",
        "UPDATE spent SET gpu_seconds = 0": "local: 0.00 s are booked as spent",
        "UPDATE spent SET experiments = 1": "1 experiments are booked as spent, and 5 ran",
    },
    {
        "UPDATE experiments SET score = 0.1 WHERE number = 3": "e0003: its score is 0.1 in the lab's database, and ",
        "UPDATE experiments SET seed = 7 WHERE number = 2": "e0002: its seed is 7 in the lab's database",
        "UPDATE experiments SET budget_seconds = 600 WHERE number = 1": "e0001: its budget is 600.0 in the lab's database",
        "UPDATE experiments SET failure = 'tampering' WHERE number = 5": "e0005: its failure is tampering in the lab",
        "UPDATE experiments SET gpu_seconds = 0 WHERE number = 3": "e0003: it is charged 0.00 s, and its runs held",
        "UPDATE runs SET finished_at = created_at + 99 WHERE experiment = 2": "e0002: its time held is 99",
        "UPDATE experiments SET tree = 'f00' WHERE number = 4": "e0004: its source is f00 in the lab's database",
        "UPDATE strata SET facts = replace(facts, '\"cpu\"', '\"H100\"')": "e0003: its stratum is",
        "UPDATE experiments SET status = 'succeeded' WHERE number = 5": "e0005: its status is succeeded in the lab's database",
    },
)


@pytest.mark.parametrize("edits", EDITS, ids=["what follows", "what was measured"])
async def test_what_was_changed_in_the_ledger_is_told(honest: Lab, edits: Mapping[str, str]) -> None:
    for sql in edits:
        await edit(honest, sql)
    found = "\n".join(await differences(honest))
    assert [told for told in edits.values() if told not in found] == []


async def test_what_was_changed_in_a_run_folder_is_told_and_one_that_is_gone_is_no_difference(honest: Lab) -> None:
    folder = support.folder_of(honest, "e0003-1")
    result = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps(result | {"score": 0.1}))
    train = folder / "source" / "train.py"
    train.write_text(train.read_text() + "\nX = 9\n")
    (support.folder_of(honest, "e0004-1") / "result.json").unlink()
    found = "\n".join(await differences(honest))
    assert "and 0.1 in e0003-1" in found
    assert "e0003: train.py in e0003-1 isn't that of its source" in found
    assert "e0004: e0004-1 has no result that can be read" in found

    folder = support.folder_of(honest, "e0001-1")
    folder.rename(folder.with_name("elsewhere"))
    assert list((await audit(honest.root)).unchecked) == ["e0001"]


async def test_what_was_changed_in_the_history_is_told(honest: Lab) -> None:
    directory = f"--git-dir={honest.sources.path}"
    git.run(directory, "update-ref", "refs/tags/e0003", "refs/tags/baseline")
    git.run(directory, "tag", "--delete", "e0004")
    found = "\n".join(await differences(honest))
    assert "e0003: the history gives that name to " in found
    assert "e0004: the history gives that name to nothing" in found


async def test_the_command_tells_differences_and_changes_of_the_allowance(honest: Lab) -> None:
    from labhand.server.main import app

    runner = CliRunner()
    arguments = ["audit", "--root", str(honest.root)]
    toml = honest.root / "labhand.toml"
    toml.write_text(f"{toml.read_text()}\n[allowance]\nexperiments = 7\n")
    await (await Lab.open(honest.root, wake=builders.Woken())).close()
    told = await to_thread.run_sync(runner.invoke, app, arguments)
    assert told.exit_code == 0
    assert "the allowance was changed" in told.stdout
    assert "experiments unlimited → 7" in told.stdout
    assert "6 finished experiments: nothing differs" in told.stdout
    await edit(honest, "UPDATE experiments SET score = 0.1 WHERE number = 3")
    told = await to_thread.run_sync(runner.invoke, app, arguments)
    assert told.exit_code == 1
    assert "e0003: its score is 0.1" in told.stdout


async def test_a_run_that_the_lab_itself_stopped_is_not_accused(tmp_path: Path) -> None:
    async with writing.opened(tmp_path) as lab:
        [number] = await support.queue_up(lab, duration=support.LONG)
        async with support.loop(lab) as loop:

            async def runs() -> bool:
                await loop.tick()
                return (await support.experiment(lab, number)).status == Status.RUNNING

            await until(runs)
            async with lab.db.transaction() as tx:
                await early_stops.ask(tx, number, "doomed: it could not reach a good score", 1.0, time.time())
            await support.tick_until_idle(loop)
        await lab.sources.tag({"e0001": (await support.experiment(lab, number)).commit})
        assert (await support.experiment(lab, number)).status == Status.STOPPED
        assert await differences(lab) == []
        await edit(lab, "DELETE FROM stops")
        assert await differences(lab) == ["e0001: its status is stopped in the lab's database, and cancelled in e0001-1"]


async def test_a_rehearsal_is_checked_without_run_folders_and_not_accused(tmp_path: Path) -> None:
    writing.lay_out(tmp_path)
    (tmp_path / "labhand.toml").write_text(
        'trainer = "trainer"\n[pools.h200]\nbackend = "simulated"\ncount = 3\nfailures = 0.2\n'
    )
    lab = await Lab.open(tmp_path, wake=builders.Woken())
    try:
        await writing.launch_grid(lab, factors={"X": [0.5, 2.0, 3.0], "Y": [0.5, 1.0]})
        async with support.loop(lab) as loop:
            await support.tick_until_idle(loop)
        found = await audit(lab.root)
        assert (list(found.differences), list(found.unchecked), found.experiments) == ([], [], 10)
        await edit(
            lab, "UPDATE experiments SET score = 0.1 WHERE number = (SELECT max(number) FROM experiments WHERE score > 0)"
        )
        assert any("its score is 0.1 in the lab's database, and" in line for line in await differences(lab))
    finally:
        await lab.close()


async def test_where_there_is_no_lab_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text(f'trainer = "{builders.TRAINERS / "parabola"}"\n')
    with pytest.raises(NotFoundError, match="no lab"):
        await audit(tmp_path)
    assert not await anyio.Path(tmp_path / ".labhand").exists()
