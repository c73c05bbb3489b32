"""The scheduler's own reason reaches the agent and the person, beside the experiments that wait for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from labhand.server.commands import show
from labhand.server.lab.fleet import gpus
from labhand.server.lab.monitor import alerts, waiting
from labhand.server.schemas.monitor import WaitQuery
from labhand.server.store.money import pools

from . import builders, hiring

REASON = "lh-1-h100-1: slurm/lab has not given 8 H100 yet: pending: QOSMaxGRESPerUser; partition: main"


async def _wait_for_slurm(root: Path) -> tuple[str, list[str], list[str]]:
    """Return the note of a pool that waits in Slurm's queue, the alerts about it, and the attention of `wait`."""
    async with hiring.lab(root) as lab:
        await builders.experiment(lab, gpu="H100", clock="wall")
        seen = [replace(pool, note=REASON if pool.gpu == "H100" else "") for pool in await lab.pools()]
        async with lab.db.transaction() as tx:
            await pools.save(tx, seen)
        [note] = [pool.note for pool in (await gpus.list_gpus(lab)).pools if pool.gpu == "H100"]
        lines = [alert.line for alert in await alerts.scan(lab) if alert.key.startswith("pool:")]
        waited = await waiting.wait(lab, WaitQuery.model_validate({"timeout_seconds": 0}), "me")
    return note, lines, waited.attention


@pytest.mark.anyio
async def test_the_reason_of_the_scheduler_stands_in_list_gpus_and_in_the_attention_of_wait(tmp_path: Path) -> None:
    note, lines, attention = await _wait_for_slurm(tmp_path)
    assert note == REASON
    [line] = lines
    assert line.startswith("1 experiment is queued for H100")
    assert REASON in line
    assert line in attention


@pytest.mark.usefixtures("no_dispatcher")
def test_labhand_status_prints_the_reason_of_the_scheduler(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anyio.run(_wait_for_slurm, tmp_path)
    show.status(tmp_path)
    printed = capsys.readouterr().out
    [line] = [line for line in printed.splitlines() if line.startswith("h100: ")]
    assert REASON in line
    assert "1 experiment is queued for H100" in printed
