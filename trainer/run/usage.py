"""What a run used, as measured from outside, and whether its own claims agree."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping, Sequence

from ..contract import nvidia
from ..contract.failures import FailureKind
from ..contract.run_result import MAX_SECONDS
from ..sandbox.processes import peak_memory, untrusted_descendants
from .clock import Clock
from .failures.classify import RunFailedError
from .run import Run

CLAIM_SECONDS, CLAIM_SHARE = 1.0, 0.1
"""By how much an experiment's claim of its time may differ from what was measured: seconds, plus a share of it."""
STARTUP_CPU_SECONDS, STARTUP_SHARE = 15.0, 0.75
"""A start-up is long from this many CPU seconds above the budget on or, by wall clock, this share of what is allowed."""
MAX_FULL_FILES = 4
"""An experiment may write as many bytes in all as this many files of the largest size."""
GPU_LOOKS = (0.25, 0.75)
"""Shares of the budget at which the driver is queried: frameworks keep what they have allocated, and a query takes time."""
MIB = 2**20


class DiskWatch:
    """Checks now and then how much an experiment has written in all, which a limit on single files can't bound."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._max_bytes = MAX_FULL_FILES * run.confinement.file_bytes
        self._next = 0.0

    def look(self) -> None:
        """Check the total, if it is time.

        Raises:
            RunFailedError: It is too large.
        """
        began = time.monotonic()
        if began < self._next:
            return
        used = self._run.folder.used_bytes()
        self._next = began + max(1.0, 50 * (time.monotonic() - began))
        if used > self._max_bytes:
            message = f"The experiment wrote {used / 2**30:.1f} GiB; {self._max_bytes / 2**30:.0f} GiB are allowed"
            remedy = "Write less to the disk. A person can raise file_gib under [sandbox] in trainer.toml."
            raise RunFailedError(FailureKind.SANDBOX_REFUSED, message, (), remedy)


class GpuWatch:
    """Queries the driver a few times during training: how much memory is used, and whether another process is on the GPU."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._left = list(GPU_LOOKS) if run.spec.device == "cuda" else []

    def look(self, share: float) -> None:
        """Query the driver, if it is time.

        Args:
            share: Of the budget that is used so far.
        """
        if self._left and share >= self._left[0]:
            self._left = [later for later in self._left if later > share]
            self._note(nvidia.query("compute-apps=pid,used_memory", self._run.spec.gpu))

    def _note(self, processes: Sequence[Sequence[str]]) -> None:
        ours = {str(pid) for pid in untrusted_descendants()}
        own_rows = [row for row in processes if row[0] in ours]
        if own_rows:
            self._record([row[1] for row in own_rows])
            if len(own_rows) < len(processes) and "shared_gpu" not in self._run.result.flags:
                self._run.result.flags.append("shared_gpu")
        else:  # in a container the driver may number processes otherwise
            self._record([row[0] for row in nvidia.query("gpu=memory.used", self._run.spec.gpu)])

    def _record(self, mebibytes: Sequence[str]) -> None:
        held = MIB * sum(int(figure) for figure in mebibytes if figure.isdecimal())
        if held:
            before = self._run.result.measures.get("peak_memory_bytes", 0)
            self._run.result.measures["peak_memory_bytes"] = max(before, held)


def record_memory(run: Run) -> None:
    """Record the peak of memory as far as it can be seen: of all living processes, or of a single one that has ended."""
    if run.spec.device == "cpu":
        gone = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        before = int(run.result.measures.get("peak_memory_bytes", 0))
        run.result.measures["peak_memory_bytes"] = max(before, gone, peak_memory(untrusted_descendants()))


def note_summary(run: Run, measures: Mapping[str, float], claimed: Mapping[str, float]) -> None:
    """Record what an experiment printed of itself. It can't make its peak of memory smaller than what was measured."""
    peak = max(run.result.measures.get("peak_memory_bytes", 0), measures.get("peak_memory_bytes", 0))
    run.result.measures |= {**measures, **({"peak_memory_bytes": peak} if peak else {})}
    run.result.claimed |= claimed
    check_claim(run)


def note_claim(run: Run, seconds: object) -> None:
    """Record the training time that an experiment claims, if that is a number."""
    if isinstance(seconds, int | float) and 0 <= seconds <= MAX_SECONDS:
        run.result.claimed["training_seconds"] = float(seconds)


def check_claim(run: Run) -> None:
    """Flag a claimed training time that differs from the measured one."""
    claimed, measured = run.result.claimed.get("training_seconds"), run.result.seconds.get("training")
    if claimed is None or measured is None:
        return
    uncounted = 0.0
    if run.trainer.data is None:  # it may leave out start-up and evaluation, and count wall clock
        measured = run.result.seconds["training_wall"]
        uncounted = run.trainer.budget.startup_seconds + run.trainer.budget.evaluation_seconds
    slack = CLAIM_SECONDS + CLAIM_SHARE * measured
    if not measured - uncounted - slack <= claimed <= measured + slack:
        run.result.flags.append("clock_mismatch")


def check_startup(run: Run, used: Clock) -> None:
    """Flag a start-up so long that training may have been part of it.

    Args:
        run: Its trainer says what is allowed.
        used: The start-up on the budget's clock.
    """
    if run.spec.clock == "cpu":
        is_long = used.used() > STARTUP_CPU_SECONDS + run.spec.budget_seconds
    else:
        is_long = used.used() > STARTUP_SHARE * run.trainer.budget.startup_seconds
    if is_long:
        run.result.flags.append("long_startup")
