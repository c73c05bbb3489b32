"""The yardsticks of speed: what a product of matrices reaches here, and how much the model computes for a token.

`python -m benchmarks.gpu_check.speed_probe RUN_FOLDER DEVICE` prints both as a JSON object.
"""

from __future__ import annotations

import argparse
import json
import runpy
import time
from pathlib import Path

import torch
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

SECONDS = 1.5
SIDE = {"cpu": 1024, "cuda": 8192}
"""Of the matrices."""


def matmul_flops(device: str) -> float:
    """FLOP/s of the product of two large matrices: in bfloat16 on a GPU; in float32, by CPU time, on a CPU."""
    now = time.process_time if device == "cpu" else time.perf_counter
    side = SIDE[device]
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    best = 0.0
    deadline = time.perf_counter() + SECONDS
    for warm in range(10_000):
        _wait(device)
        began = now()
        for _ in range(4):
            torch.mm(left, right)
        _wait(device)
        if warm:
            best = max(best, 4 * 2 * side**3 / (now() - began))
        if time.perf_counter() > deadline and best:
            break
    return best


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def flops_a_token(run: RunFolder) -> float:
    """FLOPs of a training step for a token: the forward pass, and twice that for the backward pass.

    Attention counts in full, as is usual for MFU, although half of it is masked. Rows are as long as the evaluator's.
    """
    script = runpy.run_path(str(run.source / "train.py"), run_name="train")
    model = script["build_model"](json.loads(run.config.read_text("utf-8")))
    data = read_trainer(run.source).data
    assert data is not None
    tokens = torch.zeros(1, data.context, dtype=torch.long)
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        model(tokens)
    return 3 * counter.get_total_flops() / data.context


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_check.speed_probe", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("device", choices=("cpu", "cuda"))
    given = parser.parse_args()
    print(json.dumps({"matmul_flops": matmul_flops(given.device), "flops_a_token": flops_a_token(RunFolder(given.run))}))


if __name__ == "__main__":
    main()
