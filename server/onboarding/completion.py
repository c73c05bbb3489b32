"""Tries that complete a proposal: each adds what the one before asked for, or makes training short enough."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from ...trainer.contract.failures import FailureKind
from ...trainer.contract.run_result import RunFailure
from ...trainer.contract.trainer_folder.left_out import MAX_FILE_BYTES
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE
from ..machine import devices
from .conversation import Conversation
from .cpu_options import cpu_option
from .metric_candidates import steps_reached
from .proposal import REQUIREMENTS, TrainerProposal
from .refused_paths import asked_for, extend, is_safe_to_open, lacks_cuda
from .training_length import FEW_STEPS, first_length, longer, shorter
from .trial import TrainerTrial, TrialResult, run_trial

MAX_TRIES: Final = 6
"""Tries that complete a proposal, each with what the one before asked for."""
SEED: Final = 1
MAX_SIBLINGS: Final = 20
"""Files beside one that a try asked for, which are added with it."""
NO_ENVIRONMENT: Final = "The environment can't be made"
"""How the failure begins of a run whose own environment can't be made."""
_MISSING_PACKAGE: Final = re.compile(r"No module named '(\w+)")


def complete(proposal: TrainerProposal, talk: Conversation, max_seconds: float) -> tuple[TrainerProposal, TrialResult]:
    """Try a proposal, and add what each failure asks for, until nothing is left to add.

    Args:
        proposal: As it was proposed from the code alone.
        talk: With the person.
        max_seconds: Of each try, by the wall.

    Returns:
        The completed proposal, and the result of its last try.
    """
    result = _try(proposal, talk, max_seconds)
    for _ in range(MAX_TRIES):
        is_stopped = result.status == "stopped"
        changed = _shortened(proposal, result, max_seconds, talk) if is_stopped else _opened(proposal, result, talk)
        if changed == proposal:
            break
        proposal = changed
        result = _try(proposal, talk, max_seconds)
    proposal, result = _lengthened(proposal, result, talk, max_seconds)
    length = proposal.length
    if length is not None and length.unit == "steps" and length.amount < FEW_STEPS <= length.own:
        talk.say(
            f"Runs get {length.amount} steps: no more fit into a try of {max_seconds:g} s. A larger --try-seconds gives more."
        )
    return proposal, result


def _try(proposal: TrainerProposal, talk: Conversation, max_seconds: float) -> TrialResult:
    talk.say(f"Trying {' '.join(proposal.words)} in the sandbox, for {max_seconds:g} s at most.")
    return run_trial(as_trial(proposal, max_seconds), max_seconds, SEED, talk.say)


def as_trial(proposal: TrainerProposal, max_seconds: float) -> TrainerTrial:
    """Return a proposal as it can be tried.

    Args:
        proposal: It need not be written.
        max_seconds: Of the try: the budget where the proposal has none yet.

    Raises:
        ContractError: The proposal can't be used.
    """
    if proposal.seconds is None:
        proposal = replace(proposal, seconds=max_seconds)
    return TrainerTrial(proposal.found.folder, proposal.as_toml().encode(), proposal.as_trainer(), proposal.found.left_out)


def _shortened(proposal: TrainerProposal, result: TrialResult, max_seconds: float, talk: Conversation) -> TrainerProposal:
    """Return the proposal with a shorter training, where something sets its length."""
    reached = steps_reached(result.log)
    before = proposal.length
    first = first_length(proposal.hints.steps, proposal.command.words, reached) if before is None else None
    length = first if before is None else shorter(before, reached)
    if length is None:
        return proposal
    now = length.hint.text if before is None else before.amount
    steps = f", and {reached} were done in {max_seconds:g} s" if reached else ""
    talk.say(
        f"The command didn't end in time: {length.hint.option or length.hint.name} is {now}{steps}. The next try has"
        f" {length.amount}."
    )
    return replace(proposal, length=length)


def _lengthened(
    proposal: TrainerProposal, result: TrialResult, talk: Conversation, max_seconds: float
) -> tuple[TrainerProposal, TrialResult]:
    """Use more of a try's time, where a shortened training took little of it; the result before that is a fallback."""
    if proposal.length is None or not result.has_ended_well or result.status == "stopped":
        return proposal, result
    length = longer(proposal.length, result.seconds / max_seconds)
    if length is None:
        return proposal, result
    talk.say(f"It took {result.seconds:.1f} s with {proposal.length.amount} {length.unit}. It is tried with {length.amount}.")
    changed = replace(proposal, length=length)
    again = _try(changed, talk, max_seconds)
    return (changed, again) if again.has_ended_well and again.status != "stopped" else (proposal, result)


