"""What is measured once per machine: the device."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version

from ..contract import nvidia
from ..contract.run_result import MeasuredDevice
from ..contract.run_spec import RunSpec


def describe_device(spec: RunSpec) -> MeasuredDevice:
    """The device as measured; its kind is `unknown` where the driver doesn't tell."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    if spec.device == "cpu":
        return MeasuredDevice("cpu", torch)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") if spec.gpu is None else spec.gpu
    try:
        gpu = nvidia.gpus(visible)[0]
    except (IndexError, nvidia.DriverError):
        return MeasuredDevice("unknown", torch)
    return MeasuredDevice(gpu.kind, torch, gpu.driver)
