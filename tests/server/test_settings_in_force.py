"""A `labhand.toml` that is half-written, emptied or gone never lifts what it limited."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labhand.server.errors import AllowanceError, SettingsError
from labhand.server.settings import FILE
from labhand.server.settings_in_force import SETTLE_SECONDS, settings_in_force

from .lab import writing

GOOD = """goal = "small"
[allowance]
experiments = 8
gpu_hours = 2
[pools.local]
backend = "local"
slots = 3
"""
OTHER_PROCESS = """
import sys
from pathlib import Path
from labhand.server.settings_in_force import settings_in_force
in_force = settings_in_force(Path(sys.argv[1]))
print(in_force.settings.allowance.experiments, in_force.settings.pools["local"].max_slots, bool(in_force.trouble))
"""


def _holds_by_another_process(root: Path) -> str:
    """What holds by a process that has seen nothing of the time before."""
    command = [sys.executable, "-c", OTHER_PROCESS, str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_text(GOOD)
    assert not settings_in_force(tmp_path).trouble
    return tmp_path


@pytest.mark.parametrize("end", range(0, len(GOOD), 7))
def test_a_half_written_file_does_not_lift_the_allowance_or_the_slots(root: Path, end: int) -> None:
    (root / FILE).write_text(GOOD[:end])
    in_force = settings_in_force(root)
    assert (in_force.settings.allowance.experiments, in_force.settings.pools["local"].max_slots) == (8, 3)
    assert str(root / FILE) in in_force.trouble
    assert "The last good settings hold" in in_force.trouble


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\x00\x00\x00", b"\xff\xfe\x00", b"<<<<<<< HEAD\n", None])
def test_the_last_good_settings_hold_in_the_next_process_too(root: Path, content: bytes | None) -> None:
    if content is None:
        (root / FILE).unlink()
    else:
        (root / FILE).write_bytes(content)
    an_hour_ago = time.time() - 3600
    if content is not None:
        os.utime(root / FILE, (an_hour_ago, an_hour_ago))
    assert _holds_by_another_process(root) == "8 3 True"


def test_a_file_from_which_the_person_took_the_end_counts_when_it_has_settled(root: Path) -> None:
    (root / FILE).write_text(GOOD[: GOOD.index("[pools")])
    before = time.time() - SETTLE_SECONDS - 1
    os.utime(root / FILE, (before, before))
    in_force = settings_in_force(root)
    assert in_force.trouble == ""
    assert in_force.settings.pools["local"].max_slots is None


def test_changed_settings_hold_at_once_and_are_the_last_good_ones_then(root: Path) -> None:
    (root / FILE).write_text(GOOD.replace("experiments = 8", "experiments = 80"))
    assert settings_in_force(root).settings.allowance.experiments == 80
    (root / FILE).write_text("")
    assert settings_in_force(root).settings.allowance.experiments == 80


def test_without_a_last_good_content_a_broken_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[allowance")
    with pytest.raises(SettingsError, match="not valid TOML"):
        settings_in_force(tmp_path)


def test_a_lab_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    in_force = settings_in_force(tmp_path)
    assert (in_force.settings.trainer, in_force.trouble) == ("gpt", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.anyio
@pytest.mark.parametrize("content", ["", "[allow", 'trainer = "trainer"\n'])
async def test_a_lab_opens_on_a_broken_file_tells_it_and_refuses_what_the_last_good_file_refused(
    tmp_path: Path, content: str
) -> None:
    async with writing.opened(tmp_path, toml="allowance.experiments = 1"):
        pass
    async with writing.opened(tmp_path, toml="allowance.experiments = 1") as lab:
        (tmp_path / FILE).write_text(content)
        with pytest.raises(AllowanceError, match="of the 1 allowed"):
            await writing.launch(lab, overrides={"X": 2.0})
        assert "labhand.toml" in lab.settings_trouble()
