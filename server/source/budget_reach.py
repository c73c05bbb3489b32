"""Whether a longer budget reaches a trainer's command, and the knob that is set to the budget before a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...trainer.contract.errors import ContractError
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, parse_trainer
from ..domain import Clock
from ..errors import BadInputError, SettingsError
from .source_knobs import Knobs
from .trainer_folder import Source, Trainer

_VARIABLES = b"LABHAND_BUDGET"
"""A file that has this word reads the budget from the environment."""
_SESSION = b"labhand.trainer.session"


def is_stretched(trainer: Trainer, source: Source) -> bool:
    """Return whether a longer budget makes a training longer, as far as can be told without running it."""
    if trainer.file.data is not None or trainer.file.budget.passed_on_by(trainer.file.command):
        return True
    return any(_VARIABLES in data or _SESSION in data for path, data in source.items() if path != TRAINER_FILE)


def with_budget(source: Source, seconds: float, clock: Clock) -> Source:
    """Return a source whose budget knob has the value of a run's budget; the same source if its `trainer.toml` names none.

    Args:
        source: With its `trainer.toml`.
        seconds: The run's budget.
        clock: What the seconds count.

    Raises:
        BadInputError: It has no such knob, or the knob can't take the value.
    """
    try:
        file = parse_trainer(source.get(TRAINER_FILE, b""), Path(TRAINER_FILE))
    except ContractError:  # the runner says what is wrong with it
        return source
    if not file.budget.knob:
        return source
    amount = file.budget.amount_in(seconds, clock)
    everything = Trainer(Path(), replace(file, editable=("**",)))  # the knob may be in a protected file
    knobs = Knobs(source, everything)
    info = knobs.infos.get(knobs.full_name(file.budget.knob))
    is_whole = info is not None and isinstance(info.value, int) and file.budget.unit != "flops"
    value = max(1, round(amount)) if is_whole else amount
    return knobs.override({file.budget.knob: value})


def as_run(source: Source, seconds: float, clock: Clock) -> Source:
    """Return a source as it is run: as `with_budget`, and unchanged where an edit has removed the knob.

    The runner flags a run whose budget isn't kept.
    """
    try:
        return with_budget(source, seconds, clock)
    except BadInputError:
        return source


def refuse_missing_knob(trainer: Trainer, source: Source) -> None:
    """Refuse a trainer whose `budget.knob` names none of its knobs.

    Raises:
        SettingsError: With the names that resemble it.
    """
    knob = trainer.file.budget.knob
    if not knob:
        return
    try:
        with_budget(source, trainer.cpu_seconds, "cpu")
    except BadInputError as error:
        raise SettingsError(
            f"{trainer.folder / TRAINER_FILE}: budget.knob = {knob!r} can't be set: {error}",
            "Name a knob that is a number, as read_source shows them",
        ) from error


def refuse_changed_knob(trainer: Trainer, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Refuse an experiment that changes or removes the knob that is set to the budget.

    Raises:
        BadInputError: With the argument that changes the budget.
    """
    knob = trainer.file.budget.knob
    if knob and knob in before and before[knob] != after.get(knob):
        raise BadInputError(
            f"{knob} is set to the budget of each run (budget.knob in trainer.toml), and can't be changed by an experiment",
            "Leave it as it is, and give budget_seconds for a longer or a shorter run",
        )
