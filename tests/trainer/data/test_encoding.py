"""Tokens are the same however many processes compute them, and are those that earlier versions computed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import anyio
import pytest
from labhand.trainer.data import encoding
from labhand.trainer.data.encoding import encode_parts, processes_for
from labhand.trainer.data.sources import DataError, Part, grouped
from labhand.trainer.data.sources.folder import FilesPart, Folder
from labhand.trainer.data.tokenizer import Tokenizer
from labhand.trainer.prepare import prepare_corpus

from ...waiting import until
from ..corpus import prepare_small_corpus

BEFORE = {
    "test/offsets.npy": "c106bee7009ce4d9",
    "test/tokens.bin": "af5b0ac24cfbf406",
    "token_bytes.npy": "023fd9cfb30c1c35",
    "tokenizer.tiktoken": "049223b31db1f184",
    "train/offsets.npy": "ca51687430e1e14c",
    "train/tokens.bin": "71c9ec957d6658c4",
    "validation/offsets.npy": "e8a8acb824c97cf3",
    "validation/tokens.bin": "90d0a90db1f5ae0f",
}
"""Beginnings of the sha256 of what labhand 0.2 prepared from the same text."""


def contents(folder: Path) -> dict[str, str]:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: sha256(content).hexdigest()[:16] for name, content in sorted(files.items()) if name != "meta.json"}


def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a few KB of text for a large corpus."""
    monkeypatch.setattr("labhand.trainer.data.sources.PART_BYTES", 10_000)
    monkeypatch.setattr(encoding, "BYTES_FOR_A_PROCESS", 20_000)
    monkeypatch.setattr("labhand.trainer.prepare.cores", lambda: 2)


def test_the_files_of_a_corpus_are_those_of_before(tmp_path: Path) -> None:
    prepare_small_corpus(tmp_path / "texts", tmp_path / "cache")
    (corpus,) = (tmp_path / "cache" / "corpora").iterdir()
    assert contents(corpus) == BEFORE


@pytest.mark.slow
def test_several_processes_make_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_pieces(monkeypatch)
    lines: list[str] = []
    prepare_small_corpus(tmp_path / "texts", tmp_path / "first")
    corpus = prepare_corpus(str(tmp_path / "texts"), 300, tmp_path / "second", lines.append)
    assert "Tokenising train in 2 processes" in lines
    assert contents(corpus.folder) == BEFORE


def test_small_corpora_start_no_process() -> None:
    def parts(size: int) -> list[Part]:
        return [FilesPart((), 4_000_000)] * (size // 4_000_000)

    assert [processes_for(parts(size), 16) for size in (0, 12_000_000, 40_000_000, 10**9)] == [1, 1, 2, 16]


def test_items_are_joined_in_their_order_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labhand.trainer.data.sources.PART_BYTES", 10)
    sizes = [("a", 3), ("b", 12), ("c", 9), ("d", 1), ("e", 2)]
    assert list(grouped(sizes)) == [(["a", "b"], 15), (["c", "d"], 10), (["e"], 2)]


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_preparation_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    tokenizer = Tokenizer.train(["a text of some words"] * 9, 260)
    tokenizer.save(tmp_path / "merges")
    with pytest.raises(DataError, match="ended from outside, as it happens where memory runs out"):
        list(encode_parts([Deadly()] * 4, tmp_path / "merges", 2))


class Deadly:
    """A part whose reader is killed, as the kernel does it where memory runs out."""

    size = 1

    def documents(self) -> Iterator[str]:
        os.kill(os.getpid(), signal.SIGKILL)
        return iter(())


@pytest.mark.slow
def test_processes_end_with_the_one_that_prepares(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for number in range(40):
        (tmp_path / "texts" / f"{number}.txt").write_text(f"{number} words of a text " * 20_000)
    Tokenizer.train(["words of a text"] * 9, 260).save(tmp_path / "merges")
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    process = subprocess.Popen([sys.executable, script, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    children = [int(pid) for pid in process.stdout.readline().split()]
    process.kill()
    process.wait()
    process.stdout.close()
    assert len(children) == 2
    anyio.run(until, lambda: not any(is_running(pid) for pid in children))


KILLED = """
import multiprocessing, sys, time
from pathlib import Path
from labhand.trainer.data.encoding import encode_parts
from labhand.trainer.data.sources.folder import Folder

if __name__ == "__main__":
    place = Path(sys.argv[1])
    parts = Folder(place / "texts").parts(place, "train")
    encoded = encode_parts(parts, place / "merges", 2)
    next(encoded)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(600)
"""


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_parts_have_the_documents_of_the_split_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (tmp_path / f"{number:02d}.txt").write_text(f"text {number} " * 50)
    whole = [text for part in Folder(tmp_path).parts(tmp_path, "train") for text in part.documents()]
    monkeypatch.setattr("labhand.trainer.data.sources.PART_BYTES", 1000)
    parts = Folder(tmp_path).parts(tmp_path, "train")
    assert len(parts) > 5
    assert [text for part in parts for text in part.documents()] == whole
    assert sum(part.size for part in parts) == sum(len(text) for text in whole)


def test_a_part_without_text_has_no_tokens(tmp_path: Path) -> None:
    Tokenizer.train(["words of a text"] * 9, 260).save(tmp_path / "merges")
    (encoded,) = encode_parts([FilesPart((), 0)], tmp_path / "merges", 1)
    assert (encoded.tokens.dtype.name, len(encoded.tokens), len(encoded.lengths)) == ("uint16", 0, 0)
