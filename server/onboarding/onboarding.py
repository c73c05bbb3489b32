"""The way from a foreign folder to a trainer: survey, proposal, tries that complete it, the file, and the first result."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ...trainer.contract.errors import ContractError
from ...trainer.contract.run_result import RunFailure
from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE
from ..errors import BadInputError
from ..machine import devices
from .command_candidates import CommandCandidate, command_candidates, other_commands, written_command
from .completion import as_trial, complete, lacks_gpu
from .conversation import Conversation, TrialFailedError
from .folder_survey import FolderSurvey, survey
from .metric_candidates import (
    CLOSE,
    MetricCandidate,
    is_held_out,
    metrics_in_code,
    printed_metrics,
    steps_after_last,
)
from .proposal import TrainerProposal, propose
from .trial import TrialResult, run_trial
from .wandb_metrics import logged_metrics

SHARE_OF_ENDLESS: Final = 0.6
"""The budget of a command that doesn't end by itself, as a share of a try."""
MAX_LINES: Final = 6
"""Lines of a failed try's output that are shown."""
_NAMED: Final = 5
"""Files that a sentence names."""
_SECOND_SEED: Final = 2
MAX_CHOICES: Final = 12
MAX_SIZES: Final = 3
MAX_NAMED: Final = 3
"""Other commands that an error names."""
_NO_NOISE: Final = (
    "Without noise nothing can be confirmed: let the code draw from LABHAND_SEED what may vary, such as the initial weights"
    " or the order of the data"
)
_OTHER_WAYS: Final = (
    f'If another command trains: --command "…". Or write {TRAINER_FILE} by hand, from what is shown above; labhand doctor --try'
    " then runs it once"
)
MAX_FIRST_SECONDS: Final = 600.0
"""Of the first result, by the wall. Its runner ends it earlier, by its budget, whose CPU time a busy machine gives slowly."""


@dataclass(frozen=True, slots=True)
class FirstResult:
    """The first result of a new trainer.

    Attributes:
        metric: Its name.
        score: Its value.
        seconds: Of training, on the clock that a budget counts.
        silent_seconds: By the wall, from the start of the command to its first output; None if that isn't known.
    """

    metric: str
    score: float
    seconds: float
    silent_seconds: float | None = None


def make_trainer(folder: Path, talk: Conversation, max_seconds: float, command: str = "") -> FirstResult:
    """Make a trainer of a folder: propose its `trainer.toml`, try it, show it, write it, and run it once.

    Args:
        folder: Of training code, without a `trainer.toml`. Nothing in it changes but that file.
        talk: With the person.
        max_seconds: Of each try, by the wall.
        command: What trains, as a shell reads it; empty to look for it.

    Raises:
        TrialFailedError: The trainer can't run yet.
        BadInputError: There is nothing to train, the command can't be used, or the person has declined.
    """
    found = survey(folder)
    _tell(found, talk)
    proposal = propose(found, written_command(found, command) if command else _pick_command(found, talk))
    talk.say(f"Command: {' '.join(proposal.command.words)} (from {proposal.command.place}).")
    _tell_left_out(proposal, talk)
    if line := _missing_gpu(proposal):
        raise _without_gpu(proposal, f"The command needs a CUDA GPU ({line}), and this machine has none: nothing was run", talk)
    proposal, result = complete(proposal, talk, max_seconds)
    if result.failure is not None and lacks_gpu(result):
        why = f"The command needs a CUDA GPU, and this machine has none: {result.failure.message:.300}"
        raise _without_gpu(proposal, why, talk)
    proposal = _with_metric(proposal, _shown_by(proposal, result), talk)
    if result.status == "stopped" and _reports_on_the_way(proposal, result):
        proposal = replace(proposal, length=None, ended_after=max(1, int(max_seconds * SHARE_OF_ENDLESS)))
        talk.say(f"The command doesn't end within {max_seconds:g} s. A run ends after its budget, and the last value counts.")
    if missing := _what_is_missing(proposal, result, max_seconds):
        talk.show(proposal.as_toml())
        talk.say("\n".join(result.failure.lines[-MAX_LINES:] if result.failure else ()))
        talk.say(f"Nothing was written. The {TRAINER_FILE} above is what would be written once the try succeeds.")
        raise missing
    proposal = replace(proposal, seconds=result.seconds if proposal.ended_after is None else None)
    _write(proposal, talk)
    return _first_result(proposal, talk, max_seconds)


