"""Whole campaigns through MCP, and their reports held against the raw ledger."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import anyio
import pytest
from labhand.server.commands.report import MARKDOWN, write_report
from labhand.server.commands.setup.init import prepare_data

from .agent import Campaign, run
from .page import WrongClaimError
from .recompute import recompute

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

REHEARSAL = """trainer = "gpt"
budget_seconds = 60
[pools.h200]
backend = "simulated"
count = 8
effect = 0.2
failures = 0.03
usd_per_hour = 4
"""
WIDE = Campaign(
    screen={"WIDTH": [48, 96], "MATRIX_LR": [0.01, 0.04], "BATCH_SIZE": [4, 16], "COOLDOWN": [0.3, 0.7]},
    search={"WIDTH": [32, 128], "MATRIX_LR": [0.005, 0.08], "BATCH_SIZE": [2, 32]},
    batches=(10, 10),
    ideas=(
        (
            "A smoother activation",
            [{"file": "train.py", "find": "F.relu(self.up(x)).square()", "replace": "F.gelu(self.up(x))"}],
        ),
    ),
    closer=2,
    horizons=(1, 2),
    seeds=3,
)
SMALL = Campaign(screen={"WIDTH": [32, 128], "MATRIX_LR": [0.01, 0.04]}, pairs=2)
"""Four replicates of the baseline, four cells, and two pairs: twelve runs."""


@pytest.fixture(autouse=True)
def own_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))


def reported(root: Path, plan: Campaign) -> str:
    """Run a campaign to its end; gives its report."""
    anyio.run(run, root, plan)
    write_report(root, root / "report")
    return (root / "report" / MARKDOWN).read_text("utf-8")


def holds(root: Path, markdown: str) -> bool:
    """Whether the report says what the ledger says, and nothing else."""
    try:
        return not recompute(root, markdown).unaccounted()
    except WrongClaimError:
        return False


def test_every_figure_of_a_rehearsal_is_recomputed_and_one_that_was_changed_is_found(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text(REHEARSAL, "utf-8")
    told = reported(tmp_path, WIDE)
    assert recompute(tmp_path, told).unaccounted() == []
    for figure in (
        r"took (\d+\.\d+) GPU-hours",
        r"\| MATRIX\\_LR .* \| -?0\.(\d+) \|",
        r"sd 0\.00(\d+),",
        r"\| useful share \| 0\.(\d+)",
    ):
        [(start, end)] = [found.span(1) for found in list(re.finditer(figure, told))[:1]]
        other = "".join("2" if digit == "7" else "7" for digit in told[start:end] if digit.isdigit())
        assert not holds(tmp_path, f"{told[:start]}{other}{told[end:]}"), figure
    assert not holds(tmp_path, told.replace("## What it cost", "It gained 0.5.\n\n## What it cost"))
    with sqlite3.connect(tmp_path / ".labhand" / "lab.db") as db:
        db.execute("UPDATE experiments SET score = score - 0.01 WHERE number = (SELECT max(candidate) FROM validations)")
    assert not holds(tmp_path, told)


@pytest.mark.skipif("LABHAND_CAMPAIGN" not in os.environ, reason="minutes of real training: LABHAND_CAMPAIGN=1 has it run")
def test_every_figure_of_a_small_real_campaign_is_recomputed(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('trainer = "gpt"\nbudget_seconds = 2\n', "utf-8")
    prepare_data(tmp_path)
    told = reported(tmp_path, SMALL)
    assert recompute(tmp_path, told).unaccounted() == []
    with sqlite3.connect(tmp_path / ".labhand" / "lab.db") as db:
        [(ran,)] = db.execute("SELECT count(*) FROM experiments WHERE score IS NOT NULL").fetchall()
    assert ran >= 12
