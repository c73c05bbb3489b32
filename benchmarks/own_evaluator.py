"""What an evaluator of a person's own costs a run beside the script itself: `python benchmarks/own_evaluator.py [--count 10]`.

Two trainers of the same command run in turn through the real runner: one prints its metric, the other leaves a file that a
script scores. The script measures its own time, from its start to its last line. What is left of the difference is the cost of
the sandbox, the artifacts, the digests and the start of the script's Python.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

PATIENCE = 120.0
PRINTS = 'name = "t"\neditable = ["train.py"]\ncommand = ["python", "train.py"]\n[metric]\nname = "error"\n'
SELF_REPORTED = PRINTS + 'source = "output"\n'
SCORED = PRINTS + '[evaluator]\ncommand = ["python", "evaluate.py"]\nartifacts = ["model.bin"]\nread = ["{data}"]\n'
TRAIN = 'open("model.bin", "wb").write(bytes({mib} << 20))\nprint("error: 1")\n'
EVALUATE = """
import time
began = time.perf_counter()
time.sleep({seconds})
print(f"own_seconds: {{time.perf_counter() - began:.6f}}")
print("error: 1")
"""


def run(place: Path, name: str, files: dict[str, str], *, twice: bool = False) -> dict[str, Any]:
    """The result of a run with these files, and its wall seconds as `wall`."""
    folder = place / "runs" / name
    (folder / "source").mkdir(parents=True)
    for file, content in files.items():
        (folder / "source" / file).write_text(content, "utf-8")
    spec: dict[str, Any] = {"run": name, "experiment": name, "seed": 7, "budget_seconds": 10.0, "clock": "cpu", "device": "cpu"}
    (folder / "spec.json").write_text(json.dumps(spec | {"evaluate_twice": twice}), "utf-8")
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-P", "-m", "labhand.trainer.runner", str(folder)],
        check=True,
        timeout=PATIENCE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"LABHAND_CACHE": str(place / "cache")},
    )
    wall = time.perf_counter() - began
    result: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    if result["score"] is None:
        sys.exit(f"{name} gave no score: {result['failure']}")
    return result | {"wall": wall}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="What an evaluator of one's own costs a run")
    parser.add_argument("--count", type=int, default=10, help="pairs of runs")
    parser.add_argument("--mib", type=int, default=10, help="size of the artifact")
    parser.add_argument("--files", type=int, default=1000, help="files of the evaluator's data")
    parser.add_argument("--seconds", type=float, default=0.5, help="that the script takes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "data").mkdir()
        for number in range(given.files):
            (place / "data" / f"{number}.bin").write_bytes(number.to_bytes(4) * 4096)
        train = {"train.py": TRAIN.format(mib=given.mib)}
        plain = train | {"trainer.toml": SELF_REPORTED}
        scored = train | {
            "trainer.toml": SCORED.format(data=place / "data"),
            "evaluate.py": EVALUATE.format(seconds=given.seconds),
        }
        first = run(place, "first", scored)
        costs: list[float] = []
        evaluations: list[float] = []
        for pair in range(given.count):
            alone = run(place, f"plain-{pair}", plain)
            measured = run(place, f"scored-{pair}", scored)
            own = measured["measures"]["own_seconds"]
            costs.append(measured["wall"] - alone["wall"] - own)
            evaluations.append(measured["seconds"]["evaluation"] - own)
    print(f"{given.count} pairs, an artifact of {given.mib} MiB, {given.files} files of data, a script of {given.seconds} s")
    print(f"whole run, beyond the script's own time: median {median(costs):.2f} s, most {max(costs):.2f} s")
    print(f"evaluation, beyond the script's own time: median {median(evaluations):.2f} s, most {max(evaluations):.2f} s")
    print(f"first run on a machine, which scores twice: evaluation {first['seconds']['evaluation']:.2f} s in all")


if __name__ == "__main__":
    main()