def _reports_on_the_way(proposal: TrainerProposal, result: TrialResult) -> bool:
    """Whether a command that was ended had printed its metric with several values, so that it was training."""
    metric = proposal.metric
    if metric is None or metric.file:
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


def _tell_left_out(proposal: TrainerProposal, talk: Conversation) -> None:
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
            f'Name the command: --command "python FILE.py". Or write a {TRAINER_FILE} by hand: docs/trainers.md.{notebooks}',
        )
    close = [candidate for candidate in candidates if candidates[0].weight - candidate.weight < CLOSE][:MAX_CHOICES]
    if len(close) == 1:
        return close[0]
    shown = [f"{' '.join(candidate.words)}  ({candidate.place})" for candidate in close]
    answer = talk.choose_or_write("Which command trains? A number, or the command itself", shown)
    return written_command(found, answer) if isinstance(answer, str) else close[answer]


def _missing_gpu(proposal: TrainerProposal) -> str:
    """Return where the code needs a GPU that this machine lacks, if a try would first need to install gigabytes; or empty."""
    found = proposal.found
    would_install = found.has("uv.lock") or found.has_cuda_wheels or find_spec("torch") is None
    names_cpu = any("cpu" in word for word in proposal.words)
    if devices().kind != "cpu" or not proposal.editable or names_cpu or not would_install:
        return ""
    return found.needs_cuda(proposal.editable[0])


def _without_gpu(proposal: TrainerProposal, why: str, talk: Conversation) -> TrialFailedError:
    """Write what can be told from the code alone, for a machine that has a GPU; return the error that says so."""
    own = metrics_in_code(list(proposal.scripts.values()))
    _write(_with_metric(proposal, own or metrics_in_code(list(proposal.found.texts.values())), talk), talk)
    return TrialFailedError(
        why,
        f"{TRAINER_FILE} is written: run `labhand init --trainer` on a machine with a GPU, or add a pool of clusters to"
        " labhand.toml, as docs/skypilot.md describes",
    )


def _shown_by(proposal: TrainerProposal, result: TrialResult) -> Sequence[MetricCandidate]:
    """Return what a try printed that may be its metric, or else what it wrote to files and logs to W&B."""
    printed = printed_metrics(result.log)
    if any(not candidate.is_measure for candidate in printed):
        return printed
    written = [*result.written, *logged_metrics(list(proposal.scripts.values()))] if result.has_ended_well else result.written
    return [*written, *printed]


def _with_metric(proposal: TrainerProposal, candidates: Sequence[MetricCandidate], talk: Conversation) -> TrainerProposal:
    if not candidates or candidates[0].is_measure:
        return proposal
    close = [candidate for candidate in candidates[:6] if candidates[0].weight - candidate.weight < CLOSE]
    position = (
        talk.choose("Which one is the metric?", [f"{item.name}, in {item.line!r:.100}" for item in close])
        if len(close) > 1
        else 0
    )
    metric = close[position]
    if better := _not_printed_yet(proposal, metric):
        talk.say(
            f"{metric.label} may be of the training data. The code also prints {better!r:.80}, which a try didn't reach; with a"
            " larger --try-seconds it may."
        )
    others = [candidate for candidate in candidates if candidate is not metric]
    doubt = f" {len(close)} candidates were alike: {', '.join(item.name for item in close)}." if len(close) > 1 else ""
    talk.say(f"Metric: {metric.name}, {metric.direction}d, as its name suggests (from {metric.line!r:.120}).{doubt}")
    return replace(proposal, metric=metric, others=others)


def _not_printed_yet(proposal: TrainerProposal, metric: MetricCandidate) -> str:
    """Return what the code prints of data that training doesn't see, where the metric is of other data; or empty."""
    if is_held_out(metric.label) or metric.file or metric.value is None:
        return ""
    texts = [proposal.found.texts[path] for path in proposal.editable if path in proposal.found.texts]
    return next((candidate.label for candidate in metrics_in_code(texts) if is_held_out(candidate.label)), "")


def _write(proposal: TrainerProposal, talk: Conversation) -> None:
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


