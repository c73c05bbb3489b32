"""One rule for the name of a kind of GPU, from the name that NVIDIA's driver gives.

The name keeps what changes speed: model, form factor, memory where a model comes with several sizes, MIG profile, and whether
it is a laptop's. Results are compared only between equal names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MAKER = re.compile(r"\b(NVIDIA|GeForce|Tesla|Quadro|Generation|Workstation Edition|Design|with)\b", re.I)
_MIG = re.compile(r"\bMIG (\d+(?:c\.\d+)?g\.\d+gb(?:\+[\w.]+)?)", re.I)
_MEMORY = re.compile(r"\b(\d+)\s?GB?\b", re.I)
_FORM = re.compile(r"\b(SXM\d?|PCIe|NVL\d*)\b", re.I)
_HBM = re.compile(r"\bHBM\d\w*\b", re.I)
_VARIANTS: Final = {
    "Laptop": re.compile(r"\bLaptop(?: GPU)?\b|\bMobile\b", re.I),
    "MaxQ": re.compile(r"\bMax-Q\b", re.I),
    "Server": re.compile(r"\bServer Edition\b", re.I),
}
"""Words of a kind's name, and how the driver says the same. A variant has other clocks and power limits than its model."""

_COUNT = re.compile(r"^\d+x")
"""Before the kind, where a slot is a group of GPUs: `4xH100-SXM`."""
_SIZES: Final = {
    **dict.fromkeys(("A100-SXM", "A100-PCIe"), (40, 80)),
    **dict.fromkeys(("V100-SXM", "V100-PCIe"), (16, 32)),
    "P100-PCIe": (12, 16),
    "GH200": (96, 144),
    "GTX1060": (3, 6),
    "RTX3050": (6, 8),
    "RTX3060": (8, 12),
    "RTX3080": (10, 12),
    "RTX4060Ti": (8, 16),
    "RTX4080": (12, 16),
    "RTX5060Ti": (8, 16),
}
"""Gigabytes in which a model comes under one name: the nearest one to what is measured is added where the name says none."""
_MEANINGLESS_SIZES: Final = {("H100", 80), ("H800", 80), ("GH200", 120), ("GH200", 240), ("GH200", 480)}
"""Sizes in a name that tell nothing apart: the only one of that model, or the memory of the processor beside it."""


def gpu_kind(name: str, memory_mib: float | None = None) -> str:
    """The kind of a GPU, such as `H100-SXM`, `A100-PCIe-40GB`, `RTX4090-Laptop` or `H100-MIG-1g.10gb`.

    Args:
        name: As `nvidia-smi --query-gpu=name` prints it, with ` MIG 1g.10gb` behind it for a MIG slice.
        memory_mib: As `nvidia-smi --query-gpu=memory.total` prints it; None where it isn't known.
    """
    if mig := _MIG.search(name):
        return f"{gpu_kind(name[: mig.start()]).partition('-')[0]}-MIG-{mig[1].lower()}"
    model = _model(name)
    variants = [word for word, pattern in _VARIANTS.items() if pattern.search(name)]
    kind = "-".join(part for part in (model, _form(name, model), *variants) if part)
    size = _size(name, model, kind, memory_mib)
    return f"{kind}-{size}GB" if size else kind


def _model(name: str) -> str:
    """A name without maker, memory, form factor and variant, as one word: `RTX4090`, `RTX6000Ada`, `QuadroRTX6000`."""
    text = name
    for pattern in (*_VARIANTS.values(), _MEMORY, _HBM, _FORM, _MAKER):
        text = pattern.sub(" ", text)
    model = re.sub(r"[^\w.+]+", "", text)
    return f"Quadro{model}" if model.startswith("RTX") and "quadro" in name.lower() else model or "unknown"


def _form(name: str, model: str) -> str:
    """`SXM`, `PCIe` or `NVL`; empty where the model has one form only.

    The driver calls an H100 by its form factor only where it isn't SXM: `NVIDIA H100 80GB HBM3` is SXM. HBM2e is PCIe's memory.
    """
    words = " ".join(_FORM.findall(name)).upper()
    for form in ("SXM", "NVL", "PCIe"):
        if form.upper() in words:
            return form
    if model in {"H100", "H800"} and (memory := _HBM.search(name)):
        return "PCIe" if memory[0].upper() == "HBM2E" else "SXM"
    return ""


def _size(name: str, model: str, kind: str, memory_mib: float | None) -> int | None:
    """Gigabytes, where they tell kinds of one model apart."""
    if (stated := _MEMORY.search(name)) and (model, int(stated[1])) not in _MEANINGLESS_SIZES:
        return int(stated[1])
    if memory_mib is None or kind not in _SIZES:
        return None
    return min(_SIZES[kind], key=lambda size: abs(size - memory_mib / 1024))


def matching_kinds(asked: str, kinds: Iterable[str]) -> list[str]:
    """The kinds that a name allows: the kind of exactly that name, or else all that have its parts.

    `H100` allows `H100-SXM`, `H100-PCIe` and a group of them, `4xH100-SXM`;
    `H100-PCIe` doesn't allow `H100-SXM`, nor `RTX4090` a `RTX4090-Laptop` beside it.

    Args:
        asked: As a person or an agent writes it, in any case.
        kinds: As `gpu_kind` names them, or as a pool's settings do.
    """
    choices = list(kinds)
    exact = [kind for kind in choices if kind.lower() == asked.lower()]
    return exact or [kind for kind in choices if _allows(asked, kind)]


def _allows(asked: str, kind: str) -> bool:
    model, *parts = asked.lower().split("-")
    own_model, *own_parts = kind.lower().split("-")
    if not _COUNT.match(model):
        own_model = _COUNT.sub("", own_model)
    return model == own_model and set(parts) <= set(own_parts)
