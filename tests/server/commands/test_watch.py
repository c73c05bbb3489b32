"""`labhand watch`: bars of slots, one plain print where there is no terminal, and a terminal that is left as it was."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest
from anyio import to_thread
from labhand.server.commands.watch import slot_states
from labhand.server.lab.lab import Lab
from labhand.server.main import app
from labhand.server.schemas.lab_snapshot import SlotBar, SlotSpan
from typer.testing import CliRunner, Result

from ..lab import builders
from .terminals import PATIENCE_SECONDS, SHOW_CURSOR, on_terminal, read_until

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
pytestmark = [pytest.mark.usefixtures("no_dispatcher")]


def bar(*spans: tuple[float, float | None, str]) -> SlotBar:
    return SlotBar(
        pool="local",
        slot=1,
        spans=[SlotSpan.model_validate({"run": "e0001-1", "state": state, "began": b, "ended": e}) for b, e, state in spans],
    )


def test_a_part_of_a_bar_shows_what_its_slot_did_longest() -> None:
    busy = bar((0, 20, "scored"), (20, 34, "no_score"), (80, None, "running"))
    shown = ["scored", "scored", "no_score", *["idle"] * 5, "running", "running"]
    assert slot_states(busy, 0, 100, 10) == shown
    assert slot_states(bar(), 5, 5, 3) == ["idle"] * 3


async def busy_lab(lab: Lab) -> None:
    """One scored, one running, one queued, on two slots."""
    await builders.run(lab, await builders.experiment(lab, score=1.9), status="finished", silent=600)
    await builders.run(lab, await builders.experiment(lab, status="running", changes="DEPTH 4→8"), silent=30)
    await builders.experiment(lab)
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE runs SET finished_at = created_at + 300 WHERE status = 'finished'")


async def labhand(root: Path, *words: str) -> Result:
    environment = {"COLUMNS": "120"}
    return await to_thread.run_sync(lambda: CliRunner().invoke(app, [*words, "--root", str(root)], env=environment))


@pytest.mark.anyio
async def test_without_a_terminal_it_is_printed_once_and_plainly(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, more="[allowance]\ngpu_hours = 8\n") as lab:
        await busy_lab(lab)
        with builders.dispatcher(lab):
            done = await labhand(tmp_path, "watch")
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.stdout
    assert "1 running, 1 queued" in done.stdout
    assert "of 8 GPU-hours" in done.stdout
    first, second = (line for line in done.stdout.splitlines() if line.strip().startswith(("1  ", "2  ")))
    assert "▓" in first
    assert "██" in first
    assert first.split()[-2:] == ["45", "%"]
    assert "100 % idle 10 min" in second
    assert "DEPTH 4→8" in done.stdout
    assert "e0001" in done.stdout


@pytest.mark.anyio
async def test_as_json_it_has_idle_times_costs_and_what_needs_attention(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await busy_lab(lab)
        told = json.loads((await labhand(tmp_path, "watch", "--json")).stdout)
    assert [(run["id"], run["changes"]) for run in told["active"]] == [("e0002", "DEPTH 4→8")]
    used, other = told["slots"]
    assert [span["state"] for span in used["spans"]] == ["scored", "running"]
    assert used["idle_share"] == pytest.approx(1 - 330 / 600, abs=0.02)
    assert "idle_seconds" not in used
    assert (other["idle_share"], round(other["idle_seconds"], -1)) == (1.0, 600)
    assert any("no dispatcher runs" in line for line in told["attention"])


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_on_a_terminal_it_follows_the_lab_and_leaves_the_terminal_as_it_was(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with builders.lab(tmp_path) as lab:
        await busy_lab(lab)
        command = [sys.executable, "-m", "labhand.server.main", "watch", "--interval", "0.2", "--root", str(tmp_path)]
        with builders.dispatcher(lab), on_terminal(*command) as (process, terminal):
            seen: str = await to_thread.run_sync(read_until, terminal, "1 queued")
            assert ENTER in seen
            await builders.experiment(lab)
            seen += await to_thread.run_sync(read_until, terminal, "2 queued")
            process.send_signal(number)
            seen += await to_thread.run_sync(read_until, terminal, "never shown")
            code = await to_thread.run_sync(lambda: process.wait(PATIENCE_SECONDS))
    assert code == 0
    assert LEAVE in seen.rpartition(ENTER)[2]
    assert SHOW_CURSOR in seen[-200:]
    assert "Traceback" not in seen
