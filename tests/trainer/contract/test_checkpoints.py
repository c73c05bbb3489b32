"""What a run leaves is moved to the run that goes on from it, within its limits and never through a link."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.contract import checkpoints
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.run_result import MeasuredDevice, RunResult
from labhand.trainer.contract.run_spec import ResumedRun, RunIdentity, RunSpec
from labhand.trainer.contract.trainer_toml.checkpoint import Checkpoint
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer

SPEC = RunSpec("e0001-1", "e0001", 7, 10.0, "cpu", "cpu", identity=RunIdentity("lab", "commit", "nonce"))


def lost(place: Path, run: str = "e0001-1", nonce: str = "nonce", seconds: float = 4.0) -> RunFolder:
    folder = RunFolder(place / run)
    folder.work.mkdir(parents=True)
    identity = RunIdentity("lab", "commit", nonce)
    folder.write_spec(RunSpec(run, run[:5], 7, 10.0, "cpu", "cpu", identity=identity))
    checkpoints.write_record(folder, ResumedRun(run, seconds, seconds))
    return folder


def following(place: Path) -> RunFolder:
    folder = RunFolder(place / "e0001-2")
    folder.path.mkdir()
    folder.write_spec(RunSpec("e0001-2", "e0001", 7, 10.0, "cpu", "cpu", identity=RunIdentity("lab", "commit", "nonce")))
    return folder


def test_what_a_lost_run_left_lies_where_its_command_looks_for_it(tmp_path: Path) -> None:
    before, checkpoint = lost(tmp_path), Checkpoint("out/model")
    (before.work / "out" / "model").mkdir(parents=True)
    (before.work / "out" / "model" / "a.pt").write_text("weights")
    before.curve.write_text("".join(json.dumps({"seconds": at, "loss": 1.0}) + "\n" for at in (1.0, 3.0, 5.0)))
    folder = following(tmp_path)
    assert checkpoints.hand_over(before, folder, checkpoint) == ResumedRun("e0001-1", 4.0, 4.0)
    assert [json.loads(line)["seconds"] for line in folder.curve.read_text().splitlines()] == [1.0, 3.0]
    assert checkpoints.hand_over(before, folder, checkpoint) is not None  # again, by the next dispatcher
    folder.work.mkdir()
    place = checkpoints.lay_out(folder, checkpoint)
    assert place == folder.work / "out" / "model"
    assert (folder.work / "out" / "model" / "a.pt").read_text() == "weights"


def test_a_second_lost_run_hands_on_what_it_got_and_never_laid_out(tmp_path: Path) -> None:
    before, checkpoint = lost(tmp_path), Checkpoint("model")
    (before.work / "model").mkdir()
    (before.work / "model" / "a.pt").write_text("weights")
    second = following(tmp_path)
    checkpoints.hand_over(before, second, checkpoint)
    third = RunFolder(tmp_path / "e0001-3")
    third.path.mkdir()
    third.write_spec(second.spec())
    assert checkpoints.hand_over(second, third, checkpoint) == ResumedRun("e0001-2", 4.0, 4.0)
    assert (third.path / "checkpoint" / "a.pt").read_text() == "weights"


@pytest.mark.parametrize(("keep", "max_gib", "left"), [("all", 1.0, {"a", "b"}), ("last", 1.0, {"b"}), ("all", 1e-6, {"b"})])
def test_the_newest_entries_are_kept_as_far_as_they_fit(tmp_path: Path, keep: str, max_gib: float, left: set[str]) -> None:
    before = lost(tmp_path)
    (before.work / "model").mkdir()
    for name in ("a", "b"):
        (before.work / "model" / name).write_bytes(bytes(700))
        os.utime(before.work / "model" / name, (2e9, 2e9) if name == "a" else (1, 1))  # a time that the experiment sets
    folder = following(tmp_path)
    checkpoints.hand_over(before, folder, Checkpoint("model", max_gib, keep))
    assert {path.name for path in (folder.path / "checkpoint").iterdir()} == left


def test_nothing_goes_to_another_experiment(tmp_path: Path) -> None:
    before = lost(tmp_path, nonce="of another launch")
    (before.work / "model").mkdir()
    assert checkpoints.hand_over(before, following(tmp_path), Checkpoint("model")) is None
    assert (before.work / "model").exists()


def test_a_link_is_no_checkpoint_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    precious = tmp_path / "precious" / "model"
    precious.mkdir(parents=True)
    before = lost(tmp_path)
    (before.work / "out").symlink_to(precious.parent)
    folder = following(tmp_path)
    assert checkpoints.hand_over(before, folder, Checkpoint("out/model")) is None
    assert precious.exists()
    (folder.path / "checkpoint").mkdir()
    folder.work.mkdir()
    (folder.work / "out").symlink_to(precious.parent)
    with pytest.raises(ContractError, match="by a link"):
        checkpoints.lay_out(folder, Checkpoint("out/model"))
    assert precious.exists()


EXTENDS = Checkpoint("model", extends=True)


def shorter(place: Path, *, seed: int = 7, budget: float = 10.0, commit: str = "commit", is_scored: bool = True) -> RunFolder:
    """A run of 10 s that is over, with a checkpoint at 8 s."""
    folder = RunFolder(place / "e0001-1")
    (folder.work / "model").mkdir(parents=True)
    (folder.work / "model" / "a.pt").write_text("weights")
    identity = RunIdentity("lab", commit, "nonce of its own")
    folder.write_spec(RunSpec("e0001-1", "e0001", seed, budget, "cpu", "cpu", identity=identity))
    checkpoints.write_record(folder, ResumedRun("e0001-1", 8.0, 9.0))
    if is_scored:
        folder.write_result(RunResult.scored("e0001-1", 1.0, device=MeasuredDevice("cpu")))
    return folder


def longer(place: Path, run: str = "e0002-1", budget: float = 20.0) -> RunFolder:
    folder = RunFolder(place / run)
    folder.path.mkdir()
    folder.write_spec(RunSpec(run, run[:5], 7, budget, "cpu", "cpu", identity=RunIdentity("lab", "commit", run[:5])))
    return folder


def test_a_longer_run_of_the_same_source_and_seed_goes_on_from_a_shorter_one(tmp_path: Path) -> None:
    before, folder = shorter(tmp_path), longer(tmp_path)
    expected = ResumedRun("e0001-1", 8.0, 9.0, "e0001-1", 8.0, 9.0)
    assert checkpoints.hand_over(before, folder, EXTENDS) == expected
    assert checkpoints.hand_over(before, folder, EXTENDS) == expected  # again, by the next dispatcher
    assert (folder.path / "checkpoint" / "a.pt").read_text() == "weights"


def test_a_lost_longer_run_still_says_which_shorter_one_it_began_in(tmp_path: Path) -> None:
    first = longer(tmp_path)
    checkpoints.hand_over(shorter(tmp_path), first, EXTENDS)
    second = RunFolder(tmp_path / "e0002-2")
    second.path.mkdir()
    second.write_spec(first.spec())
    assert checkpoints.hand_over(first, second, EXTENDS) == ResumedRun("e0002-1", 8.0, 9.0, "e0001-1", 8.0, 9.0)


def test_a_still_longer_run_goes_on_from_a_run_that_went_on_itself(tmp_path: Path) -> None:
    first = longer(tmp_path)
    checkpoints.hand_over(shorter(tmp_path), first, EXTENDS)
    checkpoints.write_record(first, ResumedRun("e0002-1", 18.0, 19.0, "e0001-1", 8.0, 9.0))
    first.write_result(RunResult.scored("e0002-1", 1.0, device=MeasuredDevice("cpu")))
    third = longer(tmp_path, "e0003-1", 40.0)
    assert checkpoints.hand_over(first, third, EXTENDS) == ResumedRun("e0002-1", 18.0, 19.0, "e0002-1", 18.0, 19.0)


@pytest.mark.parametrize(
    ("change", "checkpoint"),
    [
        ({}, Checkpoint("model")),
        ({"seed": 8}, EXTENDS),
        ({"commit": "another"}, EXTENDS),
        ({"budget": 20.0}, EXTENDS),
        ({"is_scored": False}, EXTENDS),
    ],
    ids=["not allowed", "another seed", "another source", "as long", "failed"],
)
def test_nothing_goes_to_a_longer_run_that_would_not_have_trained_alike(
    tmp_path: Path, change: dict[str, Any], checkpoint: Checkpoint
) -> None:
    before = shorter(tmp_path, **change)
    assert checkpoints.hand_over(before, longer(tmp_path), checkpoint) is None
    assert (before.work / "model" / "a.pt").exists()


def test_a_checkpoint_that_took_the_whole_of_the_longer_budget_is_not_handed_over(tmp_path: Path) -> None:
    before = shorter(tmp_path)
    checkpoints.write_record(before, ResumedRun("e0001-1", 21.0, 21.0))
    assert checkpoints.hand_over(before, longer(tmp_path), EXTENDS) is None


def test_a_held_checkpoint_is_handed_over_when_the_working_folder_is_gone(tmp_path: Path) -> None:
    before = shorter(tmp_path)
    for _ in range(2):  # again, by the next dispatcher
        checkpoints.hold(before, EXTENDS)
    shutil.rmtree(before.work)
    folder = longer(tmp_path)
    assert checkpoints.hand_over(before, folder, EXTENDS) is not None
    assert (folder.path / "checkpoint" / "a.pt").read_text() == "weights"
    assert not (before.path / "checkpoint").exists()


def test_what_is_held_fits_into_the_limit(tmp_path: Path) -> None:
    before = shorter(tmp_path)
    (before.work / "model" / "b.pt").write_bytes(bytes(700))
    checkpoints.hold(before, Checkpoint("model", max_gib=600 / 2**30, extends=True))
    assert list((before.path / "checkpoint").iterdir()) == []


def test_what_was_laid_out_can_be_put_back_for_a_second_start(tmp_path: Path) -> None:
    folder = longer(tmp_path)
    checkpoints.hand_over(shorter(tmp_path), folder, EXTENDS)
    for _ in range(2):
        folder.work.mkdir()
        assert checkpoints.lay_out(folder, EXTENDS) is not None
        checkpoints.put_back(folder, EXTENDS)
        shutil.rmtree(folder.work)
    assert (folder.path / "checkpoint" / "a.pt").read_text() == "weights"


@pytest.mark.parametrize("path", ["/x", "../x", "a/../../x", "."])
def test_a_path_outside_of_the_folder_is_refused(path: str) -> None:
    head = 'name = "a"\neditable = ["a.py"]\ncommand = ["a"]\nmetric = {name = "a", source = "output"}'
    text = f'{head}\n[checkpoint]\npath = "{path}"'
    with pytest.raises(ContractError, match=r"checkpoint.path \(line 6\): is .* has to be a path inside the trainer's folder"):
        parse_trainer(text.encode(), Path("trainer.toml"))


@pytest.mark.parametrize(
    ("artifact", "extends", "is_refused"),
    [
        ("model", "true", True),
        ("model/*.pt", "true", True),
        ("**/*.pt", "true", True),
        ("model/*.pt", "false", False),
        ("model.pt", "true", False),
    ],
)
def test_what_longer_runs_need_must_not_be_moved_to_the_evaluator(artifact: str, extends: str, is_refused: bool) -> None:  # noqa: FBT001
    head = 'name = "a"\neditable = ["a.py"]\ncommand = ["a"]\nmetric = {name = "a"}'
    text = f'{head}\n[evaluator]\ncommand = ["s.py"]\nartifacts = ["{artifact}"]\n[checkpoint]\npath = "model"\nextends = '
    if not is_refused:
        assert parse_trainer(f"{text}{extends}".encode(), Path("trainer.toml")).checkpoint is not None
        return
    with pytest.raises(
        ContractError, match=r"checkpoint.extends \(line 10\): needs all of model, and evaluator.artifacts takes"
    ):
        parse_trainer(f"{text}{extends}".encode(), Path("trainer.toml"))
