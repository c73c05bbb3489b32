"""A try shares the machine's slots with the runs of labs: it waits for one, says so, and gives up in time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from labhand.server import machine
from labhand.server.backends.local.slots import DeviceSlot, Slots
from labhand.server.errors import NoCapacityError
from labhand.server.onboarding.command_candidates import command_candidates
from labhand.server.onboarding.completion import as_trial
from labhand.server.onboarding.folder_survey import survey
from labhand.server.onboarding.proposal import propose
from labhand.server.onboarding.trial import TrainerTrial, run_trial

from . import foreign


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainerTrial:
    """A script that takes no time, on a machine whose slots are those of the test."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine.devices.cache_clear()
    found = survey(foreign.write(tmp_path / "foreign", {"train.py": "print('loss: 1')"}))
    return as_trial(propose(found, command_candidates(found, has_gpu=False)[0]), 60.0)


def take_all(folder: Path) -> DeviceSlot:
    here = machine.devices()
    return Slots(here.kind, here.indices).take(folder, count=len(here.indices))


BEFORE_AND_AFTER = """
import time

def use(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

use(2)
print("loss: 1")
use(2)
"""


@pytest.mark.slow
def test_a_try_tells_how_long_it_was_silent(trial: TrainerTrial) -> None:
    (trial.folder / "train.py").write_text(BEFORE_AND_AFTER, "utf-8")
    result = run_trial(trial, 60.0, 1, lambda _: None)
    assert result.silent_seconds is not None
    assert result.silent_seconds > 1


@pytest.mark.slow
def test_a_try_waits_for_a_slot_and_says_so_once(trial: TrainerTrial, tmp_path: Path) -> None:
    slot = take_all(tmp_path / "other")
    told: list[str] = []
    release = threading.Timer(1.5, slot.release)
    release.start()
    result = run_trial(trial, 60.0, 1, told.append)
    release.join()
    assert "loss: 1" in result.log
    count = len(machine.devices().indices)
    assert told == [
        f"{count} of this machine's {count} slots (cpu) are taken by other runs: the try waits until 1 is free,"
        " for 300 s at most."
    ]


def test_a_try_that_gets_no_slot_says_what_is_taken_and_promises_no_queue(trial: TrainerTrial, tmp_path: Path) -> None:
    slot = take_all(tmp_path / "other")
    try:
        with pytest.raises(NoCapacityError) as caught:
            run_trial(trial, 60.0, 1, lambda _: None, max_slot_seconds=0.5)
    finally:
        slot.release()
    count = len(machine.devices().indices)
    assert caught.value.problem == (
        f"{count} of this machine's {count} slots (cpu) are taken by other runs, and the try, which needs 1, has waited"
        " for 0.5 s"
    )
    assert "Run this again when those runs have ended" in caught.value.remedy
    assert "queued" not in str(caught.value)
