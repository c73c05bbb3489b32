"""What a run goes on from is told to its command and to the reader, and a checkpoint is noted however late it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..running import MakeRun, RunFolder, lay_out

TRAINER = """
name = "resumable"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "loss"
source = "output"
[checkpoint]
path = "out"
extends = true
"""
TRAIN = """
import os
from pathlib import Path

place = Path("out")
resumed = os.environ.get("LABHAND_RESUME_FROM")
print("found", (place / "a").read_text() if resumed else "nothing", os.environ.get("LABHAND_USED_SECONDS"))
print("loss: 1")
place.mkdir(exist_ok=True)
(place / "a").write_text("newer")
"""
SHORTER = {"extends": "e0003-1", "extended_seconds": 8.0, "extended_wall_seconds": 9.0}


def following(path: Path, **resumed: object) -> RunFolder:
    """A run of 20 s that goes on from a checkpoint."""
    used = {"seconds": 8.0, "wall_seconds": 9.0}
    run = lay_out(path / "e0001-1", TRAINER, TRAIN, budget_seconds=20.0, resumed={**used, **resumed} if resumed else None)
    if resumed:
        (run.path / "checkpoint").mkdir()
        (run.path / "checkpoint" / "a").write_text("older")
    return run


def recorded(run: RunFolder) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((run.path / "checkpoint.json").read_text("utf-8"))
    return record


def test_a_checkpoint_that_is_written_last_of_all_is_noted(tmp_path: Path) -> None:
    run = following(tmp_path)
    result = run.run()
    assert "found nothing None" in run.log()
    assert recorded(run)["seconds"] == pytest.approx(result["seconds"]["training"], abs=0.2)
    assert recorded(run)["extends"] == ""
    assert "resumed" not in result["seconds"]


@pytest.mark.parametrize(
    ("resumed", "flags", "seconds"),
    [
        ({"run": "e0001-1"}, ["resumed"], {"resumed": 8.0, "resumed_wall": 9.0}),
        (
            {"run": "e0003-1", **SHORTER},
            ["extended: its first 8 s are those of e0003-1, whose checkpoint it went on from"],
            {"resumed": 8.0, "resumed_wall": 9.0, "extended": 8.0, "extended_wall": 9.0},
        ),
        (
            {"run": "e0001-1", "seconds": 12.0, **SHORTER},
            ["resumed", "extended: its first 8 s are those of e0003-1, whose checkpoint it went on from"],
            {"resumed": 12.0, "resumed_wall": 9.0, "extended": 8.0, "extended_wall": 9.0},
        ),
    ],
    ids=["lost", "shorter", "both"],
)
def test_a_result_says_what_the_run_went_on_from(
    tmp_path: Path, resumed: dict[str, object], flags: list[str], seconds: dict[str, float]
) -> None:
    run = following(tmp_path, **resumed)
    result = run.run()
    assert f"found older {seconds['resumed']:g}" in run.log()
    assert result["resumed_from"] == resumed["run"]
    assert [flag for flag in result["flags"] if not flag.startswith("budget_unused")] == flags
    assert {name: value for name, value in result["seconds"].items() if name in seconds} == seconds
    assert seconds["resumed"] < result["seconds"]["training"] < seconds["resumed"] + 5
    assert result["seconds"]["held"] < seconds["resumed"]
    record = recorded(run)
    assert record["seconds"] == pytest.approx(result["seconds"]["training"], abs=0.2)
    assert (record["run"], record["extends"]) == ("e0001-1", resumed.get("extends", ""))


def test_what_is_in_the_checkpoint_counts_once_where_a_run_is_asked_whether_it_kept_to_its_budget(tmp_path: Path) -> None:
    used = {"run": "e0003-1", "seconds": 18.0, "wall_seconds": 18.0}
    result = following(tmp_path, **used, extends="e0003-1", extended_seconds=18.0, extended_wall_seconds=18.0).run()
    assert [flag.partition(":")[0] for flag in result["flags"]] == ["extended"]


CHECKPOINT = """
    from pathlib import Path
    place = Path("out")
    print("began at", round(session.progress(), 2), place.exists())
    {loop}
    place.mkdir(exist_ok=True)
    torch.save(model.state_dict(), place / "last.pt")
    session.save"""


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["cpu", "wall"])
def test_a_session_goes_on_at_its_progress_and_its_last_checkpoint_is_noted(make_run: MakeRun, clock: str) -> None:
    resumed = {"run": "e0003-1", "seconds": 1.5, "wall_seconds": 1.5, **SHORTER, "extended_seconds": 1.5}
    loop = "train(session, model, tokens)"
    run = make_run(
        (f"    {loop}\n    session.save", CHECKPOINT.format(loop=loop)), budget_seconds=2.0, clock=clock, resumed=resumed
    )
    trainer = run.source / "trainer.toml"
    trainer.write_text(f'{trainer.read_text("utf-8")}[checkpoint]\npath = "out"\nextends = true\n', "utf-8")
    (run.path / "checkpoint").mkdir()
    result = run.run()
    assert result["status"] == "succeeded", result["failure"]
    assert "began at 0.7" in run.log()
    assert "True" in run.log()
    assert recorded(run)["seconds"] == pytest.approx(result["seconds"]["training"], abs=0.3)
    assert 1.9 <= result["seconds"]["training"] < 4
