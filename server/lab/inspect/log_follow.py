"""Following an experiment's log: what is there, then every line as it is written, until the experiment has ended."""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import anyio
from anyio import to_thread

from ...domain import PENDING, Experiment, Run
from ...errors import NotFoundError
from ...settings import RUNS
from ...store.running.runs import runs_of
from ..lab import Lab
from ..references import find_experiment
from ..sanitize import clean
from .logs import ENDED_RUN, LOG, find_run, read_log

POLL_SECONDS = 0.25
"""Interval at which the log is read."""
BLOCK = 1 << 20
"""Bytes that are read at once."""
PARTIAL_SECONDS = 2.0
"""After this time an unfinished line is shown, as of a progress bar that overwrites itself."""


@dataclass(frozen=True, slots=True)
class FollowedText:
    """A line of a log, or a line about the log.

    Attributes:
        text: Without terminal escapes.
        is_note: Whether labhand says it, rather than the experiment.
    """

    text: str
    is_note: bool = False


async def follow_log(
    lab: Lab, name: str, tail_lines: int = 20, search: str | None = None
) -> AsyncGenerator[FollowedText, None]:
    """Yield the end of an experiment's log, then its further lines, with those of later runs if a run was lost.

    Args:
        lab: The lab.
        name: An experiment; or a run, `e0042-1`, which alone is followed then.
        tail_lines: How many lines that exist already are shown.
        search: Only lines that contain this text, in upper or lower case.

    Raises:
        BadInputError: `name` is not an id.
        NotFoundError: There is no such experiment or run, or it has ended without a log.
    """
    only_run = re.fullmatch(r"e\d+-\d{1,3}", name.strip().lower()) is not None
    experiment = await find_experiment(lab, name.strip().lower().partition("-")[0] if only_run else name)
    needle = (search or "").casefold()
    last = 0
    while True:
        run = await find_run(lab, name) if only_run else await _next_run(lab, experiment, last)
        if run is None:
            yield FollowedText(f"{experiment.id} is {experiment.status}: its log begins when it starts", is_note=True)
            run = await _wait_for_run(lab, experiment, last)
        if run is None:
            break
        async for text in _follow_run(lab, run, tail_lines if not last else 0, search):
            if text.is_note or needle in text.text.casefold():
                yield text
        last = run.attempt
        experiment = await find_experiment(lab, experiment.id)
        if only_run or experiment.status not in PENDING:
            break
    yield FollowedText(_outcome(await find_experiment(lab, experiment.id)), is_note=True)


async def _next_run(lab: Lab, experiment: Experiment, after: int) -> Run | None:
    """Return the newest run after an attempt; None if there is none yet."""
    runs = await runs_of(lab.db, experiment.number)
    return runs[-1] if runs and runs[-1].attempt > after else None


async def _wait_for_run(lab: Lab, experiment: Experiment, after: int) -> Run | None:
    """Wait for the next run; None if the experiment ended without one.

    Raises:
        NotFoundError: It has never run.
    """
    while (run := await _next_run(lab, experiment, after)) is None:
        experiment = await find_experiment(lab, experiment.id)
        if experiment.status not in PENDING:
            if not after:
                await find_run(lab, experiment.id)
            return None
        await anyio.sleep(POLL_SECONDS)
    return run


async def _follow_run(lab: Lab, run: Run, tail_lines: int, search: str | None) -> AsyncGenerator[FollowedText, None]:
    """Yield the lines of one run until it is over and everything is read."""
    tail = _LogTail(lab.folder / RUNS / run.id / LOG)
    if tail_lines:
        for text in await _existing_lines(lab, run, tail, tail_lines, search):
            yield text
    else:
        yield FollowedText(f"{run.id} on {run.pool}", is_note=True)
    is_over = False
    while not is_over:
        is_over = (await find_run(lab, run.id)).status in ENDED_RUN  # before reading: what was written until then is read
        for line in await to_thread.run_sync(tail.read):
            yield FollowedText(line)
        is_over = is_over and not tail.has_more
        await anyio.sleep(0 if is_over or tail.has_more else POLL_SECONDS)
    for line in tail.rest():
        yield FollowedText(line)
    if not tail.was_seen:
        await read_log(lab, run.id)  # which says why there is no log


async def _existing_lines(lab: Lab, run: Run, tail: _LogTail, count: int, search: str | None) -> list[FollowedText]:
    """Return the last lines of a run's log, and have `tail` go on behind them."""
    end = await to_thread.run_sync(tail.skip_to_end)
    try:
        log = await read_log(lab, run.id, count, search, end)
    except NotFoundError:  # not yet
        return [FollowedText(f"{run.id} on {run.pool}", is_note=True)]
    return [FollowedText(log.about, is_note=True), *(FollowedText(line) for line in log.lines)]


def _outcome(experiment: Experiment) -> str:
    score = "" if experiment.score is None else f": score {experiment.score:.6g}"
    failure = "" if experiment.failed is None else f": {experiment.failed.kind}, {clean(experiment.failed.message)}"
    return f"{experiment.id} {experiment.status}{score}{failure}"


class _LogTail:
    """Reads what is appended to a file. A file that is replaced or cut is read from its beginning.

    Attributes:
        was_seen: Whether there was a file.
        has_more: Whether the last call of `read` left something unread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0
        self._inode: int = 0
        self._partial = b""
        self._partial_since = time.monotonic()
        self.was_seen = False
        self.has_more = False

    def skip_to_end(self) -> int:
        """Leave out the complete lines that the file has now. Returns the byte at which they end."""
        with suppress(OSError), self._open() as file:
            status = os.fstat(file.fileno())
            start = max(0, status.st_size - BLOCK)
            file.seek(start)
            self._inode = status.st_ino
            self._place = start + file.read(BLOCK).rfind(b"\n") + 1
            self.was_seen = True
        return self._place

    def read(self) -> list[str]:
        """Return the lines that were added since the last call, at most a block of them."""
        self.has_more = False
        try:
            with self._open() as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._place:
                    self._place, self._partial = 0, b""
                self._inode, self.was_seen = status.st_ino, True
                file.seek(self._place)
                added = file.read(BLOCK)
        except OSError:  # not there yet, or not any more
            return []
        self._place += len(added)
        self.has_more = len(added) == BLOCK
        *lines, self._partial = (self._partial + added).split(b"\n")
        if len(self._partial) > BLOCK:  # whoever prints without an end of line must not fill this process's memory
            lines, self._partial = [*lines, self._partial], b""
        now = time.monotonic()
        if lines or not self._partial:
            self._partial_since = now
        elif now - self._partial_since > PARTIAL_SECONDS:
            lines = self._overwritten()
            self._partial_since = now
        return [text for line in lines if line.strip() and (text := _text(line)).strip()]

    def rest(self) -> list[str]:
        """Return the last line if it has no end."""
        return [text] if (text := _text(self._partial)).strip() else []

    def _overwritten(self) -> list[bytes]:
        """Take what a progress bar has shown last off the unfinished line."""
        shown, _, self._partial = self._partial.rpartition(b"\r")
        return [shown] if shown else []

    def _open(self) -> BinaryIO:
        """Open the file unless it is a link, which could make this process read a file for another user."""
        return os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _text(line: bytes) -> str:
    return clean(line.decode("utf-8", "replace"))
