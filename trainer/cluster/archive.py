"""What happens to a run that is over: its leftover processes end, its results are copied to the storage and then reported."""

from __future__ import annotations

import base64
import os
import shutil
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path

from ..contract.files import copy_whole
from ..contract.leftovers import kill_leftovers
from ..contract.run_folder import ARTIFACTS, EVALUATION, KEPT, SOURCE, TEMPORARY, WORK
from .checkpoint_store import CheckpointStore
from .hosted_run import HostedRun

LOG_BYTES = 2**16
"""Of the end of a run's log, reported with its result."""
LEFTOVER_SECONDS = 10.0
DROPPED = (WORK, TEMPORARY, SOURCE, EVALUATION)
_DONE = "kept"
"""A file that marks a run as archived, so that a later host only reports it again."""


class Archiver:
    """Archives runs one after another, in a thread beside the loop that starts them.

    Args:
        thread: Does the work.
        storage: Where results are kept; None if only the lab keeps a copy, and weights are dropped.
        checkpoints: Where the last checkpoint of each experiment lies.
    """

    def __init__(self, thread: Executor, storage: Path | None, checkpoints: CheckpointStore) -> None:
        self._thread = thread
        self._storage = storage
        self._checkpoints = checkpoints
        self._saving: Future[bool] | None = None
        self._pending: list[tuple[HostedRun, Future[None]]] = []

    @property
    def is_busy(self) -> bool:
        """Whether a run is still to be reported."""
        return bool(self._pending)

    def save(self, run: HostedRun) -> None:
        """Archive a run that is over."""
        self._pending.append((run, self._thread.submit(self._archive, run)))

    def save_checkpoints(self, runs: Sequence[HostedRun]) -> None:
        """Save a checkpoint that one of these runs has written, unless another is being saved."""
        if self._saving is not None and not self._saving.done():
            return
        due = next((run for run in runs if self._checkpoints.is_due(run.folder)), None)
        self._saving = None if due is None else self._thread.submit(self._checkpoints.save, due.folder)

    def restore_checkpoint(self, run: HostedRun) -> None:
        """Give a run that hasn't begun what an earlier run of its experiment has left."""
        self._checkpoints.restore(run.folder)

    def report_done(self) -> None:
        """Report the runs that are archived."""
        done = [pending for pending in self._pending if pending[1].done()]
        for run, future in done:
            self._pending.remove((run, future))
            _report(run, future.exception())

    def _archive(self, run: HostedRun) -> None:
        folder = run.folder.path
        if (folder / _DONE).exists():
            return
        end_leftovers(folder)
        if run.folder.result_json() is None:
            self._checkpoints.save(run.folder)
        else:
            self._checkpoints.forget(run.folder)
            if self._storage is None:
                run.folder.model.unlink(missing_ok=True)
                shutil.rmtree(run.folder.artifacts, ignore_errors=True)
            else:
                _copy(folder, self._storage / folder.name)
            (folder / _DONE).touch()
        for name in DROPPED:
            shutil.rmtree(folder / name, ignore_errors=True)


def _report(run: HostedRun, trouble: BaseException | None) -> None:
    result = run.folder.result_json()
    if trouble is not None:
        run.tell(trouble=f"its results could not be archived: {trouble}")
    run.report_rest()
    run.tell(log=_packed(run.folder.log))
    if sealed := run.folder.sealed_json():
        run.tell(sealed=sealed)
    if result is None:
        run.tell(lost="its runner was killed")
    else:
        run.tell(result=result)


def _packed(log: Path) -> str:
    """The end of a log, encoded so that none of its lines looks like an event."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_BYTES))
        return base64.b64encode(zlib.compress(file.read())).decode("ascii")
    return ""


def _copy(folder: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        if (folder / name).exists():
            copy_whole(folder / name, place / name)
    if (folder / ARTIFACTS).is_dir():
        shutil.copytree(folder / ARTIFACTS, place / ARTIFACTS, dirs_exist_ok=True)


def end_leftovers(folder: Path) -> None:
    """Kill the processes that a run has left behind, until none is left or `LEFTOVER_SECONDS` have passed."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while kill_leftovers(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
