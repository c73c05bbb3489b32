"""What identifies the data of a person's own evaluator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from labhand.trainer.evaluator.script.data_identity import data_identity
from labhand.trainer.run.failures.classify import RunFailedError

from .scoring import make_data


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test's own."""
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))


def test_a_folder_has_the_same_identity_wherever_it_lies(tmp_path: Path) -> None:
    here, there = (str(make_data(tmp_path / name) / "test") for name in ("here", "there"))
    first = data_identity([here], lambda: None)
    assert first == data_identity([there], lambda: None) == data_identity([here], lambda: None)
    Path(there, "more").touch()
    assert data_identity([there], lambda: None) != first
    assert data_identity([], lambda: None) is None


def test_what_is_no_plain_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunFailedError, match=r"pipe, which the evaluator reads, is no plain file"):
        data_identity([str(tmp_path)], lambda: None)


def test_a_kept_digest_that_was_damaged_is_computed_again(tmp_path: Path) -> None:
    data = str(make_data(tmp_path / "data") / "test")
    os.utime(Path(data, "points.json"), (0, 0))
    first = data_identity([data], lambda: None)
    for damaged in ("[]", "{", '{"points.json": [[1], 2]}', '{"points.json": "x"}'):
        for kept in (tmp_path / "cache" / "evaluator_data").glob("*.json"):
            kept.write_text(damaged)
        assert data_identity([data], lambda: None) == first
