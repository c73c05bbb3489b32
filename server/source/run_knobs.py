"""The knobs that `trainer.toml` has set in each run, to its budget and its seed; and whether a budget reaches the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...trainer.contract.errors import ContractError
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, TrainerFile, parse_trainer
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


def for_run(source: Source, seconds: float, clock: Clock, seed: int) -> Source:
    """Return a source as a run gets it: its `trainer.toml` may name a knob for the budget, and one for the seed.

    Args:
        source: With its `trainer.toml`.
        seconds: The run's budget.
        clock: What the seconds count.
        seed: The run's seed.

    Returns:
        The same source if no knob is named.

    Raises:
        BadInputError: It has no such knob, or the knob can't take the value.
    """
    try:
        file = parse_trainer(source.get(TRAINER_FILE, b""), Path(TRAINER_FILE))
    except ContractError:  # the runner says what is wrong with it
        return source
    if file.budget.knob:
        source = _with_budget(source, file, seconds, clock)
    return _knobs(source, file).override({file.seed_knob: seed}) if file.seed_knob else source


def _with_budget(source: Source, file: TrainerFile, seconds: float, clock: Clock) -> Source:
    amount = file.budget.amount_in(seconds, clock)
    knobs = _knobs(source, file)
    info = knobs.infos.get(knobs.full_name(file.budget.knob))
    is_whole = info is not None and isinstance(info.value, int) and file.budget.unit != "flops"
    return knobs.override({file.budget.knob: max(1, round(amount)) if is_whole else amount})


def _knobs(source: Source, file: TrainerFile) -> Knobs:
    """Return the knobs of all files: one that is set in each run may be in a protected file."""
    return Knobs(source, Trainer(Path(), replace(file, editable=("**",))))


def as_run(source: Source, seconds: float, clock: Clock, seed: int) -> Source:
    """Return a source as it is run: as `for_run`, and unchanged where an edit has removed a knob.

    The runner flags a run whose budget isn't kept, and replicates whose seeds have no effect are noticed.
    """
    try:
        return for_run(source, seconds, clock, seed)
    except BadInputError:
        return source


def refuse_missing_knobs(trainer: Trainer, source: Source) -> None:
    """Refuse a trainer whose `budget.knob` or `seed.knob` names none of its knobs.

    Raises:
        SettingsError: With the names that resemble it.
    """
    for key, knob in _set_in_each_run(trainer).items():
        try:
            if key == "budget.knob":
                _with_budget(source, trainer.file, trainer.cpu_seconds, "cpu")
            else:
                _knobs(source, trainer.file).override({knob: 1})
        except BadInputError as error:
            raise SettingsError(
                f"{trainer.folder / TRAINER_FILE}: {key} = {knob!r} can't be set: {error}",
                "Name a knob that is a number, as read_source shows them",
            ) from error


def refuse_changed_knobs(trainer: Trainer, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Refuse an experiment that changes or removes a knob that is set in each run.

    Raises:
        BadInputError: With the argument that sets it instead.
    """
    instead = {
        "budget.knob": ("the budget", "give budget_seconds for a longer or a shorter run"),
        "seed.knob": ("the seed", "give replicates for runs with other seeds"),
    }
    for key, knob in _set_in_each_run(trainer).items():
        if knob in before and before[knob] != after.get(knob):
            what, remedy = instead[key]
            raise BadInputError(
                f"{knob} is set to {what} of each run ({key} in trainer.toml), and can't be changed by an experiment",
                f"Leave it as it is, and {remedy}",
            )


def _set_in_each_run(trainer: Trainer) -> Mapping[str, str]:
    """Return the knobs by the keys of `trainer.toml` that name them."""
    named = {"budget.knob": trainer.file.budget.knob, "seed.knob": trainer.file.seed_knob}
    return {key: knob for key, knob in named.items() if knob}
