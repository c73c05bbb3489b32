"""`[data]`: what an evaluated trainer learns from and is scored on, and data that is linked into runs.

`[data.gpu]` replaces corpus, vocabulary or context where the trainer runs on a GPU.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from .toml_table import TomlTable

_BY_DEVICE: Final[Mapping[str, Any]] = {"corpus": None, "vocabulary": None, "context": None}
DATA_KEYS: Final[Mapping[str, Any]] = {**_BY_DEVICE, "paths": None, "gpu": _BY_DEVICE}


@dataclass(frozen=True, slots=True)
class Data:
    """What an evaluated trainer learns from and is scored on.

    Attributes:
        corpus: As `labhand prepare` names it.
        vocabulary: Number of token ids.
        context: Tokens in a row that the evaluator gives the model.
    """

    corpus: str
    vocabulary: int
    context: int = 256


def read_data(table: TomlTable) -> Data:
    """Read the table `[data]`."""
    return Data(table.text("corpus"), table.positive_integer("vocabulary"), table.positive_integer("context", 256))


def read_gpu_data(table: TomlTable, elsewhere: Data) -> Data | None:
    """Read the table `gpu` of `[data]`.

    Args:
        table: The table `[data]`.
        elsewhere: What it says for other devices; a key that isn't in `[data.gpu]` has the value that it has there.

    Returns:
        The data on a GPU; None where the table isn't there, and the data is the same on every device.
    """
    if not table.has("gpu"):
        return None
    gpu = table.table("gpu")
    return Data(
        gpu.text("corpus", elsewhere.corpus or None),
        gpu.positive_integer("vocabulary", elsewhere.vocabulary),
        gpu.positive_integer("context", elsewhere.context),
    )


def read_data_paths(table: TomlTable) -> tuple[str, ...]:
    """Read `paths` of the table `[data]`: files and folders that are linked read-only into each run."""
    paths = table.words("paths", needed=False)
    for path in paths:
        if problem := _what_is_wrong(path):
            table.problem("paths", f"is {path!r} and {problem}")
    return paths


def _what_is_wrong(path: str) -> str:
    normal = PurePosixPath(os.path.normpath(path))
    if not path or "\0" in path:
        return "names nothing"
    if any(sign in path for sign in "*?["):
        return "has to be a path without wildcards: name the folder"
    if set(normal.parts) <= {".", "..", "/", "~"}:
        return "would open a whole folder that holds more than data: name the data itself"
    if "trainer.toml" in normal.parts:
        return "is no data"
    return ""
