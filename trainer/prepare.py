"""Fetch, split and tokenise a corpus, once per machine: `python -m labhand.trainer.prepare --corpus sotu --vocabulary 1024`.

The corpus is built in a folder of its own and renamed into place when it is complete; a lock keeps two preparations apart. So a
preparation may be killed at any moment, and the next one starts over or finds everything done.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .contract.files import cache_folder, locked
from .data.corpus import Corpus, find_corpus, load_corpus, recipe
from .data.sources import SPLITS, DataError, Source, find_source
from .data.tokenizer import MAX_VOCABULARY, MIN_VOCABULARY, Tokenizer

DEFAULT_CORPUS = "sotu"
DEFAULT_VOCABULARY = 1024
TOKENIZER_CHARACTERS = 200_000_000
"""The tokenizer learns from this many characters at the beginning of the training text."""
BATCH_DOCUMENTS = 256

Say = Callable[[str], None]


def prepare_corpus(
    corpus: str = DEFAULT_CORPUS, vocabulary: int = DEFAULT_VOCABULARY, cache: Path | None = None, say: Say | None = None
) -> Corpus:
    """Prepare a corpus if necessary, and open it.

    Args:
        corpus: `sotu`, `climbmix`, `climbmix:SHARDS` or the path of a folder of `.txt` files.
        vocabulary: Number of token ids wanted, BOS among them; 257 to 65,536.
        cache: By default as `cache_folder` says.
        say: Called with a line for each step; None for silence.

    Raises:
        DataError: The corpus can't be fetched or can't be trained on.
    """
    if not MIN_VOCABULARY <= vocabulary <= MAX_VOCABULARY:
        raise DataError(f"A vocabulary has {MIN_VOCABULARY} to {MAX_VOCABULARY} tokens, not {vocabulary}.")
    say = say or (lambda _: None)
    wanted = recipe(corpus, vocabulary)
    if find_corpus(wanted, cache) is None:
        root = cache or cache_folder()
        for folder in ("downloads", "corpora"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        with locked(root / "prepare.lock", _announce_once(say)):
            if find_corpus(wanted, cache) is None:  # another preparation may have done it meanwhile
                _prepare(find_source(corpus), wanted, root, say)
    return load_corpus(corpus, vocabulary, cache)


def _prepare(source: Source, wanted: dict[str, Any], root: Path, say: Say) -> None:
    """Fetch a corpus, build it beside the others, and move it among them when it is complete."""
    say(f"Fetching {source.identity}")
    source.fetch(root / "downloads")
    building = root / "building"
    shutil.rmtree(building, ignore_errors=True)
    place = root / "corpora" / _build(source, root / "downloads", wanted, building, say)
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)


def _build(source: Source, downloads: Path, wanted: dict[str, Any], folder: Path, say: Say) -> str:
    """Write a prepared corpus into a new folder, and return its fingerprint."""
    folder.mkdir()
    say("Training the tokenizer")
    tokenizer = Tokenizer.train(_first(source.documents(downloads, "train"), TOKENIZER_CHARACTERS), wanted["vocabulary"])
    tokenizer.save(folder / "tokenizer.tiktoken")
    np.save(folder / "token_bytes.npy", tokenizer.token_bytes())
    digest = sha256(json.dumps(wanted, sort_keys=True).encode() + (folder / "tokenizer.tiktoken").read_bytes())
    splits: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        counts = splits[split] = _write_split(tokenizer, source.documents(downloads, split), folder / split, digest.update)
        if not counts["documents"]:
            raise DataError(f"No document of {source.name} falls into the {split} split. Add documents.")
        say(f"{split}: {counts['documents']:,} documents, {counts['bytes']:,} bytes, {counts['tokens']:,} tokens")
    fingerprint = f"{source.name}-{wanted['vocabulary']}-{digest.hexdigest()[:12]}"
    meta = {"recipe": wanted, "fingerprint": fingerprint, "vocabulary_size": tokenizer.vocabulary_size, "splits": splits}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
    return fingerprint


def _write_split(tokenizer: Tokenizer, texts: Iterator[str], folder: Path, digest: Callable[[bytes], None]) -> dict[str, int]:
    """Tokenise a split, one batch of documents in memory at a time, and return its counts."""
    folder.mkdir()
    offsets, size = [0], 0
    with (folder / "tokens.bin").open("wb") as file:
        while batch := list(islice(texts, BATCH_DOCUMENTS)):
            size += sum(len(text.encode()) for text in batch)
            for tokens in tokenizer.encode(batch, threads=len(os.sched_getaffinity(0))):
                content = tokens.tobytes()
                digest(content)
                file.write(content)
                offsets.append(offsets[-1] + len(tokens))
    np.save(folder / "offsets.npy", np.array(offsets, dtype=np.int64))
    return {"documents": len(offsets) - 1, "bytes": size, "tokens": offsets[-1]}


def _first(texts: Iterable[str], characters: int) -> Iterator[str]:
    """The first texts, until they have this many characters."""
    for text in texts:
        yield text
        characters -= len(text)
        if characters <= 0:
            return


def _announce_once(say: Say) -> Callable[[], None]:
    """A callback for waiting that says so the first time."""
    lines = iter(["Waiting for another preparation to finish"])

    def announce() -> None:
        for line in islice(lines, 1):
            say(line)

    return announce


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m labhand.trainer.prepare", description="Fetch, split and tokenise a corpus")
    parser.add_argument("--corpus", default=DEFAULT_CORPUS, help="sotu, climbmix, climbmix:SHARDS, or a folder of .txt files")
    parser.add_argument("--vocabulary", type=int, default=DEFAULT_VOCABULARY, help="number of token ids, BOS among them")
    given = parser.parse_args(arguments)
    try:
        corpus = prepare_corpus(given.corpus, given.vocabulary, say=_say)
    except DataError as error:
        sys.exit(str(error))
    _say(f"Ready: {corpus.folder}")


if __name__ == "__main__":
    main()
