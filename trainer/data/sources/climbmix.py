"""ClimbMix, 400 billion tokens of web text, shuffled into parquet shards on the Hugging Face hub: the full-size corpus.

Needs the extra `labhand[climbmix]`. Every shard has the same mixture, so whole shards make the splits. The hub lists the size
and the sha256 of each shard. The list is kept beside the shards, so that a copy of the folder serves without internet.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import Request

from ...contract.files import write_whole
from ..download import Downloader, DownloadError, RemoteFile, bytes_there, open_url
from ..progress import MB, Progress, Say
from . import DataError, SplitName

REPOSITORY = "karpathy/climbmix-400b-shuffle"
VALIDATION_SHARD = 6542
TEST_SHARD = 6541
HUB_VARIABLE, HUB = "HF_ENDPOINT", "https://huggingface.co"
"""The variable names another server that answers as the hub does, such as a mirror."""
TOKEN_VARIABLE = "HF_TOKEN"  # noqa: S105  the name of a variable
LISTING = "listing.json"
MAX_LISTING_BYTES = 16 << 20
ROOM = 200 * MB
"""That has to be left on the disk when all shards are there."""


@dataclass(frozen=True, slots=True)
class RowGroupPart:
    """A `Part` that is one row group of a shard."""

    shard: Path
    group: int
    size: int

    def documents(self) -> Iterator[str]:
        """The column `text`."""
        with _parquet().ParquetFile(self.shard) as file:
            yield from file.read_row_group(self.group, columns=["text"]).column("text").to_pylist()


@dataclass(frozen=True, slots=True)
class ClimbMix:
    """The source `climbmix`.

    Attributes:
        training_shards: How many shards to train on, from the first.
    """

    training_shards: int = 8

    @property
    def name(self) -> str:
        """The source and how much of it."""
        return f"climbmix{self.training_shards}"

    @property
    def identity(self) -> str:
        """Repository and shards; each shard is checked against the hub when it is fetched."""
        return f"{REPOSITORY} train 0-{self.training_shards - 1} validation {VALIDATION_SHARD} test {TEST_SHARD}"

    def fetch(self, downloads: Path, say: Say) -> None:
        """Download the shards that are missing; a partial download is resumed."""
        if not 1 <= self.training_shards <= TEST_SHARD:
            raise DataError(f"climbmix has 1 to {TEST_SHARD} training shards, not {self.training_shards}.")
        _parquet()  # what can't be read needn't be downloaded
        folder = self._folder(downloads)
        folder.mkdir(exist_ok=True)
        names = [_file(shard) for split in ("train", "validation", "test") for shard in self._shards(split)]
        files = _list(names, folder, say)
        total, there = sum(file.size for file in files), sum(bytes_there(file, folder) for file in files)
        say(f"{len(files)} shards, {total / MB:,.0f} MB, of which {(total - there) / MB:,.0f} MB are to be downloaded")
        if total - there > 0 and (free := shutil.disk_usage(folder).free) < total - there + ROOM:
            raise DataError(
                f"{folder} has {free / MB:,.0f} MB free, and the shards that are missing need {(total - there) / MB:,.0f} MB. "
                f"Free some space, set LABHAND_CACHE to a folder on another disk, or ask for fewer shards."
            )
        try:
            Downloader(folder, Progress("Fetched", total, say, done=there), os.environ.get(TOKEN_VARIABLE)).fetch(files)
        except DownloadError as error:
            raise DataError(f"{error}. Prepare again: what has arrived is kept. {_WITHOUT_INTERNET}") from error

    def parts(self, downloads: Path, split: SplitName) -> list[RowGroupPart]:
        """The row groups of a split's shards."""
        return [part for shard in self._shards(split) for part in _row_groups(self._folder(downloads) / _file(shard))]

    def _shards(self, split: SplitName) -> range:
        first, count = {"train": (0, self.training_shards), "validation": (VALIDATION_SHARD, 1), "test": (TEST_SHARD, 1)}[split]
        return range(first, first + count)

    def _folder(self, downloads: Path) -> Path:
        return downloads / "climbmix"


_WITHOUT_INTERNET = (
    "Without internet, copy downloads/climbmix of a machine that has it into the same folder here, or name a folder of .txt "
    "files as the corpus in trainer.toml."
)


def _row_groups(path: Path) -> Iterator[RowGroupPart]:
    with _parquet().ParquetFile(path) as file:
        column = file.schema_arrow.names.index("text")
        for group in range(file.num_row_groups):
            yield RowGroupPart(path, group, file.metadata.row_group(group).column(column).total_uncompressed_size)


def _list(names: Sequence[str], folder: Path, say: Say) -> list[RemoteFile]:
    """Sizes and checksums of shards: from the hub, or as they were when it could be reached last."""
    kept = _kept(folder / LISTING)
    try:
        found = {**kept, **_ask(names)}
    except (OSError, HTTPException, DownloadError, ValueError, KeyError, TypeError, AttributeError) as error:
        if any(name not in kept for name in names):
            reason = f"{type(error).__name__}: {error}"
            raise DataError(f"{_hub()} doesn't list the shards of {REPOSITORY} ({reason}). {_WITHOUT_INTERNET}") from error
        say(f"{_hub()} can't be reached ({error}). Shards are checked against the list that it gave before.")
        found = kept
    listed = {name: {"size": file.size, "sha256": file.sha256} for name, file in sorted(found.items())}
    write_whole(folder / LISTING, json.dumps(listed, indent=1))
    return [found[name] for name in names]


def _kept(path: Path) -> dict[str, RemoteFile]:
    try:
        listed: Any = json.loads(path.read_bytes())
        return {name: _remote(name, file["size"], file["sha256"]) for name, file in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _ask(names: Sequence[str]) -> Mapping[str, RemoteFile]:
    """What the hub says of files: https://huggingface.co/docs/hub/api, `paths-info`."""
    request = Request(  # noqa: S310  open_url takes http and https alone
        f"{_hub()}/api/datasets/{REPOSITORY}/paths-info/main",
        json.dumps({"paths": list(names), "expand": False}).encode(),
        {"Content-Type": "application/json", "User-Agent": "labhand"},
    )
    if token := os.environ.get(TOKEN_VARIABLE):
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with open_url(request) as answer:
        listed: Any = json.loads(answer.read(MAX_LISTING_BYTES))
    found = {
        info["path"]: _remote(info["path"], info["lfs"]["size"], info["lfs"]["oid"].removeprefix("sha256:"))
        for info in listed
        if info["path"] in names
    }
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"it lists no {missing[0]}")
    return found


def _remote(name: str, size: int, sha256: str) -> RemoteFile:
    return RemoteFile(name, f"{_hub()}/datasets/{REPOSITORY}/resolve/main/{name}", int(size), str(sha256))


def _hub() -> str:
    return (os.environ.get(HUB_VARIABLE) or HUB).rstrip("/")


def _parquet() -> ModuleType:
    """A library of 170 MB that only this corpus needs."""
    try:
        return import_module("pyarrow.parquet")
    except ImportError as error:
        raise DataError("The corpus climbmix needs pyarrow. Install it with `pip install 'labhand[climbmix]'`.") from error


def _file(shard: int) -> str:
    return f"shard_{shard:05d}.parquet"
