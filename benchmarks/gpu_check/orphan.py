"""A part of the check: a process that outlives its run and holds memory is seen, said, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from labhand.trainer.contract import nvidia
from labhand.trainer.contract.leftovers import kill_leftovers, leftover_processes

from .bench import Bench
from .report import Figure, Findings, PartFailedError
from .runs import TICK

HELD_MIB = {"cpu": 64, "cuda": 1024}
SLACK_MIB = 256.0
"""By how much the memory in use may differ before and after, for what the driver keeps."""
PATIENCE = 60.0
BESIDE_SECONDS = 20.0
"""Of a run beside the orphan: the driver is queried at a quarter and at three quarters of it, and CUDA starts slowly."""
HOLD = """
import sys, time
mib = int(sys.argv[1])
if sys.argv[2] == "cuda":
    import torch
    held = torch.ones(mib << 20, dtype=torch.uint8, device="cuda")
    torch.cuda.synchronize()
else:
    held = bytearray(b"1") * (mib << 20)
print("holding", flush=True)
time.sleep(600)
"""
LEAVE = f"""
import subprocess, sys, time
hold = {HOLD!r}
subprocess.Popen([sys.executable, "-c", hold, "MIB", "DEVICE"], start_new_session=True)
time.sleep(600)
"""
"""An experiment that starts a process in a session of its own, out of the reach of signals to its group."""
BESIDE = f"""
import time
ends = time.time() + {0.85 * BESIDE_SECONDS}
import torch
held = torch.ones(1 << 20, device="cuda")
torch.cuda.synchronize()
time.sleep(max(0, ends - time.time()))
print("score: 1")
"""


def orphan(bench: Bench) -> Findings:
    """First a runner is killed; then a process that nobody ended stays beside another run."""
    before = used_mib(bench)
    left, gone_seconds = _after_a_killed_runner(bench, before)
    figures: dict[str, Figure] = {"left_by_a_killed_runner": left, "seconds_until_all_is_free": gone_seconds}
    folder = bench.new_folder()
    (folder / "work").mkdir(parents=True)
    holder = _hold(bench, folder)
    try:
        figures["held_mib"] = HELD_MIB[bench.torch_device]
        if holder.pid not in list(leftover_processes(folder)):
            raise PartFailedError("A process that is left in a run folder isn't found", figures)
        why = (
            "on the CPU: no memory of a GPU to look at"
            if bench.on_cpu
            else _seen_by_the_driver(bench, holder.pid, before, figures)
        )
        kill_leftovers(folder)
        _until(lambda: holder.poll() is not None, "The process that was left behind doesn't end", figures)
    finally:
        holder.kill()
        holder.wait()
    _until(lambda: _is_free(bench, before), "The memory of the process that was left behind isn't free again", figures)
    return Findings(figures, why=why)


def used_mib(bench: Bench) -> float | None:
    """Memory of the GPU that is in use; None on a CPU, and where the driver doesn't tell."""
    if bench.on_cpu:
        return None
    rows = nvidia.query("gpu=memory.used", str(bench.slot.indices[0]))
    return float(rows[0][0]) if rows and rows[0][0].isdecimal() else None


def _is_free(bench: Bench, before: float | None) -> bool:
    now = used_mib(bench)
    return before is None or now is None or now <= before + SLACK_MIB


def _after_a_killed_runner(bench: Bench, before: float | None) -> tuple[int, float]:
    """Kill a runner whose experiment has left a process; returns how many it left, and the seconds until all is free."""
    script = LEAVE.replace("MIB", str(HELD_MIB[bench.torch_device])).replace("DEVICE", bench.torch_device)
    run = bench.script_run(script, PATIENCE)
    run.start()
    try:
        _until(lambda: "holding" in _log(run.folder.log), "The experiment never held its memory")
        pid = run.folder.claimant()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
    finally:
        run.end()
    left = len(list(leftover_processes(run.folder.path)))
    _until(lambda: not kill_leftovers(run.folder.path), "What a killed runner left behind doesn't end")
    _until(lambda: _is_free(bench, before), "The memory of a killed runner's experiment isn't free again")
    return left, time.monotonic() - began


def _log(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


def _hold(bench: Bench, folder: Path) -> subprocess.Popen[bytes]:
    """A process as an experiment leaves it: it works in the run folder, with the seed of a run."""
    environment = bench.child_environment() | {"LABHAND_SEED": "7"}
    command = [sys.executable, "-c", HOLD, str(HELD_MIB[bench.torch_device]), bench.torch_device]
    with (folder / "log.txt").open("wb") as log:
        holder = subprocess.Popen(command, cwd=folder / "work", env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _until(lambda: holder.poll() is not None or "holding" in _log(folder / "log.txt"), "The process never held its memory")
    except PartFailedError:
        holder.kill()
        holder.wait()
        raise
    if holder.poll() is not None:
        raise PartFailedError(f"The process that has to hold memory ended: {_log(folder / 'log.txt')[-300:]}")
    return holder


def _seen_by_the_driver(bench: Bench, pid: int, before: float | None, figures: dict[str, Figure]) -> str:
    """Look for the process in what the driver says, and run something beside it; returns what can't be told here."""
    now = used_mib(bench)
    if before is not None and now is not None:
        figures["memory_in_use_rose_by_mib"] = now - before
        if now - before < HELD_MIB["cuda"] / 2:
            raise PartFailedError("The driver doesn't count the memory that the process holds", figures)
    index = str(bench.slot.indices[0])
    is_listed = any(row[0] == str(pid) for row in nvidia.query("compute-apps=pid,used_memory", index))
    result = bench.script_run(BESIDE, BESIDE_SECONDS).run()
    figures["flags_of_a_run_beside_it"] = list(result.flags)
    if not is_listed:
        return "the driver doesn't list the process (as in a container), so a run beside it can't be flagged"
    if "shared_gpu" not in result.flags:
        raise PartFailedError("A run beside the process isn't flagged shared_gpu", figures)
    return ""


def _until(holds: Callable[[], bool], otherwise: str, figures: dict[str, Figure] | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise PartFailedError(f"{otherwise} within {PATIENCE:g} s", figures)
        time.sleep(TICK)
