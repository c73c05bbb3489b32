"""`[seed]`: how a run gets its seed where the command neither takes an option nor reads `LABHAND_SEED`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .toml_table import TomlTable

SEED_KEYS: Final[Mapping[str, Any]] = {"knob": None}


def read_seed_knob(table: TomlTable) -> str:
    """Read the table `[seed]`: the knob of the source that is set to the seed of each run."""
    return table.text("knob")
