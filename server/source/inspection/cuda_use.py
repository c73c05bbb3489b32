"""Whether Python code needs a CUDA GPU, or can also do without: found by parsing, nothing is executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_CUDA: Final = re.compile(r"cuda(?::\d+)?")
_NEEDS_DRIVER: Final = frozenset(
    {"get_device_capability", "get_device_name", "get_device_properties", "current_device", "set_device", "synchronize"}
)
"""Functions of `torch.cuda` that raise an error where there is no GPU."""
_ASKS: Final = frozenset({"is_available", "device_count"})
_OTHER_DEVICES: Final = frozenset({"cpu", "mps"})
_PLACES_ONE_TENSOR: Final = frozenset({"device", "map_location"})
"""Arguments whose value `cpu` puts one tensor into main memory, as code that needs a GPU does too."""
_CUDA_MODULES: Final = frozenset({"flash_attn", "flash_attn_interface", "kernels", "cupy", "pycuda"})
"""Packages that can't be imported, or have nothing to give, where there is no CUDA GPU."""


@dataclass(frozen=True, slots=True)
class CudaUse:
    """What a file does with CUDA.

    Attributes:
        line: The first line that uses it; 0 for none.
        asks: The file asks whether there is a GPU, or lets another device be chosen.
    """

    line: int = 0
    asks: bool = False


def cuda_use(tree: ast.Module, own_modules: frozenset[str] = frozenset()) -> CudaUse:
    """Return what a file does with CUDA.

    Args:
        tree: The file, parsed.
        own_modules: Modules of the code's own folder, which may be called as a package is.
    """
    demanded = [node for node in ast.walk(tree) if isinstance(node, ast.Assert) and _asks_in(node.test)]
    asked = sum(map(_asks, ast.walk(tree))) - sum(_asks_in(node.test) for node in demanded)
    if asked or _names_other_device(tree):
        return CudaUse(asks=True)
    lines = [node.lineno for node in demanded]
    compared = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Compare) for part in ast.walk(node)}
    lines += [node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr) and id(node) not in compared and _uses(node)]
    lines = lines or [line for name, line in _imports(tree) if name in _CUDA_MODULES - own_modules]
    return CudaUse(min(lines, default=0))


def _asks(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {*_ASKS, "mps"}


def _asks_in(test: ast.expr) -> int:
    return sum(map(_asks, ast.walk(test)))


def _uses(node: ast.expr) -> bool:
    """Whether an expression is `"cuda"`, `x.cuda()` or a function of `torch.cuda` that fails without a GPU."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(_CUDA.fullmatch(node.value))
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    of_cuda = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return node.func.attr == "cuda" or (of_cuda == "cuda" and node.func.attr in _NEEDS_DRIVER)


def _names_other_device(tree: ast.Module) -> bool:
    """Whether a string names another device where one is chosen, as in `"cuda" if x else "cpu"`."""
    for_one_tensor = {id(value) for node in ast.walk(tree) for value in _places(node)}
    return any(
        isinstance(node, ast.Constant) and node.value in _OTHER_DEVICES and id(node) not in for_one_tensor
        for node in ast.walk(tree)
    )


def _places(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the values that say where one tensor lies: `device="cpu"`, `.to("cpu")`, and defaults of parameters for it."""
    if isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg in _PLACES_ONE_TENSOR)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "to":
            yield from node.args
    elif isinstance(node, ast.arguments):
        yield from node.defaults
        yield from (default for default in node.kw_defaults if default is not None)


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield what the top of a file imports whatever happens; an import in a `try` or `if` may be done without."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0], node.lineno
