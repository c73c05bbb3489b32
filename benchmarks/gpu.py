"""What an experiment costs on this machine's GPU beside its training: `python benchmarks/gpu.py [--seconds 20]`.

The built-in trainer runs through the real runner, alone; then by hand, outside of sandbox and clock; then two experiments one
behind the other as a pool with `overlap` runs them, the second one's start beside the first one's evaluation.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labhand.trainer import gpt
from labhand.trainer.prepare import prepare_corpus

USUAL = 300.0
"""Seconds of training in the built-in trainer's own budget."""
PATIENCE = 300.0
TICK = 0.02


def lay_out(place: Path, name: str, seconds: float) -> Path:
    """A run folder of the built-in trainer."""
    folder = place / name
    shutil.copytree(Path(gpt.__file__).parent, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    spec: Mapping[str, Any] = {
        **{"run": name, "experiment": name, "seed": 7, "budget_seconds": seconds, "clock": "wall", "device": "cuda"},
        **{"cores": [], "gpu": "0", "gate": str(place / "gate"), "sandbox_required": False},
    }
    (folder / "spec.json").write_text(json.dumps(spec), "utf-8")
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """A runner on a folder."""
    return subprocess.Popen([sys.executable, "-P", "-m", "labhand.trainer.runner", str(folder)], stdout=subprocess.DEVNULL)


def result_of(folder: Path, runner: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    """The result of a run that was started; ends the program when there is no score."""
    runner.wait(PATIENCE)
    result: Mapping[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    if result["score"] is None:
        sys.exit(f"{folder.name} gave no score: {result['failure']}")
    return result


def by_hand(place: Path, seconds: float) -> int:
    """Steps of the same script without a lab."""
    shutil.copytree(Path(gpt.__file__).parent, place / "hand")
    environment = os.environ | {"LABHAND_BUDGET_SECONDS": str(seconds), "LABHAND_SEED": "7"}
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=place / "hand", env=environment, capture_output=True, text=True, check=True
    )
    return max(int(step) for step in re.findall(r"step (\d+)", done.stdout))


def one_behind_the_other(place: Path, seconds: float) -> float:
    """Seconds from the end of one experiment's training to the first of the next one's."""
    first, second = lay_out(place, "e0002-1", seconds), lay_out(place, "e0003-1", seconds)
    runner = start(first)
    until_phase(first, "evaluating")
    ended, following = time.monotonic(), start(second)
    until_phase(second, "running")
    gap = time.monotonic() - ended
    result_of(first, runner)
    result_of(second, following)
    return gap


def until_phase(folder: Path, phase: str) -> None:
    """Wait until a run is so far."""
    deadline = time.monotonic() + PATIENCE
    while not (folder / "phase").exists() or (folder / "phase").read_text("ascii") != phase:
        if time.monotonic() > deadline or (folder / "result.json").exists():
            sys.exit(f"{folder.name} never came to {phase}: see {folder}")
        time.sleep(TICK)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of training in each run")
    seconds = parser.parse_args().seconds
    if shutil.which("nvidia-smi") is None:
        sys.exit("There is no NVIDIA GPU here, and nothing to measure")
    prepare_corpus()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        alone = lay_out(place, "e0001-1", seconds)
        result = result_of(alone, start(alone))
        took, measures = result["seconds"], result["measures"]
        print(f"{result['device']['kind']}, torch {result['device']['torch']}, sandbox {result['sandbox']}")
        print(f"start-up {took['startup']:.1f} s, evaluation {took['evaluation']:.1f} s, held {took['held']:.1f} s")
        print(f"training {took['training']:.2f} s of {seconds:g}: {measures['tokens'] / took['training']:,.0f} tokens a second")
        print(f"memory {measures['peak_memory_bytes'] / 2**30:.1f} GiB, flags {result['flags']}, score {result['score']:.4f}")
        print(f"steps in the lab over steps by hand: {measures['steps'] / by_hand(place, seconds):.3f}")
        gap = one_behind_the_other(place, seconds)
        overhead = took["held"] - took["training"]
        print(f"from one training to the next: {gap:.1f} s overlapped, {overhead:.1f} s one by one ({gap / overhead:.2f})")
        for name, beside in (("one by one", overhead), ("overlapped", gap)):
            print(f"useful share of a GPU at {USUAL:g} s, {name}: {USUAL / (USUAL + beside):.1%}")


if __name__ == "__main__":
    main()
