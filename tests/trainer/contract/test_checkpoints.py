"""What a lost run leaves is moved to the next run, within its limits and never through a link."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from labhand.trainer.contract import checkpoints
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.run_folder import RunFolder
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


@pytest.mark.parametrize("path", ["/x", "../x", "a/../../x", "."])
def test_a_path_outside_of_the_folder_is_refused(path: str) -> None:
    head = 'name = "a"\neditable = ["a.py"]\ncommand = ["a"]\nmetric = {name = "a", source = "output"}'
    text = f'{head}\n[checkpoint]\npath = "{path}"'
    with pytest.raises(ContractError, match=r"checkpoint.path \(line 6\): is .* has to be a path inside the trainer's folder"):
        parse_trainer(text.encode(), Path("trainer.toml"))
