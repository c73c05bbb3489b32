"""What NVIDIA's driver tells of GPUs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

SECONDS = 20.0
"""How long it may take to answer."""


def ask(query: str, gpu: str | None) -> Sequence[Sequence[str]]:
    """The rows that `nvidia-smi --query-QUERY` gives; none where it can't tell.

    Args:
        query: Such as `gpu=name,driver_version`.
        gpu: As `CUDA_VISIBLE_DEVICES` names it; None for all.
    """
    command = ["nvidia-smi", f"--query-{query}", "--format=csv,noheader,nounits"]
    command += [f"--id={gpu.split(',')[0]}"] if gpu else []
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [[cell.strip() for cell in line.split(",")] for line in answer.splitlines() if line.strip()]
