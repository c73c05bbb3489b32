"""The way from a foreign folder to a trainer: survey, proposal, tries that complete it, the file, and the first result."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

from ...trainer.contract.errors import ContractError
from ...trainer.contract.failures import FailureKind
from ...trainer.contract.run_result import RunFailure
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE
from ..errors import BadInputError, LabhandError
from ..machine import devices
from .command_candidates import CommandCandidate, command_candidates
from .folder_survey import FolderSurvey, survey
from .metric_candidates import CLOSE, MetricCandidate, metrics_in_code, printed_metrics, steps_reached
from .proposal import REQUIREMENTS, Proposal, propose
from .refused_paths import asked_for, extend, is_safe_to_open, lacks_cuda
from .source_hints import Hint
from .trial import TrialResult, run_trial

MAX_TRIES: Final = 6
"""Tries that complete a proposal, each with what the one before asked for."""
_SEEDS: Final = (1, 2)
SHARE_OF_TRY: Final = 0.4
"""Of the steps that a try had time for, those that the next one gets."""
SHARE_OF_ENDLESS: Final = 0.6
"""The budget of a command that doesn't end by itself, as a share of a try."""
FEW_STEPS: Final = 20
SHARE_OF_STEPS: Final = 0.01
"""Of the steps that an option asks for, where a try named none that it reached."""
MAX_LINES: Final = 6
"""Lines of a failed try's output that are shown."""
_NAMED: Final = 5
_MISSING_PACKAGE: Final = re.compile(r"No module named '(\w+)")
"""Files that a sentence names."""


class Conversation(Protocol):
    """How a person is told and asked. Without a person, the first choice is taken."""

    def say(self, text: str) -> None:
        """Tell something."""

    def show(self, text: str) -> None:
        """Show a file's content."""

    def agrees(self, question: str) -> bool:
        """Ask for a yes."""
        ...

    def choose(self, question: str, choices: Sequence[str]) -> int:
        """Ask for one of several; returns its position."""
        ...


class TrialFailedError(LabhandError):
    """A trainer can't run yet: says what is missing, in a sentence."""


@dataclass(frozen=True, slots=True)
class FirstResult:
    """The first result of a new trainer.

    Attributes:
        metric: Its name.
        score: Its value.
        seconds: Of training, on the clock that a budget counts.
    """

    metric: str
    score: float
    seconds: float


def make_trainer(folder: Path, talk: Conversation, max_seconds: float) -> FirstResult:
    """Make a trainer of a folder: propose its `trainer.toml`, try it, show it, write it, and run it once.

    Args:
        folder: Of training code, without a `trainer.toml`. Nothing in it changes but that file.
        talk: With the person.
        max_seconds: Of each try, by the wall.

    Raises:
        TrialFailedError: The trainer can't run yet.
        BadInputError: There is nothing to train, or the person has declined.
    """
    found = survey(folder)
    _tell(found, talk)
    proposal = propose(found, _pick_command(found, talk))
    _tell_left_out(proposal, talk)
    if line := _missing_gpu(proposal):
        raise _without_gpu(proposal, f"It needs a CUDA GPU ({line}), and this machine has none: nothing was run", talk)
    proposal, result = _complete(proposal, talk, max_seconds)
    if result.failure is not None and lacks_cuda(result.failure, result.log) and devices().kind == "cpu":
        why = f"It needs a CUDA GPU, and this machine has none: {result.failure.message:.300}"
        raise _without_gpu(proposal, why, talk)
    proposal = _with_metric(proposal, _shown_by(result), talk)
    if result.status == "stopped" and _reports_on_the_way(proposal, result):
        proposal = replace(proposal, ended_after=max(1, int(max_seconds * SHARE_OF_ENDLESS)))
        talk.say(f"It doesn't end within {max_seconds:g} s. A run of it is ended after its budget, and the last value counts.")
    if missing := _what_is_missing(proposal, result, max_seconds):
        talk.show(proposal.as_toml())
        talk.say("\n".join(result.failure.lines[-MAX_LINES:] if result.failure else ()))
        talk.say(f"Nothing was written. The {TRAINER_FILE} above is what would be written once the try succeeds.")
        raise missing
    proposal = replace(proposal, seconds=result.seconds if proposal.ended_after is None else None)
    _write(proposal, talk)
    return _first_result(proposal, talk, max_seconds)


def _reports_on_the_way(proposal: Proposal, result: TrialResult) -> bool:
    """Whether a command that was ended had printed its metric with several values, so that it was training."""
    metric = proposal.metric
    if metric is None or metric.file or proposal.length is not None:
        return False
    return len(set(re.findall(metric.pattern or rf"\b{re.escape(metric.name)}\b.*", result.log))) > 1


def _tell(found: FolderSurvey, talk: Conversation) -> None:
    """Tell what matters of a folder, a sentence each."""
    if found.changes:
        files = "1 file has" if found.changes == 1 else f"{found.changes} files have"
        talk.say(f"git: {files} changes that aren't committed. They count: a source is what is on the disk.")
    if found.data:
        talk.say(f"Data, which is linked into runs and not copied: {_named(found.data)}.")
    for problem in found.unreadable:
        talk.say(f"{problem}. Experiments can't change this file.")
    if found.notebooks:
        talk.say(f"Notebooks aren't run: {_named(found.notebooks)}.")


