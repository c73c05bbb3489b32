"""Tokenises a split: in this process if it is small, else in a process for each core.

The tokens come in the order of the documents, whoever computes them: the fingerprint of a corpus doesn't depend on it.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .sources import DataError, Part
from .tokenizer import Tokenizer

BYTES_FOR_A_PROCESS = 16_000_000
"""Of text, that are worth the start of another process: that costs about as much as to tokenise a few MB."""
BATCH_DOCUMENTS = 256
AHEAD = 2
"""Parts for each process that may be on their way: so memory is bounded, and no process waits."""


@dataclass(frozen=True, slots=True)
class EncodedPart:
    """Documents as tokens.

    Attributes:
        tokens: uint16, the documents one after another, each beginning with BOS.
        lengths: int64 [documents], in tokens.
        text_bytes: Of their text.
        part_size: What the part said of its size.
    """

    tokens: NDArray[np.uint16]
    lengths: NDArray[np.int64]
    text_bytes: int
    part_size: int


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def processes_for(parts: Sequence[Part], most: int) -> int:
    """How many processes are worth their start; 1 for this one alone."""
    return max(1, min(most, len(parts), sum(part.size for part in parts) // BYTES_FOR_A_PROCESS))


def encode_parts(parts: Sequence[Part], tokenizer: Path, processes: int) -> Iterator[EncodedPart]:
    """Tokenise parts of a split.

    Args:
        parts: In the order in which they come back.
        tokenizer: File of the merges.
        processes: 1 to start none.

    Raises:
        DataError: A process was ended from outside.
    """
    if processes == 1:
        loaded = Tokenizer.load(tokenizer)
        for part in parts:
            yield _encode(part, loaded, cores())
        return
    # Not forked: the libraries have started threads, and a lock that one of them holds would stay locked in the child.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start, (tokenizer,)) as pool:
        try:
            yield from _in_order(pool, parts, AHEAD * processes)
        except BrokenProcessPool as error:
            raise DataError(
                f"One of {processes} processes that tokenise was ended from outside, as it happens where memory runs out. "
                "Prepare again; `taskset --cpu-list 0-3 labhand prepare` starts four."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, parts: Sequence[Part], ahead: int) -> Iterator[EncodedPart]:
    rest = iter(parts)
    running: deque[Future[EncodedPart]] = deque(pool.submit(_encode_there, part) for part in islice(rest, ahead))
    while running:
        done = running.popleft().result()
        running.extend(pool.submit(_encode_there, part) for part in islice(rest, 1))
        yield done


_tokenizer: Tokenizer | None = None
"""Of a process of the pool."""


def _start(tokenizer: Path) -> None:
    """Begin as a process of the pool: load the tokenizer, and end when the process that prepares has ended in any way."""
    global _tokenizer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _tokenizer = Tokenizer.load(tokenizer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _encode_there(part: Part) -> EncodedPart:
    if _tokenizer is None:
        raise RuntimeError("the process has no tokenizer: it wasn't started by _start")
    return _encode(part, _tokenizer, 1)


def _encode(part: Part, tokenizer: Tokenizer, threads: int) -> EncodedPart:
    texts = part.documents()
    documents, text_bytes = list[NDArray[np.uint16]](), 0
    while batch := list(islice(texts, BATCH_DOCUMENTS)):
        text_bytes += sum(len(text.encode()) for text in batch)
        documents.extend(tokenizer.encode(batch, threads))
    tokens = np.concatenate(documents) if documents else np.empty(0, np.uint16)
    return EncodedPart(tokens, np.array([len(document) for document in documents], np.int64), text_bytes, part.size)
