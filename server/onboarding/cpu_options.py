"""Options by which a script that takes a GPU runs on a CPU, such as `--no-cuda` or `--device cpu`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ..source.inspection.needs import parsed

_NAMES_GPU: Final = re.compile(r"cuda|gpu")
_SWITCHES_GPU_OFF: Final = re.compile(r"(?:no|disable|without)-(?:use-)?(?:cuda|gpus?)|(?:use-|force-|on-)?cpu(?:-only)?")
_NAMES_DEVICE: Final = re.compile(r"device|device-type|accelerator|backend")


@dataclass(frozen=True, slots=True)
class CpuOption:
    """What is added to a command so that it runs on a CPU.

    Attributes:
        words: The option, and its value where it has one.
        place: Where the script declares it, `train.py:12`.
    """

    words: tuple[str, ...]
    place: str


def cpu_option(texts: Mapping[str, str]) -> CpuOption | None:
    """Return the first option of argparse or click by which a script leaves the GPU; None if it has none.

    Args:
        texts: The script and what it imports, by path.
    """
    options = (option for path, text in texts.items() if path.endswith(".py") for option in _options(path, text))
    return next(options, None)


def _options(path: str, text: str) -> Iterator[CpuOption]:
    tree = parsed(text)
    for call in ast.walk(tree) if tree is not None else ():
        if isinstance(call, ast.Call) and (words := _words(call)):
            yield CpuOption(words, f"{path}:{call.lineno}")


def _words(call: ast.Call) -> tuple[str, ...]:
    """Return what to add to a command if a call declares an option that chooses the device; empty if it doesn't."""
    constants = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    option = next((value for value in constants if isinstance(value, str) and value.startswith("--")), "")
    given = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
    name = option.removeprefix("--").replace("_", "-").lower()
    is_switch = given.get("action") == "store_true" or given.get("is_flag") is True
    if is_switch and _SWITCHES_GPU_OFF.fullmatch(name):
        return (option,)
    if given.get("action") == "store_false" and _NAMES_GPU.search(name) and not name.startswith(("no-", "disable-")):
        return (option,)
    if _NAMES_DEVICE.fullmatch(name) and _NAMES_GPU.search(str(given.get("default", "")).lower()):
        return (option, "cpu")
    return ()