def _tell_left_out(proposal: Proposal, talk: Conversation) -> None:
    """Tell what runs don't get; refuse a folder in which experiments could change nothing."""
    left_out = [entry.as_text() for entry in proposal.found.left_out if entry.path not in proposal.editable]
    if left_out:
        talk.say(f"Not part of runs: {_named(left_out)}.")
    if not proposal.editable:
        raise BadInputError(
            f"Experiments could change nothing in {proposal.found.folder}: {' '.join(proposal.words)} names no file there, and"
            " no source or settings were found",
            f'Write a {TRAINER_FILE} by hand, with editable = ["FILE", …]: docs/trainers.md',
        )


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _pick_command(found: FolderSurvey, talk: Conversation) -> CommandCandidate:
    candidates = command_candidates(found, has_gpu=devices().kind != "cpu")
    if not candidates:
        notebooks = f" {_named(found.notebooks)} can be made a script: jupyter nbconvert --to script" if found.notebooks else ""
        raise BadInputError(
            f"Nothing to train was found in {found.folder}: no README, Makefile or pyproject.toml names a command that trains,"
            " and there is no train.py or main.py",
            f"Write a {TRAINER_FILE} by hand: docs/trainers.md.{notebooks}",
        )
    close = [candidate for candidate in candidates[:6] if candidates[0].weight - candidate.weight < CLOSE]
    shown = [f"{' '.join(candidate.words)}  ({candidate.place})" for candidate in close]
    chosen = close[talk.choose("Which command trains?", shown) if len(close) > 1 else 0]
    talk.say(f"Command: {' '.join(chosen.words)} (from {chosen.place}).")
    return chosen


def _missing_gpu(proposal: Proposal) -> str:
    """Return where the code needs a GPU that this machine lacks, if a try would first need to install gigabytes; or empty."""
    found = proposal.found
    would_install = found.has("uv.lock") or found.has_cuda_wheels or find_spec("torch") is None
    names_cpu = any("cpu" in word for word in proposal.words)
    if devices().kind != "cpu" or not proposal.editable or names_cpu or not would_install:
        return ""
    return found.needs_cuda(proposal.editable[0])


def _without_gpu(proposal: Proposal, why: str, talk: Conversation) -> TrialFailedError:
    """Write what can be told from the code alone, for a machine that has a GPU; return the error that says so."""
    _write(_with_metric(proposal, metrics_in_code(list(proposal.found.texts.values())), talk), talk)
    return TrialFailedError(
        why,
        f"{TRAINER_FILE} is written: run `labhand init --trainer` on a machine with a GPU, or add a pool of clusters to"
        " labhand.toml, as docs/skypilot.md describes",
    )


def _complete(proposal: Proposal, talk: Conversation, max_seconds: float) -> tuple[Proposal, TrialResult]:
    """Try a proposal, and add what each failure asks for, until nothing is left to add."""
    result = _try(proposal, talk, max_seconds)
    for _ in range(MAX_TRIES):
        is_stopped = result.status == "stopped"
        changed = _shortened(proposal, result, max_seconds, talk) if is_stopped else _opened(proposal, result, talk)
        if changed == proposal:
            break
        proposal = changed
        result = _try(proposal, talk, max_seconds)
    return proposal, result


def _try(proposal: Proposal, talk: Conversation, max_seconds: float) -> TrialResult:
    talk.say(f"Trying {' '.join(proposal.words)} in the sandbox, for {max_seconds:g} s at most.")
    return run_trial(proposal, max_seconds, _SEEDS[0], talk.say)


def _opened(proposal: Proposal, result: TrialResult, talk: Conversation) -> Proposal:
    """Return the proposal with the paths that a try was refused."""
    if result.failure is not None and result.failure.kind == FailureKind.IMPORT_ERROR:
        return _with_package(proposal, result.failure, talk)
    if result.failure is None:
        return proposal
    wanted = asked_for(result.failure)
    extended = extend(proposal, wanted)
    if extended == proposal:
        return proposal
    paths = [path for values in wanted.values() for path in values]
    closed = [path for path in wanted.get("read", ()) if not is_safe_to_open(path)]
    if closed:
        talk.say(f"It asked for {', '.join(closed)}, which holds more than data and stays closed.")
        return proposal
    key = next(iter(wanted))
    if not talk.agrees(f"It asked for {', '.join(paths)}. Let experiments read it ({key} in {TRAINER_FILE})?"):
        return proposal
    talk.say(f"Added to {key}: {', '.join(paths)}.")
    return extended


def _with_package(proposal: Proposal, failure: RunFailure, talk: Conversation) -> Proposal:
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
        return proposal
    talk.say(f"An environment is made from {REQUIREMENTS}; that may take minutes.")
    return replace(proposal, requirements=REQUIREMENTS)


