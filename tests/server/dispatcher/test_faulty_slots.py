"""Where the unchanged source fails on one slot and not on others, the slot is set aside and told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from anyio import to_thread
from labhand.server.dispatcher.faulty_slots import fault_of
from labhand.server.lab.monitor import alerts
from labhand.server.main import app
from labhand.server.store.running.slots_aside import SlotOutcome
from typer.testing import CliRunner

from ..lab import writing
from . import support

CORES = sorted(os.sched_getaffinity(0))
needs_two_cores = pytest.mark.skipif(len(CORES) < 2, reason="a machine with one core has one slot")


@pytest.mark.slow
@needs_two_cores
@pytest.mark.anyio
async def test_a_slot_on_which_the_unchanged_source_diverges_is_set_aside_and_told(tmp_path: Path) -> None:
    """One core of this machine computes nonsense: the unchanged source prints nan there."""
    bad = CORES[1]  # the first baseline runs alone, on the first one
    train = writing.lay_out(tmp_path) / "train.py"
    nonsense = f"if {bad} in os.sched_getaffinity(0):\n        print('val_loss: nan')\n        return\n    "
    text = train.read_text().replace("    noise = random", f"    {nonsense}noise = random", 1)
    train.write_text(text)
    async with writing.opened(tmp_path, slots=2) as lab, support.loop(lab) as loop:
        await writing.launch(lab, overrides={"X": 2})
        await support.tick_until_idle(loop)
        [line] = [alert.line for alert in await alerts.scan(lab) if alert.key == f"aside:local:{bad}"]
        assert f"slot {bad} of the pool local is set aside, and nothing starts there: the unchanged source failed there" in line
        assert "labhand doctor --use-all-slots" in line

        before = len(await support.runs(lab))
        await writing.launch_grid(lab, factors={"X": [0.5, 1.5, 2.5]})
        await support.tick_until_idle(loop)
        later = (await support.runs(lab))[before:]
        assert later
        assert bad not in {run.handle["slot"] for run in later}
        freed = await to_thread.run_sync(CliRunner().invoke, app, ["doctor", "--root", str(tmp_path), "--use-all-slots"])
        assert "none is set aside as faulty" in " ".join(freed.output.split())
        assert not [alert for alert in await alerts.scan(lab) if alert.key.startswith("aside:")]


def outcomes(text: str) -> list[SlotOutcome]:
    """`0+ 1- 2i+`: on slot 0 the unchanged source succeeded, on slot 1 it failed, on slot 2 an idea succeeded."""
    return [
        SlotOutcome(f"e{number:04}", int(word[0]), "i" not in word, None if word.endswith("+") else "diverged")
        for number, word in enumerate(text.split(), 1)
    ]


@pytest.mark.parametrize(
    ("text", "is_at_fault"),
    [
        ("0+ 1- 2+", True),
        ("1- 0+ 2+", True),
        ("0+ 1- 0+", True),
        ("0+ 1-", False),  # one success elsewhere may be luck
        ("0+ 1- 2-", False),  # it fails on others, too
        ("0+ 2+ 1i-", False),  # an idea's failure is its own
        ("0+ 2+ 1i+ 1-", False),  # it worked before: a seed may diverge
        ("0+ 2+ 1i+ 1- 1-", True),
        ("0+ 2+ 1- 1i+", False),  # it works again
    ],
)
def test_one_slots_fault_is_told_from_a_seeds_and_from_a_sources(text: str, *, is_at_fault: bool) -> None:
    assert bool(fault_of(1, outcomes(text))) == is_at_fault
