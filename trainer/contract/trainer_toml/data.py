"""`[data]`: what an evaluated trainer learns from and is scored on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .toml_table import TomlTable

DATA_KEYS: Final[Mapping[str, Any]] = {"corpus": None, "vocabulary": None, "context": None}


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
