"""A corpus is prepared once, whole, and read alike by everyone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from labhand.trainer.data.corpus import Corpus, load_corpus, training_stream
from labhand.trainer.data.sources import SPLITS, DataError, split_of
from labhand.trainer.data.tokenizer import Tokenizer
from labhand.trainer.prepare import prepare_corpus

VOCABULARY = 300
WORDS = ["the", "of", "and", "naïve", "学習", "🧪", "laboratory", "1790", "reads,", "writes\nand\truns"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty documents of made-up text, characters of several bytes among it."""
    folder = tmp_path_factory.mktemp("texts")
    chance = random.Random(0)  # noqa: S311  no secret
    for number in range(60):
        text = f"{number} " + " ".join(chance.choices(WORDS, k=chance.randrange(50, 300)))
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def corpus(folder: Path, cache: Path) -> Corpus:
    return prepare_corpus(str(folder), VOCABULARY, cache)


def documents(corpus: Corpus, stream: np.ndarray) -> set[bytes]:
    """The documents of a stream, as raw tokens."""
    return {part.tobytes() for part in np.split(stream, np.flatnonzero(stream == corpus.bos))}


def names(folder: Path, split: str) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if split_of(file.name) == split)


def test_every_document_is_in_one_split_whole(folder: Path, corpus: Corpus) -> None:
    tokenizer = Tokenizer.load(corpus.folder / "tokenizer.tiktoken")
    for name in SPLITS:
        split = corpus.split(name)
        read = [tokenizer.decode(part) for part in np.split(split.tokens, split.offsets[1:-1])]
        assert read == [(folder / file).read_text(encoding="utf-8") for file in names(folder, name)]
        assert read


def test_bytes_of_tokens_sum_to_the_size_of_the_files(folder: Path, corpus: Corpus) -> None:
    for name in SPLITS:
        size = sum((folder / file).stat().st_size for file in names(folder, name))
        assert corpus.token_bytes[corpus.split(name).tokens].sum() == size


def test_offsets_say_where_documents_begin(corpus: Corpus) -> None:
    for name in SPLITS:
        split = corpus.split(name)
        assert split.offsets.tolist() == [*np.flatnonzero(split.tokens == corpus.bos), len(split.tokens)]
        assert split.tokens.dtype == np.uint16
        assert split.offsets.dtype == np.int64


def test_each_split_lies_in_a_folder_of_its_own(corpus: Corpus) -> None:
    for name in SPLITS:
        assert {file.name for file in corpus.split_folder(name).iterdir()} == {"tokens.bin", "offsets.npy"}


def test_a_second_preparation_finds_the_first(folder: Path, cache: Path, corpus: Corpus) -> None:
    said: list[str] = []
    again = prepare_corpus(str(folder), VOCABULARY, cache, said.append)
    assert (again.folder, again.fingerprint, said) == (corpus.folder, corpus.fingerprint, [])
    assert load_corpus(str(folder), VOCABULARY, cache).fingerprint == corpus.fingerprint


def test_the_fingerprint_is_the_same_on_another_machine(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    assert prepare_corpus(str(folder), VOCABULARY, tmp_path).fingerprint == corpus.fingerprint


def test_the_fingerprint_follows_the_text_and_the_vocabulary(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    for file in folder.iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    before = prepare_corpus(str(changed), VOCABULARY, tmp_path).fingerprint
    (changed / names(folder, "test")[0]).write_text("other words")
    after = prepare_corpus(str(changed), VOCABULARY, tmp_path).fingerprint
    larger = prepare_corpus(str(changed), VOCABULARY + 20, tmp_path).fingerprint
    assert len({corpus.fingerprint, before, after, larger}) == 4


def test_the_tokenizer_learns_from_the_training_text_alone(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    for file in folder.iterdir():
        text = file.read_bytes() if split_of(file.name) == "train" else b"quite another text " * 50
        (tmp_path / file.name).write_bytes(text)
    other = prepare_corpus(str(tmp_path), VOCABULARY, tmp_path / "cache")
    assert (other.folder / "tokenizer.tiktoken").read_bytes() == (corpus.folder / "tokenizer.tiktoken").read_bytes()


def test_what_is_not_prepared_is_told_with_the_command(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="labhand prepare"):
        load_corpus(str(folder), VOCABULARY, tmp_path)


def test_a_folder_that_was_left_half_written_is_not_taken(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    half = tmp_path / "corpora" / corpus.fingerprint
    (half / "train").mkdir(parents=True)
    (half / "train" / "tokens.bin").write_bytes(b"\0\0")
    with pytest.raises(DataError, match="not prepared"):
        load_corpus(str(folder), VOCABULARY, tmp_path)
    whole = prepare_corpus(str(folder), VOCABULARY, tmp_path)
    assert whole.folder == half
    assert len(whole.split("train").tokens) == len(corpus.split("train").tokens)


def test_a_preparation_that_was_killed_is_done_over(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(folder), str(VOCABULARY), str(tmp_path)], check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(DataError, match="not prepared"):
        load_corpus(str(folder), VOCABULARY, tmp_path)
    assert prepare_corpus(str(folder), VOCABULARY, tmp_path).fingerprint == corpus.fingerprint


KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from labhand.trainer.prepare import prepare_corpus

def say(line):
    if line.startswith("validation"):
        os.kill(os.getpid(), signal.SIGKILL)

prepare_corpus(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), say)
"""


def test_two_preparations_at_once_leave_one_corpus(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "labhand.trainer.prepare", "--corpus", str(folder), "--vocabulary", str(VOCABULARY)]
    environment = os.environ | {"LABHAND_CACHE": str(tmp_path)}
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert [folder.name for folder in (tmp_path / "corpora").iterdir()] == [corpus.fingerprint]
    assert all(corpus.fingerprint in output.splitlines()[-1] for output in printed)
    assert sum("Training the tokenizer" in output for output in printed) == 1


def test_too_few_documents_are_refused(tmp_path: Path) -> None:
    (tmp_path / "only.txt").write_text("a document by itself " * 50)
    with pytest.raises(DataError, match="Add documents"):
        prepare_corpus(str(tmp_path), VOCABULARY, tmp_path / "cache")


@pytest.mark.parametrize("vocabulary", [0, 256, 2**16 + 1])
def test_a_vocabulary_that_uint16_or_bytes_rule_out_is_refused(folder: Path, vocabulary: int, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"not {vocabulary}"):
        prepare_corpus(str(folder), vocabulary, tmp_path)


def test_a_seed_decides_what_is_read_and_in_which_order(corpus: Corpus) -> None:
    first, again, other = (training_stream(corpus, seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert documents(corpus, first) != documents(corpus, other)


def test_a_stream_is_nine_tenths_of_the_training_documents_each_whole(corpus: Corpus) -> None:
    train = corpus.split("train").tokens
    stream = training_stream(corpus, 3)
    assert documents(corpus, stream) < documents(corpus, train)
    assert stream[0] == corpus.bos
    assert 0.8 * len(train) < len(stream) < len(train)


def test_a_limited_stream_is_the_beginning_of_the_whole_one(corpus: Corpus) -> None:
    assert training_stream(corpus, 3, limit_tokens=1000).tolist() == training_stream(corpus, 3)[:1000].tolist()
    assert training_stream(corpus, 3, limit_tokens=10**9).tolist() == training_stream(corpus, 3).tolist()
