"""The recorded session is one of the script that makes it, and shows what the pages say of it."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"
CAST = DOCS / "pictures" / "first-gain.cast"


def load_script() -> ModuleType:
    """The script, as a module."""
    spec = spec_from_file_location("record_session", DOCS / "record_session.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_recording_is_of_the_format_of_asciinema_and_has_every_command() -> None:
    script = load_script()
    header, *events = map(json.loads, CAST.read_text("utf-8").splitlines())
    shown = "".join(event[2] for event in events)

    assert (header["version"], header["width"], header["height"]) == (2, script.COLUMNS, script.ROWS)
    assert all(before[0] <= after[0] for before, after in pairwise(events))
    assert {event[1] for event in events} == {"o"}
    assert events[-1][0] < 90
    for command in script.COMMANDS:
        assert command.replace(" ", "") in shown.replace(" ", "").replace("\r", "").replace("\n", "")
    for word in ("promising", "inconclusive", "verdict confirmed", "Made the branch labhand/e0006"):
        assert word in shown


def test_the_picture_is_drawn_of_the_recording() -> None:
    picture = CAST.with_suffix(".svg").read_text("utf-8")
    assert "termtosvg" in picture
    assert "labhand" in picture
    assert "confirmed" in picture


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_script_records_what_a_shell_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = load_script()
    monkeypatch.setattr(script, "CAST", tmp_path / "short.cast")
    monkeypatch.setattr(script, "COMMANDS", ("labhand results --json",))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # without termtosvg

    script.main()

    events = [json.loads(line) for line in (tmp_path / "short.cast").read_text("utf-8").splitlines()[1:]]
    assert '"total": 0' in "".join(event[2] for event in events)
