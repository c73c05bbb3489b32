"""Parts of the check that run the built-in trainer through the real runner."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import cast

from labhand.trainer.contract.run_result import RunResult

from .bench import Bench
from .peaks import peak_flops
from .report import Figure, Findings, PartFailedError, Target, at_least, at_most
from .runs import PATIENCE, copy_gpt

USUAL = 300.0
"""Seconds of training in the built-in trainer's own budget on a GPU."""
MFU_KIND, MIN_MFU = "H100", 0.45
MAX_STARTUP, MAX_EVALUATION, MIN_USEFUL = 10.0, 5.0, 0.95
BLAMED = ("shared_gpu", "clock_mismatch")
"""Flags with which the figures of a run aren't those of this machine alone."""


def cuda_path(bench: Bench) -> Findings:
    """The device computes what the CPU computes."""
    found = bench.ask_child("cuda_path", [bench.torch_device])
    figures: dict[str, Figure] = {}
    wrong = list[str]()
    for name, pair in found.items():
        error, allowed = cast("tuple[float, float]", pair)
        figures[f"{name}_error"] = error
        if not error <= allowed:  # also one that isn't a number
            wrong.append(f"{name.replace('_', ' ')}: a relative error of {error:.3g}, {allowed:g} is allowed")
    if wrong:
        raise PartFailedError("; ".join(wrong), figures)
    return Findings(figures, why="on the CPU; nothing was compiled" if bench.on_cpu else "")


def startup(bench: Bench) -> Findings:
    """From the start of a run until it trains."""
    figures: dict[str, Figure] = {
        "cold_seconds": _seconds(bench.cold, "startup"),
        "warm_seconds": _seconds(bench.warm, "startup"),
    }
    targets = [] if bench.on_cpu else [at_most(figures, "warm_seconds", MAX_STARTUP)]
    return Findings(figures, targets, "on the CPU; nothing is compiled there" if bench.on_cpu else "")


def training(bench: Bench) -> Findings:
    """The speed of training."""
    result = bench.warm
    probed = bench.ask_child("speed_probe", [str(bench.warm_folder), bench.torch_device])
    seconds, tokens = _seconds(result, "training"), float(result.measures.get("tokens") or 0)
    if not tokens:
        raise PartFailedError("The run reported no tokens")
    reported = float(result.measures.get("flops") or 0)
    achieved = (reported or tokens * float(str(probed["flops_a_token"]))) / seconds
    matmul = float(str(probed["matmul_flops"]))
    figures: dict[str, Figure] = {
        "tokens_per_second": round(tokens / seconds),
        "steps": round(float(result.measures.get("steps") or 0)),
        "seconds": seconds,
        "budget_seconds": bench.seconds,
        "achieved_teraflops": achieved / 1e12,
        "matmul_teraflops": matmul / 1e12,
        "share_of_matmul": achieved / matmul,
        "flags": list(result.flags),
    }
    targets = list[Target]()
    if (peak := peak_flops(bench.devices.kind)) is not None:
        figures |= {"peak_teraflops": peak / 1e12, "mfu": achieved / peak}
        targets = [at_least(figures, "mfu", MIN_MFU)] if bench.devices.kind.startswith(MFU_KIND) else []
    blamed = [flag for flag in result.flags if flag.partition(":")[0] in BLAMED]
    if blamed:
        raise PartFailedError(
            f"The run is flagged {', '.join(blamed)}: another process used the GPU, or a clock is wrong", figures
        )
    return Findings(figures, targets, _no_mfu(bench))


def _no_mfu(bench: Bench) -> str:
    if bench.on_cpu:
        return "on the CPU, one thread, float32; MFU is of GPUs"
    return "" if peak_flops(bench.devices.kind) else f"no peak is known of {bench.devices.kind}, so there is no MFU"


def evaluation(bench: Bench) -> Findings:
    """How long scoring a run takes."""
    result = bench.warm
    scored = result.evaluator.tokens if result.evaluator else None
    figures: dict[str, Figure] = {
        "seconds": _seconds(result, "evaluation"),
        "tokens": scored or 0,
        "score": float(result.score or 0),
    }
    targets = [] if bench.on_cpu else [at_most(figures, "seconds", MAX_EVALUATION)]
    return Findings(figures, targets, "on the CPU" if bench.on_cpu else "")


def memory(bench: Bench) -> Findings:
    """The peak of memory in training."""
    peak = float(bench.warm.measures.get("peak_memory_bytes") or 0)
    if not peak:
        raise PartFailedError("The run's result has no peak of memory: the driver told neither processes nor memory in use")
    why = "on the CPU: the memory of the processes" if bench.on_cpu else ""
    return Findings({"peak_gib": peak / 2**30}, why=why)


def by_hand(bench: Bench) -> Findings:
    """Steps in a lab beside those of the same script without one."""
    folder = bench.place / "hand"
    shutil.rmtree(folder, ignore_errors=True)
    copy_gpt(folder, bench.corpus, bench.knobs)
    environment = bench.child_environment() | {"LABHAND_BUDGET_SECONDS": str(bench.seconds), "LABHAND_SEED": "7"}
    command = [sys.executable, "train.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    steps = [int(step) for step in re.findall(r"step (\d+)", done.stdout)]
    if done.returncode or not steps:
        said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise PartFailedError(f"train.py by hand ended with status {done.returncode} and said {said[0]:.300}")
    in_lab = float(bench.warm.measures.get("steps") or 0)
    why = "on the CPU" if bench.on_cpu else ""
    return Findings({"steps_in_the_lab": round(in_lab), "steps_by_hand": max(steps), "ratio": in_lab / max(steps)}, why=why)


def overlap(bench: Bench) -> Findings:
    """The next experiment starts beside the evaluation of the one before."""
    alone = bench.warm
    beside = _seconds(alone, "held") - _seconds(alone, "training_wall")
    gate = bench.place / "gate"
    first, second = bench.gpt_run(gate), bench.gpt_run(gate)
    try:
        first.start()
        ended = first.until_phase("evaluating")
        second.start()
        gap = second.until_phase("running") - ended
        was_alone = first.folder.result_file.exists()
        first.finish()
        second.finish()
    finally:
        first.end()
        second.end()
    figures: dict[str, Figure] = {
        "gap_seconds": gap,
        "one_by_one_seconds": beside,
        "useful_share_of_300_seconds": USUAL / (USUAL + gap),
        "useful_share_one_by_one": USUAL / (USUAL + beside),
    }
    if not was_alone:
        raise PartFailedError("The second experiment trained while the first one was still evaluated", figures)
    targets = [] if bench.on_cpu else [at_least(figures, "useful_share_of_300_seconds", MIN_USEFUL)]
    return Findings(figures, targets, "on the CPU; start and evaluation share one core" if bench.on_cpu else "")


def _seconds(result: RunResult, part: str) -> float:
    seconds = result.seconds.get(part)
    if seconds is None:
        raise PartFailedError(f"The result doesn't say how long {part} took")
    return float(seconds)
