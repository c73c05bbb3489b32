"""An answer says what happened: what fails after a commit is a warning in the answer, and never reads as a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from labhand.server.errors import LabhandError, SettingsError
from labhand.server.lab import after_commit
from labhand.server.lab.fleet import scale
from labhand.server.lab.inspect import checkout
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch import validate as validating
from labhand.server.lab.manage import cancel as cancelling
from labhand.server.schemas.fleet import ScaleRequest
from labhand.server.schemas.validation import ValidationRequest

from ..dispatcher.scripted import ME, by_x, script
from . import hiring, writing

pytestmark = pytest.mark.anyio

Change = Callable[[Lab], Awaitable[Any]]


async def launches(lab: Lab) -> Any:  # noqa: ANN401
    return await writing.launch(lab, overrides={"X": 2.5}, request_id="once")


async def launches_a_grid(lab: Lab) -> Any:  # noqa: ANN401
    return await writing.launch_grid(lab, factors={"X": [2.5, 2.6]}, request_id="twice")


async def validates(lab: Lab) -> Any:  # noqa: ANN401
    return await validating.validate(lab, ValidationRequest(ids=["e0001"], replicates=2), ME)


async def cancels(lab: Lab) -> Any:  # noqa: ANN401
    return await cancelling.cancel(lab, ["e0006"], "not needed", ME)


def no_process(_: Path) -> None:
    raise BlockingIOError(11, "Resource temporarily unavailable")


async def unreadable(_: Lab) -> None:
    raise SettingsError("labhand.toml, line 3: no value", "Complete the line")


CHANGES = [(launches, "Launched"), (launches_a_grid, "Launched"), (validates, "Launched"), (cancels, "Cancelled")]


@pytest.mark.parametrize(("change", "done"), CHANGES, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_change_whose_end_fails_says_that_it_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change, done: str
) -> None:
    async with script(tmp_path, by_x) as ready:
        await writing.launch(ready.lab, overrides={"X": 2.0})
        await ready.play()
        await writing.launch(ready.lab, overrides={"X": 2.1})
        before = await writing.everything(ready.lab)
    monkeypatch.setattr(after_commit, "lab_line", unreadable)
    broken = await Lab.open(tmp_path, wake=lambda _: None)
    monkeypatch.setattr(broken, "_wake", no_process)
    try:
        answer = await change(broken)
        assert await writing.everything(broken) != before, "it happened"
    finally:
        await broken.close()
    assert answer.warning.startswith(f"{done}, but the dispatcher could not be started (wait() tries again): ")
    assert (
        "Resource temporarily unavailable; and the state of the lab could not be read: labhand.toml, line 3" in answer.warning
    )
    assert answer.lab is None


async def test_a_repeated_launch_that_cannot_read_the_state_still_gets_its_first_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing.opened(tmp_path) as lab:
        first = await launches(lab)
        assert first.warning == ""
        monkeypatch.setattr(after_commit, "lab_line", unreadable)
        again = await launches(lab)
        assert again.experiments == first.experiments
        assert again.warning.startswith("Launched by an earlier call with this request_id, but the state")


async def test_scaling_whose_end_fails_says_that_it_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hiring.lab(tmp_path) as lab:
        monkeypatch.setattr(lab, "_wake", no_process)
        answer = await scale.scale(lab, ScaleRequest(pool="h100", clusters=1), ME)
        assert answer.warning.startswith("Scaled, but the dispatcher could not be started")
        assert answer.clusters == 1


def test_a_checkout_that_stops_half_way_says_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "second.py").mkdir()
    with pytest.raises(LabhandError, match=r"first.py was written, then .*second.py"):
        checkout.write_files(tmp_path, {"first.py": b"X = 1\n", "second.py": b"Y = 1\n"}, [])
