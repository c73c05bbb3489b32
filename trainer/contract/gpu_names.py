"""The one rule for a GPU's name: the kind keeps what changes speed, and drops what doesn't.

Memory, form factor, laptop variants and MIG profiles change how fast a GPU trains, so kinds that differ in one of them are
different kinds, and their scores are never compared: `A100-PCIe-40GB`, `A100-SXM-80GB`, `A100-SXM-40GB-MIG-1g.5gb`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

UNKNOWN = "unknown"
"""The kind of a GPU that no driver names."""
_DROPPED = frozenset({"nvidia", "tesla", "geforce", "gpu", "graphics", "device", "generation", "edition", "corporation"})
_STANDARD_GB = {
    ("H100", ""): 80,
    ("H100", "SXM"): 80,
    ("H100", "PCIe"): 80,
    ("H100", "NVL"): 94,
    ("H200", ""): 141,
    ("H200", "NVL"): 141,
}
"""The memory that a model has where its name doesn't say so. Only another amount is told in the kind."""
_AMBIGUOUS = frozenset(
    {"A100", "V100", "P100", "A2000", "RTX3060", "RTX3080", "RTX3050", "RTX4060Ti", "RTX5060Ti", "GTX1060", "H20"}
)
"""Models that are sold with more than one amount of memory and whose names don't always say which."""
_NOMINAL_GB = (2, 3, 4, 5, 6, 8, 10, 11, 12, 16, 20, 24, 32, 40, 48, 64, 80, 94, 96, 141, 144, 180, 192)
_MIG = re.compile(r"\bMIG[\s-]+(\d+(?:c\.\d+)?g\.\d+gb(?:\+\w+)*)", re.IGNORECASE)
_MEMORY = re.compile(r"^(\d+)\s?GB$", re.IGNORECASE)


def gpu_kind(name: str, memory_mib: float | None = None) -> str:
    """Returns the kind of a GPU from the full name that its driver reports.

    `H100-SXM` for `NVIDIA H100 80GB HBM3`, `RTX4090-Laptop` for `NVIDIA GeForce RTX 4090 Laptop GPU`.

    Args:
        name: As `nvidia-smi --query-gpu=name`, `nvidia-smi -L` or torch report it.
        memory_mib: Total memory in MiB. Used for models that are sold with several amounts and whose name doesn't say which.
    """
    mig = _MIG.search(name)
    words = _words(_MIG.sub(" ", name))
    model = words[0] if words else ""
    memory = next((int(found[1]) for word in words if (found := _MEMORY.match(word))), None)
    form = _form(words)
    if memory is None and memory_mib is not None and model in _AMBIGUOUS:
        memory = _nominal_gb(memory_mib)
    rest = [word for word in words[1:] if not _MEMORY.match(word) and _form([word]) == ""]
    if model == "H100" and not form and any(word.upper().startswith("HBM") for word in rest):
        form = "SXM"  # the name of the SXM module tells its memory instead of its form
    variants = [word for word in rest if not word.upper().startswith("HBM")]
    kind = [model, form, *variants]
    if memory is not None and memory != _STANDARD_GB.get((model, form)):
        kind.append(f"{memory}GB")
    if mig:
        kind.append(f"MIG-{mig[1].lower()}")
    return "-".join(part for part in kind if part) or UNKNOWN


def is_of_kind(asked: str, measured: str) -> bool:
    """Whether a measured kind is one that the asked name allows: `H100` allows `H100-SXM`, `H100-PCIe` allows no `H100-SXM`."""
    wanted, parts = (name.lower().split("-") for name in (asked, measured))
    return parts[0] == wanted[0] and set(wanted[1:]) <= set(parts[1:])


def matching_kinds(asked: str, kinds: Iterable[str]) -> list[str]:
    """Returns the kinds that the asked name allows; the kind of exactly that name alone where it is among them."""
    kinds = list(kinds)
    same = [kind for kind in kinds if kind.lower() == asked.lower()]
    return same or [kind for kind in kinds if is_of_kind(asked, kind)]


def _words(name: str) -> list[str]:
    """The words of a name, with the parts of a model's name joined: `RTX4070TiSUPER`, `Quadro-RTX6000`, `80GB`."""
    plain = re.sub(r"(\d+)\s+GB\b", r"\1GB", name.replace("/", " "))
    words = [word for word in re.split(r"[\s-]+(?!Q\b)", plain) if word and word.lower() not in _DROPPED]
    joined: list[str] = []
    for word in words:
        if joined and (joined[-1] in {"RTX", "GTX", "RTXPRO"} or word in {"Ti", "SUPER"}):
            joined[-1] += word
        else:
            joined.append(word)
    if len(joined) > 1 and joined[0] in {"Quadro", "TITAN"}:
        joined[:2] = [f"{joined[0]}-{joined[1]}"]
    return [word.replace("Max-Q", "MaxQ") for word in joined]


def _form(words: Iterable[str]) -> str:
    """The form factor that one of the words names: `SXM`, `PCIe`, `NVL`; empty where none does."""
    forms = {"SXM": "SXM", "PCIE": "PCIe", "NVL": "NVL", "PG": "PG", "DGXS": "DGXS"}
    for word in words:
        if found := re.fullmatch(r"(SXM|PCIE|NVL|PG|DGXS)\d*", word.upper()):
            return forms[found[1]]
    return ""


def _nominal_gb(memory_mib: float) -> int:
    """The advertised memory in GB that is nearest to what the driver reports in MiB, which is some percent less."""
    return min(_NOMINAL_GB, key=lambda nominal: abs(nominal - memory_mib / 1024))
