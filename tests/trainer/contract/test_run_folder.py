"""The run folder as both halves read and write it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.run_result import RunResult
from labhand.trainer.contract.run_spec import RunSpec


def test_a_folder_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "e0001-1")
    assert not folder.is_claimed()
    assert not folder.was_claimed()
    assert (folder.claimant(), folder.phase(), folder.result(), folder.last_sign_of_life()) == (None, None, None, None)
    assert folder.silent_seconds() == 0
    with pytest.raises(ContractError, match=r"spec\.json is missing"):
        folder.spec()


def test_a_run_is_claimed_once(tmp_path: Path) -> None:
    first, second = RunFolder(tmp_path), RunFolder(tmp_path)
    assert (first.claim(), second.claim()) == (True, False)
    assert (second.is_claimed(), second.claimant()) == (True, os.getpid())
    assert os.listdir(tmp_path) == ["claim"]  # noqa: PTH208


def test_a_spec_is_completed_with_where_the_run_goes(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    spec = RunSpec("e0001-1", "e0001", 7, 20.0, "wall", "cuda")
    folder.write_spec(spec)
    folder.complete_spec(gpu="3", cores=(4, 5), gate="/gate")
    assert folder.spec() == RunSpec("e0001-1", "e0001", 7, 20.0, "wall", "cuda", (4, 5), "3", gate="/gate")


def test_phase_and_result_are_read_as_they_were_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "e0001-1")
    folder.path.mkdir()
    folder.set_phase("evaluating")
    folder.write_result(RunResult.cancelled("e0001-1"))
    assert folder.phase() == "evaluating"
    assert folder.result() == RunResult.cancelled("e0001-1")
    assert abs(folder.phase_since() - time.time()) < 60


@pytest.mark.parametrize("name", ["claim", "phase", "result.json", "spec.json", "sealed.json"])
@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "large", "odd"])
def test_what_an_experiment_may_have_put_there_holds_nobody_up(tmp_path: Path, name: str, kind: str) -> None:
    file = tmp_path / name
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "link":
        file.symlink_to("/dev/zero")
    elif kind == "folder":
        file.mkdir()
    elif kind == "large":
        with file.open("wb") as hole:
            hole.truncate(1 << 30)
    else:
        file.write_bytes(b"\xff9" * 40)
    folder = RunFolder(tmp_path)
    assert not folder.is_claimed()
    assert (folder.claimant(), folder.phase(), folder.sealed_json()) == (None, None, None)
    result = folder.result()
    assert (result is None) == (name != "result.json")
    if result is not None:
        assert result.failure is not None
        assert result.failure.kind == "contract_broken"
        folder.write_result(RunResult.cancelled(tmp_path.name))  # as its runner does, whatever lies there
        assert folder.result() == RunResult.cancelled(tmp_path.name)
    with pytest.raises(ContractError):
        folder.spec()
