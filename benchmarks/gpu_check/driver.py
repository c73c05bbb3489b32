"""A part of the check: a broken driver is named in plain words, and nothing is trained on the CPU instead.

A script takes the place of `nvidia-smi`, so this part is the same on every machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from .bench import Bench
from .report import Figure, Findings, PartFailedError

NO_DRIVER = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is"
    " installed and running."
)
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch"
HANG_SECONDS = 1.5
"""What the check waits for the script that hangs, in the place of `nvidia.SECONDS`."""
CASES = {
    "no driver": (f"print({NO_DRIVER!r}); sys.exit(9)", "couldn't communicate with the NVIDIA driver"),
    "library mismatch": (f"print({MISMATCH!r}); sys.exit(18)", "Driver/library version mismatch"),
    "no devices": ("print('No devices were found'); sys.exit(6)", "No devices were found"),
    "lost GPU": ("print('0, ERR!, [N/A], [N/A]')", "ERR!"),
    "no answer": ("time.sleep(60)", f"didn't answer within {HANG_SECONDS:g} s"),
    "no list": ("pass", "lists no GPU"),
}
"""By name: what the script does, and the words that have to be in what labhand says."""
ASK = f"""
import json
from labhand.trainer.contract import nvidia
nvidia.SECONDS = {HANG_SECONDS}
from labhand.server.machine import devices
found = devices()
print(json.dumps({{"slots": len(found.indices), "problem": found.problem}}))
"""


def driver(bench: Bench) -> Findings:
    """Ask labhand what this machine has, with each of the broken drivers."""
    figures: dict[str, Figure] = {}
    wrong = list[str]()
    for name, (script, words) in CASES.items():
        slots, problem = _asked(bench, name, script)
        figures[name.replace(" ", "_")] = problem
        if words not in problem or "nvidia-smi" not in problem:
            wrong.append(f"{name}: {words!r} isn't in what labhand says, {problem!r}")
        if slots:
            wrong.append(f"{name}: labhand offers {slots} slots")
    if wrong:
        raise PartFailedError("; ".join(wrong), figures)
    return Findings({"cases": len(CASES), "such_as": figures["no_driver"]})


def _asked(bench: Bench, name: str, script: str) -> tuple[int, str]:
    folder = bench.place / f"driver-{name.replace(' ', '-')}"
    folder.mkdir()
    program = folder / "nvidia-smi"
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n", "utf-8")
    program.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', '')}"
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise PartFailedError(f"{name}: {done.stderr.strip().splitlines()[-1:]}")
    answer = json.loads(done.stdout)
    return int(answer["slots"]), str(answer["problem"])
