"""Fetch, split and tokenise a corpus, once per machine: `python -m labhand.trainer.prepare --corpus sotu --vocabulary 1024`.

The corpus is built in a folder of its own and renamed into place when it is complete; a lock keeps two preparations apart. So a
preparation may be killed at any moment, and the next one starts over or finds everything done.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .contract.files import cache_folder, locked
from .data.corpus import Corpus, find_corpus, load_corpus, recipe
from .data.encoding import cores, encode_parts, processes_for
from .data.progress import MB, Progress, Say
from .data.sources import SPLITS, DataError, Part, Source, find_source
from .data.tokenizer import MAX_VOCABULARY, MIN_VOCABULARY, Tokenizer

DEFAULT_CORPUS = "sotu"
DEFAULT_VOCABULARY = 1024
TOKENIZER_CHARACTERS = 200_000_000
"""The tokenizer learns from this many characters at the beginning of the training text."""


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
    began = time.monotonic()
    source.fetch(root / "downloads", say)
    fetched = time.monotonic()
    building = root / "building"
    shutil.rmtree(building, ignore_errors=True)
    place = root / "corpora" / _build(source, root / "downloads", wanted, building, say)
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)
    say(f"Fetched in {fetched - began:.0f} s, tokenised in {time.monotonic() - fetched:.0f} s")


def _build(source: Source, downloads: Path, wanted: dict[str, Any], folder: Path, say: Say) -> str:
    """Write a prepared corpus into a new folder, and return its fingerprint."""
    folder.mkdir()
    merges = folder / "tokenizer.tiktoken"
    parts = {split: source.parts(downloads, split) for split in SPLITS}
    learnt_from = min(TOKENIZER_CHARACTERS, sum(part.size for part in parts["train"]))
    say(f"Training the tokenizer on {learnt_from / MB:,.0f} MB")
    tokenizer = Tokenizer.train(_first(_documents(parts["train"]), TOKENIZER_CHARACTERS), wanted["vocabulary"])
    tokenizer.save(merges)
    np.save(folder / "token_bytes.npy", tokenizer.token_bytes())
    digest = sha256(json.dumps(wanted, sort_keys=True).encode() + merges.read_bytes())
    splits: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        counts = splits[split] = _write_split(split, parts[split], folder, digest.update, say)
        if not counts["documents"]:
            raise DataError(f"No document of {source.name} falls into the {split} split. Add documents.")
        say(f"{split}: {counts['documents']:,} documents, {counts['bytes']:,} bytes, {counts['tokens']:,} tokens")
    fingerprint = f"{source.name}-{wanted['vocabulary']}-{digest.hexdigest()[:12]}"
    meta = {"recipe": wanted, "fingerprint": fingerprint, "vocabulary_size": tokenizer.vocabulary_size, "splits": splits}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
    return fingerprint


def _write_split(split: str, parts: Sequence[Part], folder: Path, digest: Callable[[bytes], None], say: Say) -> dict[str, int]:
    """Tokenise a split, some parts of it in memory at a time, and return its counts."""
    (folder / split).mkdir()
    processes = processes_for(parts, cores())
    if processes > 1:
        say(f"Tokenising {split} in {processes} processes")
    progress = Progress(f"Tokenised {split}:", sum(part.size for part in parts), say)
    lengths, size = [np.zeros(1, np.int64)], 0
    with (folder / split / "tokens.bin").open("wb") as file:
        for encoded in encode_parts(parts, folder / "tokenizer.tiktoken", processes):
            content = encoded.tokens.tobytes()
            digest(content)
            file.write(content)
            lengths.append(encoded.lengths)
            size += encoded.text_bytes
            progress.add(encoded.part_size)
    offsets = np.cumsum(np.concatenate(lengths))
    np.save(folder / split / "offsets.npy", offsets)
    return {"documents": len(offsets) - 1, "bytes": size, "tokens": int(offsets[-1])}


def _documents(parts: Iterable[Part]) -> Iterator[str]:
    """The texts of parts, one part after another."""
    for part in parts:
        yield from part.documents()


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
