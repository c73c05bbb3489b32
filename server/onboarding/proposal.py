"""A `trainer.toml` that is proposed for a folder, with a comment for each line that says where the line comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, TrainerFile, parse_trainer
from .command_candidates import CommandCandidate, preparing_command
from .folder_survey import FolderSurvey, imported_files
from .metric_candidates import MetricCandidate
from .source_hints import Hint, SourceHints, hints_of

MAX_EDITABLE: Final = 12
"""Files that `editable` names one by one; of more, their folders are named."""
_PROTECTED: Final = re.compile(
    r"(?:^|[/_-])(?:prepare|eval|evaluate|evaluation|metrics?|tests?|scoring|conftest|setup)(?:$|[/_.-])"
)
_CONFIGURATION_FOLDERS: Final = frozenset({"conf", "config", "configs"})
PLACEHOLDER_METRIC: Final = "not_found"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What `trainer.toml` would say.

    Attributes:
        found: The folder.
        command: What trains.
        editable: Files that experiments may change, and whether a metric may be computed in one of them.
        protected: Files that the training code imports and experiments may not change.
        hints: Of all these files.
        metric: None before anything was printed.
        others: Further candidates for the metric.
        arguments: Added to the command, to shorten it.
        include: Globs.
        data: Paths under `[data]`.
        read: Paths under `[sandbox]`.
        seconds: What the try took on the budget's clock; None where it didn't end.
    """

    found: FolderSurvey
    command: CommandCandidate
    editable: Sequence[str]
    protected: Sequence[str]
    hints: SourceHints
    metric: MetricCandidate | None = None
    others: Sequence[MetricCandidate] = ()
    arguments: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    seconds: float | None = None

    @property
    def name(self) -> str:
        """The trainer's name: that of the folder, as an identifier."""
        return re.sub(r"[^\w.-]+", "-", self.found.folder.resolve().name).strip("-.") or "trainer"

    @property
    def words(self) -> list[str]:
        """The command with all its arguments."""
        return [*self.command.words, *self.arguments]

    def as_toml(self) -> str:
        """The content of the file."""
        return "\n".join(_lines(self)) + "\n"

    def as_trainer(self) -> TrainerFile:
        """The file as labhand reads it.

        Raises:
            ContractError: It can't be used.
        """
        return parse_trainer(self.as_toml().encode(), self.found.folder / TRAINER_FILE)


def propose(found: FolderSurvey, command: CommandCandidate) -> Proposal:
    """Return what a folder's `trainer.toml` would say, before anything was tried."""
    start = command.script or _file_of_module(found, command.module)
    code = [start, *imported_files(found, start)] if start else []
    configuration = [path for path in found.configuration_files if _is_configuration(path, command)]
    files = list(dict.fromkeys([*code, *configuration]))
    editable = [path for path in files if path == start or not _PROTECTED.search(path)]
    protected = [path for path in files if path not in editable]
    return Proposal(found, command, editable, protected, hints_of(found, [*editable, *protected]), data=found.data)


def _file_of_module(found: FolderSurvey, module: str) -> str:
    place = module.replace(".", "/")
    names = [f"{root}{place}{end}" for root in ("", "src/") for end in (".py", "/__main__.py", "/__init__.py")]
    return next((name for name in names if module and found.has(name)), "")


def _is_configuration(path: str, command: CommandCandidate) -> bool:
    name = PurePosixPath(path)
    is_beside = "/" not in path and path.endswith((".yaml", ".yml", ".toml"))
    return path in command.words or is_beside or bool(_CONFIGURATION_FOLDERS & set(name.parts))


def _lines(proposal: Proposal) -> Iterator[str]:
    yield f"# Proposed by `labhand init --trainer`. All keys: docs/trainers.md. {_LEGEND}"
    yield f"name = {_text(proposal.name)}"
    yield ""
    yield from _editable(proposal)
    yield ""
    yield from _command(proposal)
    if proposal.include:
        yield ""
        yield "# Files that would be left out, because they are hidden or git ignores them, and that the try asked for."
        yield f"include = {_list(proposal.include)}"
    yield from _environment(proposal.found)
    yield ""
    yield from _metric(proposal)
    yield ""
    yield from _budget(proposal)
    yield from _data(proposal)
    yield from _preparing(proposal)


_LEGEND: Final = "Every line can be changed."


def _editable(proposal: Proposal) -> Iterator[str]:
    yield "# What experiments may change: the script that trains, what it imports from this folder, and its settings."
    if proposal.protected:
        yield f"# Protected, because of their names: {', '.join(proposal.protected[:8])}."
    yield "# A file that computes the metric shouldn't be here: labhand believes what it prints."
    yield f"editable = {_list(_globs(proposal.editable))}"


