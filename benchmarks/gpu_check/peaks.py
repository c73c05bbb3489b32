"""What a GPU's matrix units can do, from its maker's data sheets."""

from __future__ import annotations

from typing import Final

PEAKS: Final = {
    "A10": 125e12,
    "A30": 165e12,
    "A40": 149.7e12,
    "A100-PCIe": 312e12,
    "A100-SXM": 312e12,
    "B200": 2250e12,
    "GB200": 2500e12,
    "GH200": 989.4e12,
    "H20": 148e12,
    "H100-NVL": 835.5e12,
    "H100-PCIe": 756.5e12,
    "H100-SXM": 989.4e12,
    "H200": 989.4e12,
    "H200-NVL": 835.5e12,
    "H800": 989.4e12,
    "L4": 121e12,
    "L40": 181e12,
    "L40S": 362e12,
    "RTX3090": 71e12,
    "RTX4090": 165.2e12,
    "RTX5090": 209.5e12,
    "RTX6000Ada": 364.2e12,
    "RTXA6000": 154.8e12,
}
"""FLOP/s of dense products in bfloat16 that are summed in float32, by `gpu_names.gpu_kind` without the size of its memory."""


def peak_flops(kind: str) -> float | None:
    """The peak of a kind of GPU in FLOP/s.

    Args:
        kind: As `gpu_names.gpu_kind` names it.

    Returns:
        None for a kind that isn't in the table. A laptop's GPU or a MIG slice has another peak than its model.
    """
    model, _, last = kind.rpartition("-")
    return PEAKS.get(kind) or (PEAKS.get(model) if last.endswith("GB") and last[:-2].isdecimal() else None)
