"""`[budget]`: what a run may use, and how the command is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from .toml_table import TomlTable

OnTimeout = Literal["fail", "last"]
BudgetUnit = Literal["seconds", "steps", "epochs", "tokens", "flops"]

BUDGET_KEYS: Final[Mapping[str, Any]] = {
    "seconds": None,
    "cpu_seconds": None,
    "startup_seconds": None,
    "evaluation_seconds": None,
    "on_timeout": None,
    "unit": None,
    "amount": None,
    "env": None,
    "knob": None,
}
_PLACEHOLDER: Final = re.compile(r"\{(seed|" + "|".join(get_args(BudgetUnit)) + r")\}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use.

    Attributes:
        seconds: Of training, wall clock, on a GPU.
        cpu_seconds: Of training, CPU time, where there is none.
        startup_seconds: Wall clock from the start until `ready`.
        evaluation_seconds: Of the evaluation, on the clock that counts training; for a self-reported metric, how long the
            command may go on after training.
        on_timeout: What becomes of a self-reported run that is ended because it takes too long: `fail`, or `last` for the score
            that it had come to.
        unit: What the command counts its budget in.
        amount: How many of these a run of `seconds` or `cpu_seconds` has; None for seconds. A longer run has more in
            proportion.
        env: A variable that has the amount; empty for none besides labhand's own.
        knob: A knob of the source that is set to the amount; empty for none.
    """

    seconds: float = 300.0
    cpu_seconds: float = 20.0
    startup_seconds: float = 120.0
    evaluation_seconds: float = 120.0
    on_timeout: OnTimeout = "fail"
    unit: BudgetUnit = "seconds"
    amount: float | None = None
    env: str = ""
    knob: str = ""

    def amount_in(self, seconds: float, clock: str) -> float:
        """How much a run has, in the budget's unit; whole numbers of steps, epochs and tokens.

        Args:
            seconds: The run's budget in seconds.
            clock: `cpu` or `wall`: what the seconds count.
        """
        if self.amount is None:
            return seconds
        amount = self.amount * seconds / (self.cpu_seconds if clock == "cpu" else self.seconds)
        return amount if self.unit == "flops" else max(1, round(amount))

    def passed_on_by(self, command: Sequence[str]) -> str:
        """What of `trainer.toml` passes the budget on to the command, for messages; empty if nothing does."""
        if self.knob:
            return f"budget.knob = {self.knob}"
        if self.env:
            return f"budget.env = {self.env}"
        names = {f"{{{name}}}" for name in (self.unit, "seconds")}
        return next((f"{name} in command" for word in command for name in sorted(names) if name in word), "")


def as_words(amount: float) -> str:
    """An amount as a command reads it: `2000`, `0.75`, `1e+18`."""
    return f"{amount:.0f}" if float(amount).is_integer() and abs(amount) < 1e15 else f"{amount:g}"


def filled(command: Sequence[str], budget: Budget, amount: float, seconds: float, seed: int) -> list[str]:
    """The command with `{seconds}`, `{seed}` and the unit's own placeholder replaced. Other braces stay as they are."""
    values = {"seed": str(seed), "seconds": as_words(seconds), budget.unit: as_words(amount)}
    return [_PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), word) for word in command]


def read_budget(table: TomlTable) -> Budget:
    """Read the table `[budget]`."""
    default = Budget()
    unit = cast("BudgetUnit", table.choice("unit", get_args(BudgetUnit)))
    if table.has("amount") and unit == "seconds":
        table.problem("amount", "is for a unit other than seconds: set seconds and cpu_seconds, or unit")
    env = table.text("env") if table.has("env") else ""
    if env and not _VARIABLE.fullmatch(env):
        table.problem("env", f"is {env!r} and has to be the name of an environment variable")
    return Budget(
        seconds=table.positive("seconds", default.seconds),
        cpu_seconds=table.positive("cpu_seconds", default.cpu_seconds),
        startup_seconds=table.positive("startup_seconds", default.startup_seconds),
        evaluation_seconds=table.positive("evaluation_seconds", default.evaluation_seconds),
        on_timeout=cast("OnTimeout", table.choice("on_timeout", get_args(OnTimeout))),
        unit=unit,
        amount=None if unit == "seconds" else _amount(table, unit),
        env=env,
        knob=table.text("knob") if table.has("knob") else "",
    )


def _amount(table: TomlTable, unit: BudgetUnit) -> float:
    if not table.has("amount"):
        table.problem(
            "amount",
            f"is missing: set the number of {unit} that one run trains within budget.seconds (or budget.cpu_seconds)",
        )
        return 1.0
    return table.positive("amount", 1.0)


def misplaced_placeholders(command: Sequence[str], budget: Budget) -> list[str]:
    """Placeholders of the command that stand for another unit than the budget's."""
    found = [name for word in command for name in _PLACEHOLDER.findall(word)]
    return [f"{{{name}}}" for name in dict.fromkeys(found) if name not in {"seed", "seconds", budget.unit}]