def _opened(proposal: TrainerProposal, result: TrialResult, talk: Conversation) -> TrainerProposal:
    """Return the proposal with what a try asked for: paths, a package, an environment, or a CPU."""
    if result.failure is None:
        return proposal
    if result.failure.kind == FailureKind.IMPORT_ERROR:
        return _with_package(proposal, result.failure, talk)
    if lacks_gpu(result):
        return _on_cpu(proposal, talk)
    if result.failure.message.startswith(NO_ENVIRONMENT) and _can_do_without_lock(proposal):
        return _without_lock(proposal, result.failure, talk)
    wanted = _with_siblings(proposal, asked_for(result.failure))
    extended = extend(proposal, wanted)
    if extended == proposal:
        return proposal
    paths = [path for values in wanted.values() for path in values]
    closed = [path for path in wanted.get("read", ()) if not is_safe_to_open(path)]
    if closed:
        talk.say(f"It asked for {', '.join(closed)}, which holds more than data and stays closed.")
        return proposal
    keys = " and ".join(wanted)
    if not talk.agrees(f"It asked for {', '.join(paths)}. Let experiments read it ({keys} in {TRAINER_FILE})?"):
        return proposal
    talk.say(f"Added to {keys}: {', '.join(paths)}.")
    return extended


def lacks_gpu(result: TrialResult) -> bool:
    """Return whether a try failed because it needs a GPU, and this machine has none."""
    return result.failure is not None and lacks_cuda(result.failure, result.log) and devices().kind == "cpu"


def _on_cpu(proposal: TrainerProposal, talk: Conversation) -> TrainerProposal:
    """Return the proposal with the option by which the script runs on a CPU, if it has one that the command doesn't give."""
    option = cpu_option(proposal.scripts)
    if option is None or proposal.cpu is not None or option.words[0] in proposal.command.words:
        return proposal
    talk.say(f"The code takes a GPU, and this machine has none: {' '.join(option.words)} was added ({option.place}).")
    return replace(proposal, cpu=option)


def _can_do_without_lock(proposal: TrainerProposal) -> bool:
    return proposal.found.has("uv.lock") and not proposal.ignores_lock and proposal.command.words[0] != "uv"


def _without_lock(proposal: TrainerProposal, failure: RunFailure, talk: Conversation) -> TrainerProposal:
    """Return the proposal in labhand's own Python, where the environment of `uv.lock` can't be made on this machine."""
    talk.say(f"{failure.message:.400}")
    if not talk.agrees("Try it in labhand's own Python instead?"):
        return proposal
    talk.say("It is tried in labhand's own Python.")
    return replace(proposal, ignores_lock=True)


def _with_siblings(proposal: TrainerProposal, wanted: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Return what a try asked for, with the left-out files beside each file of the trainer's folder.

    Code that looks whether a file is there, such as the `meta.pkl` beside a `train.bin`, goes on without it and says nothing.
    """
    paths = [path for key in ("include", "paths") for path in wanted.get(key, ())]
    siblings = [sibling for path in paths for sibling in _siblings(proposal, path)]
    joined = dict(wanted)
    for path, size in siblings:
        key = "include" if size <= MAX_FILE_BYTES else "paths"
        joined[key] = tuple(dict.fromkeys([*joined.get(key, ()), path]))
    return joined


def _siblings(proposal: TrainerProposal, path: str) -> list[tuple[str, int]]:
    """Return the files beside a file that runs don't get, with their sizes in bytes."""
    root = proposal.found.folder
    folder = PurePosixPath(path).parent
    if folder == PurePosixPath() or folder.is_absolute() or ".." in folder.parts or not (root / path).is_file():
        return []
    have = {*proposal.found.paths, *proposal.data, *proposal.include, path}
    beside = sorted(entry for entry in (root / folder).iterdir() if entry.is_file() and not entry.name.startswith("."))
    names = [(f"{folder / entry.name}", entry.stat().st_size) for entry in beside]
    return [(name, size) for name, size in names if name not in have][:MAX_SIBLINGS]


def _with_package(proposal: TrainerProposal, failure: RunFailure, talk: Conversation) -> TrainerProposal:
    """Return the proposal with what finds a missing package: the folder itself, or an environment from its requirements."""
    found = proposal.found
    missing = _MISSING_PACKAGE.search(failure.message)
    if missing and not proposal.python_path and (place := found.place_of_package(missing[1])):
        talk.say(f"{missing[1]} is a package of this folder, and not installed: PYTHONPATH = {place!r} was added.")
        return replace(proposal, python_path=place)
    if proposal.requirements or found.prefix or found.has("uv.lock") or not found.has(REQUIREMENTS):
        return proposal
    talk.say(f"{failure.message}.")
    if not talk.agrees(f"Make an environment from {REQUIREMENTS}, in labhand's cache?"):
        talk.say(f"No environment was made from {REQUIREMENTS}: --yes has it made.")
        return proposal
    talk.say(f"An environment is made from {REQUIREMENTS}; that may take minutes.")
    return replace(proposal, requirements=REQUIREMENTS)
