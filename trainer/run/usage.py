"""What a run used, as measured from outside; and whether what it says of itself agrees."""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Sequence

from ..contract import nvidia
from ..contract.failures import FailureKind
from ..sandbox.policy import LARGEST_FILE
from ..sandbox.processes import descendants, peak_memory
from .classify import RunFailedError
from .clock import Clock
from .run import Run

CLAIM_SECONDS, CLAIM_SHARE = 1.0, 0.1
"""By so much what an experiment says that it used may differ from what was measured."""
STARTUP_CPU_SECONDS, STARTUP_SHARE = 15.0, 0.75
"""A start-up is long when it takes so many CPU seconds more than the budget; by wall clock, such a share of what is allowed."""
MOST_FILES = 4
"""All that an experiment writes may be as large as so many of the largest files."""
GPU_LOOKS = (0.25, 0.75)
"""Shares of the budget at which the driver is asked: frameworks keep what they allocated, and asking isn't free."""
MIB = 2**20


class DiskWatch:
    """Looks now and then how much an experiment has written; a limit on single files can't see that."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._most = MOST_FILES * LARGEST_FILE[run.spec.device]
        self._next = 0.0

    def look(self) -> None:
        """See that it isn't too much.

        Raises:
            RunFailedError: It is.
        """
        began = time.monotonic()
        if began < self._next:
            return
        used = self._run.folder.used_bytes()
        self._next = began + max(1.0, 50 * (time.monotonic() - began))
        if used > self._most:
            message = f"The experiment wrote {used / 2**30:.1f} GiB; {self._most / 2**30:.0f} GiB are allowed"
            raise RunFailedError(FailureKind.CONTRACT_BROKEN, message, (), "Write less to the disk.")


class GpuWatch:
    """Asks the driver a few times, while an experiment trains, what memory it takes and whether someone else is on its GPU."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._left = list(GPU_LOOKS) if run.spec.device == "cuda" else []

    def look(self, share: float) -> None:
        """Look if it is time.

        Args:
            share: Of the budget that is used.
        """
        if self._left and share >= self._left[0]:
            self._left = [later for later in self._left if later > share]
            self._note(nvidia.query("compute-apps=pid,used_memory", self._run.spec.gpu))

    def _note(self, processes: Sequence[Sequence[str]]) -> None:
        ours = {str(pid) for pid in descendants(os.getpid())}
        known = [row for row in processes if row[0] in ours]
        if known:
            self._keep([row[1] for row in known])
            if len(known) < len(processes) and "shared_gpu" not in self._run.result.flags:
                self._run.result.flags.append("shared_gpu")
        else:  # within a container the driver may know processes by other numbers
            self._keep([row[0] for row in nvidia.query("gpu=memory.used", self._run.spec.gpu)])

    def _keep(self, mebibytes: Sequence[str]) -> None:
        held = MIB * sum(int(figure) for figure in mebibytes if figure.isdecimal())
        if held:
            before = self._run.result.measures.get("peak_memory_bytes", 0)
            self._run.result.measures["peak_memory_bytes"] = max(before, held)


def record_memory(run: Run) -> None:
    """Keep the most that was held at once, as far as it can be seen: by those that live, or by one of those that are gone."""
    if run.spec.device == "cpu":
        gone = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        before = int(run.result.measures.get("peak_memory_bytes", 0))
        run.result.measures["peak_memory_bytes"] = max(before, gone, peak_memory(descendants(os.getpid())))


def note_claim(run: Run, seconds: object) -> None:
    """Keep what an experiment says that its training took, if that is a number."""
    if isinstance(seconds, int | float) and 0 <= seconds < math.inf:
        run.result.claimed["training_seconds"] = float(seconds)


def check_claim(run: Run) -> None:
    """Flag what an experiment says of its time when it differs from what was measured."""
    claimed, measured = run.result.claimed.get("training_seconds"), run.result.seconds.get("training")
    if claimed is None or measured is None:
        return
    around = 0.0
    if run.trainer.data is None:  # it may count without its start-up and evaluation, and by the wall
        measured = run.result.seconds["training_wall"]
        around = run.trainer.budget.startup_seconds + run.trainer.budget.evaluation_seconds
    slack = CLAIM_SECONDS + CLAIM_SHARE * measured
    if not measured - around - slack <= claimed <= measured + slack:
        run.result.flags.append("clock_mismatch")


def check_startup(run: Run, used: Clock) -> None:
    """Flag a start-up in which something else than building and compiling may have happened.

    Args:
        run: Says what is allowed.
        used: Has counted the start-up on the budget's clock.
    """
    if run.spec.clock == "cpu":
        is_long = used.used() > STARTUP_CPU_SECONDS + run.spec.budget_seconds
    else:
        is_long = used.used() > STARTUP_SHARE * run.trainer.budget.startup_seconds
    if is_long:
        run.result.flags.append("long_startup")