def _shortened(proposal: Proposal, result: TrialResult, max_seconds: float, talk: Conversation) -> Proposal:
    """Return the proposal with an option that makes training short, where a try took too long and an option exists."""
    option = next((hint for hint in proposal.hints.steps if hint.option.startswith("--")), None)
    if option is None or proposal.length is not None or option.option in proposal.words:
        return proposal
    reached = steps_reached(result.log)
    short = 1 if "epoch" in option.name.lower() else _few(option, reached)
    seen = f", and {reached} were done in {max_seconds:g} s" if reached else ""
    talk.say(f"It didn't end in time: {option.option} is {option.text}{seen}. It is tried with {short}.")
    return replace(proposal, length=(option, short))


def _few(option: Hint, reached: int) -> int:
    """Return a number of steps that a try has time for."""
    if reached:
        return _round_down(reached * SHARE_OF_TRY)
    asked = int(option.text) if option.text.isdecimal() else 0
    return max(FEW_STEPS, _round_down(asked * SHARE_OF_STEPS))


def _round_down(number: float) -> int:
    """A number with its first digit alone: 473 becomes 400."""
    digits = str(max(1, int(number)))
    return int(digits[0] + "0" * (len(digits) - 1))


def _shown_by(result: TrialResult) -> Sequence[MetricCandidate]:
    """Return what a try printed that may be its metric, or else what it wrote to files."""
    printed = printed_metrics(result.log)
    return printed if any(not candidate.is_measure for candidate in printed) else [*result.written, *printed]


def _with_metric(proposal: Proposal, candidates: Sequence[MetricCandidate], talk: Conversation) -> Proposal:
    if not candidates or candidates[0].is_measure:
        return proposal
    close = [candidate for candidate in candidates[:6] if candidates[0].weight - candidate.weight < CLOSE]
    position = (
        talk.choose("Which one is the metric?", [f"{item.name}, in {item.line!r:.100}" for item in close])
        if len(close) > 1
        else 0
    )
    metric = close[position]
    others = [candidate for candidate in candidates if candidate is not metric]
    doubt = f" {len(close)} candidates were alike: {', '.join(item.name for item in close)}." if len(close) > 1 else ""
    talk.say(f"Metric: {metric.name}, {metric.direction}d, as its name suggests (from {metric.line!r:.120}).{doubt}")
    return replace(proposal, metric=metric, others=others)


def _write(proposal: Proposal, talk: Conversation) -> None:
    """Show the file, and write it when the person agrees."""
    place = proposal.found.folder / TRAINER_FILE
    try:
        proposal.as_trainer()
    except ContractError as error:
        raise BadInputError(error.problem, error.remedy) from error
    talk.show(proposal.as_toml())
    if not talk.agrees(f"Write this to {place}?"):
        raise BadInputError("Nothing was written", f"Copy what was shown to {place}, change it there, and run this again")
    with place.open("x", encoding="utf-8") as file:
        file.write(proposal.as_toml())
    talk.say(f"Wrote {place}.")


def _what_is_missing(proposal: Proposal, result: TrialResult, max_seconds: float) -> TrialFailedError | None:
    """Return what is missing where a try hasn't led to a number; None where nothing is."""
    if proposal.ended_after is not None:
        return None
    if result.status == "stopped":
        steps = [*proposal.hints.seconds, *proposal.hints.steps]
        knobs = f"Shorten it with {steps[0].option or steps[0].name} ({steps[0].place})" if steps else "Shorten it"
        seen = "" if proposal.metric is None else f"; it printed {proposal.metric.line!r:.100} meanwhile"
        return TrialFailedError(
            f"It didn't end within {max_seconds:g} s{seen}", f"{knobs}, or let it try for longer: --try-seconds 600"
        )
    failure = result.failure
    if failure is not None and not result.has_ended_well:
        return TrialFailedError(f"The try failed as {failure.kind}: {failure.message}", failure.next_step)
    if proposal.metric is None:
        last = result.log.strip().rpartition("\n")[2]
        return TrialFailedError(
            f"It ran for {result.seconds:.1f} s, and nothing that it printed or wrote looks like a metric; the last line is"
            f" {last!r:.100}",
            f"Let it print a line `NAME: VALUE`, or write {TRAINER_FILE} by hand, with name and pattern, or file and key, under"
            " [metric]",
        )
    return None


def _first_result(proposal: Proposal, talk: Conversation, max_seconds: float) -> FirstResult:
    """Run the trainer as it was written, with another seed, for the first result."""
    metric = proposal.metric
    if metric is None:  # refused before
        raise TrialFailedError("It has no metric")
    result = run_trial(proposal, max_seconds, _SEEDS[1], talk.say)
    if result.score is None:
        message = result.failure.message if result.failure else f"it didn't end within {max_seconds:g} s"
        raise TrialFailedError(
            f"A second try, with the file as it was written, gave no score: {message}",
            result.failure.next_step if result.failure else "Try for longer, with --try-seconds",
        )
    if metric.value is not None and float(metric.value) == result.score:
        talk.say(
            f"Two seeds gave the same {metric.name}: the code doesn't use LABHAND_SEED, so that labhand can't measure its"
            f" noise. {TRAINER_FILE} says where a seed is set."
        )
    return FirstResult(metric.name, result.score, result.seconds)
