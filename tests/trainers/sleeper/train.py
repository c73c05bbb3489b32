"""Trains, asleep, for as long as it is given; the score is best where X is 3."""

import json
import os
import random
import socket
import subprocess
import time
from pathlib import Path

X = 1.0
NOISE = 0.05  # standard deviation between seeds
SHARE = 1.0  # of the time that it is given
FAIL = False
AS_STEP = False  # sleep in a step of Slurm's that is named after the run, so that Slurm has it on record


def tell(what: str) -> None:
    """Let the witness know."""
    told = {"what": what, "at": time.time(), "folder": str(Path.cwd()), "gpu": os.environ.get("CUDA_VISIBLE_DEVICES")}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(json.dumps(told).encode(), ("127.0.0.1", 17137))


def hold(seconds: float) -> None:
    """Do nothing for so long."""
    if not AS_STEP:
        time.sleep(seconds)
        return
    run = Path.cwd().parent
    cluster = run.parents[1].name
    queue = subprocess.check_output(["squeue", "--noheader", "--states=RUNNING", "--format=%i %j"], text=True)
    job = next(number for number, name in map(str.split, queue.splitlines()) if name.rpartition("-")[0] == cluster)
    step = [f"--jobid={job}", f"--job-name={run.name}", "--overlap", "--ntasks=1", "--mem=0", "--gres=none"]
    subprocess.run(["srun", *step, "sleep", f"{seconds:g}"], stdin=subprocess.DEVNULL, check=True)


def main() -> None:
    loss = (X - 3) ** 2 + random.Random(os.environ["LABHAND_SEED"]).gauss(0, NOISE)
    print(f"step 1/2 loss: {2 * loss:.4f}", flush=True)
    tell("began")
    hold(float(os.environ["LABHAND_BUDGET_SECONDS"]) * SHARE)
    tell("ended")
    if FAIL:
        raise RuntimeError("told to fail")
    print(f"step 2/2 loss: {loss:.4f}")
    print("---")
    print(f"val_loss: {loss:.6f}")


if __name__ == "__main__":
    main()
