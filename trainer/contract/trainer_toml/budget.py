"""`[budget]`: what a run may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from .toml_table import TomlTable

BUDGET_KEYS: Final[Mapping[str, Any]] = {
    "seconds": None,
    "cpu_seconds": None,
    "startup_seconds": None,
    "evaluation_seconds": None,
    "on_timeout": None,
}
OnTimeout = Literal["fail", "last"]


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use, in seconds.

    Attributes:
        seconds: Of training, wall clock, on a GPU.
        cpu_seconds: Of training, CPU time, where there is none.
        startup_seconds: Wall clock from the start until `ready`.
        evaluation_seconds: Of the evaluation, on the clock that counts training; for a self-reported metric, how long the
            command may go on after training.
        on_timeout: What becomes of a self-reported run that is ended because it takes too long: `fail`, or `last` for the score
            that it had come to.
    """

    seconds: float = 300.0
    cpu_seconds: float = 20.0
    startup_seconds: float = 120.0
    evaluation_seconds: float = 120.0
    on_timeout: OnTimeout = "fail"


def read_budget(table: TomlTable) -> Budget:
    """Read the table `[budget]`."""
    default = Budget()
    return Budget(
        seconds=table.positive("seconds", default.seconds),
        cpu_seconds=table.positive("cpu_seconds", default.cpu_seconds),
        startup_seconds=table.positive("startup_seconds", default.startup_seconds),
        evaluation_seconds=table.positive("evaluation_seconds", default.evaluation_seconds),
        on_timeout=cast("OnTimeout", table.choice("on_timeout", get_args(OnTimeout))),
    )
