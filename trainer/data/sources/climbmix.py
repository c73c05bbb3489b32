"""ClimbMix, 400 billion tokens of web text, shuffled into parquet shards on the Hugging Face hub: the full-size corpus.

Needs the extra `labhand[climbmix]`. Every shard has the same mixture, so whole shards make the splits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import file_digest
from importlib import import_module
from pathlib import Path
from types import ModuleType

from . import DataError, SplitName

REPOSITORY = "karpathy/climbmix-400b-shuffle"
VALIDATION_SHARD = 6542
TEST_SHARD = 6541


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

    def fetch(self, downloads: Path) -> None:
        """Download the shards that are missing; a partial download is resumed."""
        if not 1 <= self.training_shards <= TEST_SHARD:
            raise DataError(f"climbmix has 1 to {TEST_SHARD} training shards, not {self.training_shards}.")
        hub = _import("huggingface_hub")
        shards = [shard for split in ("train", "validation", "test") for shard in self._shards(split)]
        for info in hub.HfApi().get_paths_info(REPOSITORY, [_file(shard) for shard in shards], repo_type="dataset"):
            path = self._folder(downloads) / info.path
            if path.is_file() and path.stat().st_size == info.size and _checksum(path) == info.lfs.sha256:
                continue
            path.unlink(missing_ok=True)
            hub.hf_hub_download(REPOSITORY, info.path, repo_type="dataset", local_dir=self._folder(downloads))
            if path.stat().st_size != info.size or _checksum(path) != info.lfs.sha256:
                path.unlink()
                raise DataError(f"{info.path} differs from what {REPOSITORY} lists, and the copy was refused. Prepare again.")

    def documents(self, downloads: Path, split: SplitName) -> Iterator[str]:
        """The documents of a split's shards, a row group in memory at a time."""
        for shard in self._shards(split):
            yield from _read_texts(self._folder(downloads) / _file(shard))

    def _shards(self, split: SplitName) -> range:
        first, count = {"train": (0, self.training_shards), "validation": (VALIDATION_SHARD, 1), "test": (TEST_SHARD, 1)}[split]
        return range(first, first + count)

    def _folder(self, downloads: Path) -> Path:
        return downloads / "climbmix"


def _read_texts(path: Path) -> Iterator[str]:
    """The column `text` of a parquet file, a row group in memory at a time."""
    parquet = _import("pyarrow.parquet")
    with parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group, columns=["text"]).column("text").to_pylist()


def _import(module: str) -> ModuleType:
    """A library that only this corpus needs; together they take 170 MB."""
    try:
        return import_module(module)
    except ImportError as error:
        raise DataError(f"The corpus climbmix needs {module}. Install it with `pip install 'labhand[climbmix]'`.") from error


def _file(shard: int) -> str:
    return f"shard_{shard:05d}.parquet"


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
