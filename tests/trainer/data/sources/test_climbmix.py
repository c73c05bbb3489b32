"""The full-size corpus comes from a server, over lines that break, and is prepared from its shards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.data.download import Downloader, part_of
from labhand.trainer.data.sources import SPLITS, DataError, climbmix, find_source
from labhand.trainer.data.sources.climbmix import ClimbMix
from labhand.trainer.data.tokenizer import Tokenizer
from labhand.trainer.prepare import prepare_corpus

from ..file_server import FileServer, serving

pyarrow: Any = pytest.importorskip("pyarrow", reason="an extra of 170 MB that only climbmix needs")
parquet: Any = pytest.importorskip("pyarrow.parquet")

NAMES = [f"shard_{number:05d}.parquet" for number in (0, 1, 6541, 6542)]


def shard(place: Path, name: str) -> bytes:
    """A shard of ten documents in row groups of three."""
    table = pyarrow.table({"other": [0] * 10, "text": [f"{name} document {number} naïve 🧪" for number in range(10)]})
    parquet.write_table(table, place / name, row_group_size=3)
    return (place / name).read_bytes()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The hub, with three training shards."""
    made = tmp_path / "made"
    made.mkdir()
    with serving(FileServer(files={name: shard(made, name) for name in [*NAMES, "shard_00002.parquet"]})) as server:
        monkeypatch.setenv(climbmix.HUB_VARIABLE, f"{server.url}/")
        monkeypatch.delenv(climbmix.TOKEN_VARIABLE, raising=False)
        yield server


def fetched(place: Path, shards: int = 2) -> list[str]:
    """Fetch, and return the lines that were said."""
    lines: list[str] = []
    ClimbMix(shards).fetch(place, lines.append)
    return lines


def test_shards_come_from_the_addresses_that_the_hub_has_for_them(hub: FileServer, tmp_path: Path) -> None:
    lines = fetched(tmp_path)
    paths = sorted({path for _, path, _ in hub.requests})
    repository = "datasets/karpathy/climbmix-400b-shuffle"
    assert paths == [f"/api/{repository}/paths-info/main", *(f"/{repository}/resolve/main/{name}" for name in NAMES)]
    assert {name: (tmp_path / "climbmix" / name).read_bytes() for name in NAMES} == {name: hub.files[name] for name in NAMES}
    assert lines[0].startswith("4 shards, ")


def test_only_missing_and_broken_shards_are_downloaded(hub: FileServer, tmp_path: Path) -> None:
    fetched(tmp_path)
    (tmp_path / "climbmix" / NAMES[1]).write_bytes(b"x" * len(hub.files[NAMES[1]]))
    hub.requests.clear()
    fetched(tmp_path)
    assert [name for name in NAMES if hub.downloads(name)] == [NAMES[1]]
    hub.requests.clear()
    fetched(tmp_path, shards=3)
    assert [path.rsplit("/", 1)[-1] for method, path, _ in hub.requests if method == "GET"] == ["shard_00002.parquet"]


def test_a_line_that_breaks_costs_only_what_was_on_its_way(hub: FileServer, tmp_path: Path) -> None:
    hub.drop_after = 400
    fetched(tmp_path)
    assert hub.downloads(NAMES[0])[:3] == [None, "bytes=400-", "bytes=800-"]
    assert (tmp_path / "climbmix" / NAMES[0]).read_bytes() == hub.files[NAMES[0]]


def test_a_shard_that_is_not_what_the_hub_lists_is_refused_with_what_to_do(hub: FileServer, tmp_path: Path) -> None:
    hub.wrong[NAMES[3]] = b"x" * len(hub.files[NAMES[3]]), 10
    with pytest.raises(DataError, match=r"shard_06542\.parquet .*what has arrived is kept.*a folder of \.txt files"):
        fetched(tmp_path)
    assert not (tmp_path / "climbmix" / NAMES[3]).exists()


def test_a_copied_folder_serves_without_internet(hub: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched(tmp_path)
    pauses: list[float] = []
    monkeypatch.setattr(climbmix, "Downloader", partial(Downloader, pause=pauses.append))
    monkeypatch.setenv(climbmix.HUB_VARIABLE, "http://127.0.0.1:1")
    assert "can't be reached" in fetched(tmp_path)[0]
    (tmp_path / "climbmix" / NAMES[0]).write_bytes(b"x" * len(hub.files[NAMES[0]]))
    part_of(tmp_path / "climbmix" / NAMES[0]).write_bytes(b"x")
    with pytest.raises(DataError, match=r"shard_00000\.parquet can't be downloaded"):
        ClimbMix(2).fetch(tmp_path, print)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_machine_without_internet_is_told_what_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(climbmix.HUB_VARIABLE, "http://127.0.0.1:1")
    with pytest.raises(DataError, match=r"doesn't list the shards.*Connection refused.*a folder of \.txt files as the corpus"):
        fetched(tmp_path)


def test_a_hub_that_lacks_a_shard_is_not_believed(hub: FileServer, tmp_path: Path) -> None:
    del hub.files[NAMES[2]]
    with pytest.raises(DataError, match=r"it lists no shard_06541\.parquet"):
        fetched(tmp_path)


def test_a_disk_that_is_too_small_is_told_before_the_download(
    hub: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(climbmix, "ROOM", 10**18)
    with pytest.raises(DataError, match="Free some space, set LABHAND_CACHE"):
        fetched(tmp_path)
    assert not any(map(hub.downloads, NAMES))


def test_splits_share_no_shard() -> None:
    with pytest.raises(DataError, match="1 to 6541"):
        ClimbMix(6542).fetch(Path(), print)


def test_without_its_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(DataError, match=r"pip install 'labhand\[climbmix\]'"):
        find_source("climbmix").fetch(tmp_path, print)


@pytest.mark.usefixtures("hub")
def test_a_corpus_is_prepared_from_the_shards(tmp_path: Path) -> None:
    corpus = prepare_corpus("climbmix:2", 300, tmp_path / "cache")
    tokenizer = Tokenizer.load(corpus.folder / "tokenizer.tiktoken")
    first = {name: tokenizer.decode(corpus.split(name).tokens[: corpus.split(name).offsets[1]]) for name in SPLITS}
    assert first == {
        "train": "shard_00000.parquet document 0 naïve 🧪",
        "validation": "shard_06542.parquet document 0 naïve 🧪",
        "test": "shard_06541.parquet document 0 naïve 🧪",
    }
    assert [len(corpus.split(name).offsets) - 1 for name in SPLITS] == [20, 10, 10]
