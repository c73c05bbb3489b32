"""`labhand wait`: what it prints, and what a script learns from its exit code."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from labhand.server.commands.wait import ExitCode, exit_code
from labhand.server.main import app
from labhand.server.schemas.monitor import Pending, Waited
from labhand.tools.app import build
from labhand.tools.lab_context import LabHandle
from mcp import Client
from typer.testing import CliRunner

from ...tools.calls import data
from ..lab import builders

PENDING = Pending(counts={"running": 1}, ids=["e0009"])
PARABOLA = Path(__file__).parents[2] / "trainers" / "parabola"
SECONDS = 120


def wait(root: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["wait", *arguments, "--root", str(root)])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("finished", "pending", "timed_out", "until_any", "code"),
    [
        (3, None, False, False, ExitCode.FINISHED),
        (1, PENDING, False, True, ExitCode.FINISHED),
        (1, PENDING, False, False, ExitCode.ATTENTION),
        (0, PENDING, False, True, ExitCode.ATTENTION),
        (1, PENDING, True, False, ExitCode.TIMED_OUT),
        (0, None, False, False, ExitCode.NOTHING),
    ],
)
def test_the_exit_code_says_why_the_wait_ended(
    finished: int, pending: Pending | None, *, timed_out: bool, until_any: bool, code: ExitCode
) -> None:
    answer = Waited(finished_total=finished, pending=pending, timed_out=timed_out, cursor="0")
    assert exit_code(answer, until_any=until_any) == code


@pytest.mark.anyio
@pytest.mark.usefixtures("no_dispatcher")
async def test_what_has_finished_is_a_line_each_the_best_first_whoever_launched_it(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for score in (1.9, 1.7):
            await builders.experiment(lab, score=score)
    code, told = await _in_thread(tmp_path)
    assert code == ExitCode.FINISHED, told
    first, *rows = told.splitlines()
    assert first == "finished: 2 experiments"
    assert [row.partition(":")[0] for row in rows[:2]] == ["e0002", "e0001"]
    assert "score 1.7" in rows[0]


@pytest.mark.anyio
@pytest.mark.usefixtures("no_dispatcher")
async def test_a_cursor_leaves_out_what_was_told_and_then_there_is_nothing_to_wait_for(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9)
    code, told = await _in_thread(tmp_path, "--json")
    assert code == ExitCode.FINISHED, told
    answer = json.loads(told)
    assert [row["id"] for row in answer["finished"]] == ["e0001"]
    code, told = await _in_thread(tmp_path, "--after", answer["cursor"])
    assert (code, told.splitlines()[0]) == (ExitCode.NOTHING, "finished: 0 experiments")


@pytest.mark.anyio
@pytest.mark.usefixtures("no_dispatcher")
async def test_the_time_is_over_while_experiments_are_pending(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab)
        with builders.dispatcher(lab):
            code, told = await _in_thread(tmp_path, "--timeout", "0")
    assert code == ExitCode.TIMED_OUT, told
    assert "pending: counts queued 1, ids e0001" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["e0009"], "There is no e0009"), (["nonsense"], "nonsense"), (["--after", "yesterday"], "'yesterday' is not a cursor")],
)
@pytest.mark.usefixtures("no_dispatcher")
def test_what_cannot_be_waited_for_is_refused(tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "labhand.toml").write_text(f'trainer = "{PARABOLA}"\n', "utf-8")
    code, told = wait(tmp_path, *arguments)
    assert code == 2
    assert says in " ".join(told.split())


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS)
async def test_it_ends_in_the_background_when_a_launched_grid_has_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    root = tmp_path / "lab"
    shutil.copytree(PARABOLA, root / "parabola")
    (root / "labhand.toml").write_text('trainer = "./parabola"\n', "utf-8")
    command = [sys.executable, "-m", "labhand.server.main", "wait", "g001", "--json", "--root", str(root)]
    async with Client(build(LabHandle(root, "tester")), raise_exceptions=True) as client:
        await data(client, "launch_grid", hypothesis="Where is the bottom?", factors={"X": [0.0, 2.0]})
        with anyio.fail_after(SECONDS):
            ended = await anyio.run_process(command, check=False)
    assert ended.returncode == ExitCode.FINISHED, ended
    assert [row["id"] for row in json.loads(ended.stdout)["finished"]] == ["e0002", "e0001"]  # X = 2 is nearer to the bottom
    assert ended.stderr == b""  # an agent pays for what it reads


async def _in_thread(root: Path, *arguments: str) -> tuple[int, str]:
    """The command has an event loop of its own."""
    return await to_thread.run_sync(lambda: wait(root, *arguments))