def _globs(paths: Sequence[str]) -> list[str]:
    if len(paths) <= MAX_EDITABLE:
        return list(paths)
    return list(dict.fromkeys(f"{path.rpartition('/')[0]}/*" if "/" in path else path for path in paths))


def _command(proposal: Proposal) -> Iterator[str]:
    yield f"# What trains, found in {proposal.command.place}. It runs in a copy of this folder, without the network."
    if proposal.arguments:
        yield f"# {' '.join(proposal.arguments)} was added, so that a run ends within its budget."
    yield f"command = {_list(proposal.words)}"


def _environment(found: FolderSurvey) -> Iterator[str]:
    if found.has("uv.lock"):
        yield from ("", "# The Python that it runs in: made from uv.lock, once on each machine.", "[environment]", "uv = true")
    elif found.prefix:
        yield from ("", "# The Python that it runs in: the virtual environment of this folder.", "[environment]")
        yield f"prefix = {_text(found.prefix)}"
    elif found.has("requirements.txt"):
        yield from ("", "# It runs in the Python of labhand. To have one made from the requirements, remove the two #:")
        yield from ("# [environment]", '# requirements = "requirements.txt"')


def _metric(proposal: Proposal) -> Iterator[str]:
    metric = proposal.metric
    yield "# What experiments are judged by."
    yield "[metric]"
    if metric is None:
        yield "# Nothing that looks like a metric was printed. Name it here, and let the script print a line `NAME: VALUE`."
        yield f"name = {_text(PLACEHOLDER_METRIC)}"
    else:
        yield f"# From the line: {_comment(metric.line)}"
        if proposal.others:
            yield f"# Also printed: {', '.join(other.name for other in proposal.others[:8])}."
        yield f"name = {_text(metric.name)}"
        yield f"direction = {_text(metric.direction)}  # guessed from the name"
        if metric.pattern:
            yield f"pattern = {_text(metric.pattern)}  # the last line that matches gives the value"
    yield 'source = "output"  # the command prints it, and labhand believes that'


def _budget(proposal: Proposal) -> Iterator[str]:
    hints = proposal.hints
    yield "# How long a run may train: seconds on a GPU, CPU seconds elsewhere. A run that takes much longer has no score."
    if hints.reads_budget:
        yield "# The code reads LABHAND_BUDGET_SECONDS, so that it can use the budget and not exceed it."
    else:
        yield from _shorteners(hints)
    yield from _seeds(hints)
    yield "[budget]"
    if proposal.seconds is None:
        yield "# seconds = 300"
        yield "# cpu_seconds = 20"
    else:
        limit = max(10, round(proposal.seconds * 1.5))
        yield f"seconds = {limit}  # the try took {proposal.seconds:.1f} s"
        yield f"cpu_seconds = {limit}"


def _shorteners(hints: SourceHints) -> Iterator[str]:
    for kind, found in (("Its time is limited by", hints.seconds), ("Its length is set by", hints.steps)):
        if found:
            yield f"# {kind} {', '.join(map(_described, found[:4]))}."
    if not (hints.seconds or hints.steps):
        yield "# Nothing that sets the length of training was found. The code can read LABHAND_BUDGET_SECONDS."


def _seeds(hints: SourceHints) -> Iterator[str]:
    if hints.reads_seed:
        yield "# The code reads LABHAND_SEED: runs of one source differ by their seeds."
    elif hints.seeds:
        hint = hints.seeds[0]
        yield f"# The seed is fixed: {_described(hint)}. To let labhand vary it:"
        yield f'#   int(os.environ.get("LABHAND_SEED", {_comment(hint.text)}))'
    else:
        yield "# The code sets no seed from LABHAND_SEED: runs of one source differ only by what it leaves to chance."


def _described(hint: Hint) -> str:
    return f"{hint.option or hint.name} = {_comment(hint.text)} ({hint.place})"


def _data(proposal: Proposal) -> Iterator[str]:
    if proposal.data:
        yield from (
            "",
            "# Data: linked into each run at the same relative path, or readable at its absolute path; never copied.",
        )
        yield from ("[data]", f"paths = {_list(proposal.data)}")
    if proposal.read:
        yield from ("", "# Paths outside of this folder that the try asked for. They can be read and not changed.")
        yield from ("[sandbox]", f"read = {_list(proposal.read)}")


def _preparing(proposal: Proposal) -> Iterator[str]:
    if preparing := preparing_command(proposal.found):
        yield from (
            "",
            f"# Runs once on each machine, outside of the sandbox. Found in {preparing.place}; to use it, remove the #:",
        )
        yield from ("# [prepare]", f"# command = {_list(preparing.words)}")


def _comment(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown if len(shown) <= 100 else f"{shown[:99]}…"


def _text(value: str) -> str:
    return f"'{value}'" if "\\" in value and "'" not in value else json.dumps(value, ensure_ascii=False)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"