def _what_is_missing(proposal: TrainerProposal, result: TrialResult, max_seconds: float) -> TrialFailedError | None:
    """Return what is missing where a try hasn't led to a number; None where nothing is."""
    if proposal.ended_after is not None:
        return None
    if result.status == "stopped":
        return _too_long(proposal, max_seconds)
    failure = result.failure
    if failure is not None and not result.has_ended_well:
        advice = failure.next_step.replace("launch it again", "run this again").rstrip(".")
        next_step = f"{_what_makes_it(proposal, failure) or advice}. {_OTHER_WAYS}"
        return TrialFailedError(f"The try failed as {failure.kind}: {failure.message}", next_step)
    if proposal.metric is not None and (reached := steps_after_last(result.log, proposal.metric)):
        return TrialFailedError(
            f"{proposal.metric.label} was printed before training began, and not again until step {reached}: it would measure"
            " what isn't trained",
            f"Let a try go on until it is printed again: --try-seconds {10 * max_seconds:g}; or let the code print it often",
        )
    if proposal.metric is None and proposal.length is not None:
        amount = f"{proposal.length.amount} {proposal.length.unit}"
        return TrialFailedError(
            f"No metric was found in the command's output, with training shortened to {amount}",
            f"If the command prints its metric later, try for longer: --try-seconds {10 * max_seconds:g}; or let it print the"
            " metric more often",
        )
    if proposal.metric is None:
        last = result.log.strip().rpartition("\n")[2]
        return TrialFailedError(
            f"No metric was found in what the command printed or wrote in {result.seconds:.1f} s; the last line is"
            f" {last!r:.100}",
            f"Let it print a line `NAME: VALUE`, or write {TRAINER_FILE} by hand, with name and pattern, or file and key, under"
            " [metric]",
        )
    return None


def _what_makes_it(proposal: TrainerProposal, failure: RunFailure) -> str:
    """Return which other commands may make a file that a try didn't find; empty for another failure, or none such command."""
    others = other_commands(proposal.found, proposal.command)[:MAX_NAMED]
    if "FileNotFoundError" not in failure.message or not others:
        return ""
    return f"The folder's documents also name {' and '.join(f'`{other}`' for other in others)}: run first what makes that file"


def _too_long(proposal: TrainerProposal, max_seconds: float) -> TrialFailedError:
    """Return the error of a training that nothing made short enough."""
    metric, length = proposal.metric, proposal.length
    seen = "" if metric is None or metric.value is None else f"; it printed {metric.line!r:.100} meanwhile"
    longer = f"--try-seconds {10 * max_seconds:g} lets it run for longer"
    if length is None:
        hints = [*proposal.hints.seconds, *proposal.hints.steps]
        advice = f"Shorten it with {hints[0].option or hints[0].name} ({hints[0].place}), or " if hints else ""
        return TrialFailedError(f"The command didn't end within {max_seconds:g} s{seen}", f"{advice}{longer}")
    name = length.hint.option or length.hint.name
    sizes = [hint.option or f"{hint.name} ({hint.place})" for hint in proposal.hints.sizes[:MAX_SIZES]]
    smaller = f", or let it do less, by {', '.join(sizes)}" if sizes else ""
    return TrialFailedError(
        f"The command didn't end within {max_seconds:g} s with {name} at {length.amount} either{seen}", longer + smaller
    )


def _first_result(proposal: TrainerProposal, talk: Conversation, max_seconds: float) -> FirstResult:
    """Run the trainer as it was written, with another seed, for the first result."""
    metric = proposal.metric
    if metric is None:  # refused before
        raise TrialFailedError("The trainer has no metric")
    result = run_trial(as_trial(proposal, max_seconds), MAX_FIRST_SECONDS, _SECOND_SEED, talk.say)
    if result.score is None:
        message = result.failure.message if result.failure else f"it didn't end within {MAX_FIRST_SECONDS:g} s"
        raise TrialFailedError(
            f"A second try, with the file as it was written, gave no score: {message}",
            result.failure.next_step if result.failure else "Try for longer, with --try-seconds",
        )
    if metric.value is not None and float(metric.value) == result.score:
        talk.say(f"Two seeds gave the same {metric.name}: {_why_equal(proposal)}.")
    return FirstResult(metric.name, result.score, result.seconds, result.silent_seconds)


def _why_equal(proposal: TrainerProposal) -> str:
    """Return what is known of the seed of a trainer whose two seeds gave the same value, and the remedy."""
    hints = proposal.hints
    if proposal.passes_seed:
        return f"the code is given the seed, and its result doesn't depend on it. {_NO_NOISE}"
    if hints.seeds:
        place = hints.seeds[0].place
        return f"the seed is set in {place}, so that labhand can't measure the noise; let the code read LABHAND_SEED instead"
    if seed := proposal.found.fixed_seed(proposal.editable):
        return (
            f"{seed.place} sets a fixed seed, so that labhand can't measure the noise; replace the number by {seed.replacement}"
        )
    return f"the code sets no seed from LABHAND_SEED, and leaves nothing to chance. {_NO_NOISE}"
