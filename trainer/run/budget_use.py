"""How a command is told its budget, and whether it kept to it."""

from __future__ import annotations

from ..contract.trainer_toml.budget import as_words, filled
from .run import Run

MIN_SHARE = 0.5
"""A run that used less of its budget than this hasn't trained for as long as others: the budget had no effect."""
MAX_SHARE, START_SECONDS = 1.25, 10.0
"""A run that used more than this share of its budget, and these seconds for its start, has ignored it."""
MAX_AMOUNT_SHARE = 1.1
"""The same for what a run says that it counted itself: steps, epochs, tokens or FLOPs."""
NOTICEABLE_SECONDS = 1.0
"""Differences below this are those of a process's start."""


def amount_of(run: Run) -> float:
    """How much the run has, in its budget's unit."""
    return run.trainer.budget.amount_in(run.spec.budget_seconds, run.spec.clock)


def told_command(run: Run) -> list[str]:
    """The trainer's command with the budget in the places that `trainer.toml` names."""
    budget = run.trainer.budget
    return filled(run.trainer.command, budget, amount_of(run), run.spec.budget_seconds, run.spec.seed)


def budget_variables(run: Run) -> dict[str, str]:
    """The environment variables that tell a command its budget, beside `LABHAND_BUDGET_SECONDS`."""
    budget, amount = run.trainer.budget, as_words(amount_of(run))
    variables = {"LABHAND_BUDGET_UNIT": budget.unit, f"LABHAND_BUDGET_{budget.unit.upper()}": amount}
    return variables | ({budget.env: amount} if budget.env else {})


def check_budget(run: Run) -> None:
    """Flag a self-reported run that used far less or far more than its budget. Its score doesn't compare with others'."""
    budget = run.trainer.budget
    if budget.unit == "seconds":
        _check_seconds(run)
        return
    amount, used = amount_of(run), run.result.measures.get(budget.unit)
    if used is None:
        return
    if used < MIN_SHARE * amount or used > MAX_AMOUNT_SHARE * amount:
        word = "budget_unused" if used < amount else "budget_exceeded"
        _flag(run, word, f"it reported {as_words(used)} {budget.unit} of {as_words(amount)}")


def _check_seconds(run: Run) -> None:
    allowed, used = run.spec.budget_seconds, run.result.seconds.get("training")
    if used is None:
        return
    clock = "s of CPU time" if run.spec.clock == "cpu" else "s"
    sentence = f"it used {used:.3g} {clock} of a budget of {allowed:g} s"
    if used < MIN_SHARE * allowed and allowed - used > NOTICEABLE_SECONDS:
        _flag(run, "budget_unused", sentence)
    claimed = run.result.claimed.get("training_seconds")  # it may leave out its start and its evaluation
    is_within = claimed is not None and claimed <= MAX_SHARE * allowed
    if used > MAX_SHARE * allowed + START_SECONDS and not is_within:
        _flag(run, "budget_exceeded", sentence)


def _flag(run: Run, word: str, sentence: str) -> None:
    how = run.trainer.budget.passed_on_by(run.trainer.command)
    unless = "" if how else "; nothing in trainer.toml passes the budget on to the command"
    run.result.flags.append(f"{word}: {sentence}{unless}")
