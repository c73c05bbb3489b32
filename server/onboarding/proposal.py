"""A `trainer.toml` that is proposed for a folder, with a comment for each line that says where the line comes from."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import PurePosixPath
from typing import Final

from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, TrainerFile, parse_trainer
from .command_candidates import CommandCandidate, preparing_command
from .cpu_options import CpuOption
from .folder_survey import FolderSurvey, imported_files
from .metric_candidates import MetricCandidate
from .other_languages import files_of_command, is_code_or_settings
from .source_hints import Hint, SourceHints, hints_of, hints_of_command, knob_name
from .training_length import TrainingLength, as_given
from .wandb_metrics import OFFLINE, uses_wandb

MAX_EDITABLE: Final = 12
"""Files that `editable` names one by one; of more, the folders are named of which the code needs several."""
SEVERAL: Final = 3
_PROTECTED: Final = re.compile(
    r"(?:^|[/_-])(?:prepare|eval|evaluate|evaluation|metrics?|tests?|scoring|conftest|setup)(?:$|[/_.-])"
)
SEED_WORD: Final = re.compile(r"--?(?:random[-_]?)?seed\b")
_CONFIGURATION_FOLDERS: Final = frozenset({"conf", "config", "configs"})
MAX_OTHERS: Final = 4
"""Further metrics that are proposed."""
MIN_BUDGET_SECONDS: Final = 10
SLACK: Final = 1.5
"""The budget, in times of what the try took."""
REQUIREMENTS: Final = "requirements.txt"
PLACEHOLDER_METRIC: Final = "metric_to_be_named"


@dataclass(frozen=True, slots=True)
class TrainerProposal:
    """What `trainer.toml` would say.

    Attributes:
        found: The folder.
        command: What trains.
        editable: Files that experiments may change, and whether a metric may be computed in one of them.
        protected: Files that the training code imports and experiments may not change.
        hints: Of all these files.
        metric: None before anything was printed.
        others: Further candidates for the metric.
        length: How long each run trains; None to leave it to the code.
        include: Globs.
        data: Paths under `[data]`.
        read: Paths under `[sandbox]`.
        requirements: A file from which the environment is made; empty for none.
        python_path: The folder of packages of its own that aren't installed, such as `.`; empty for none.
        ignores_lock: The environment of `uv.lock` can't be made here, and labhand's own Python is used instead.
        seconds: What the try took on the budget's clock; None where it didn't end.
        cpu: What was added to the command so that it runs on a CPU; None for nothing.
        ended_after: Seconds after which a run that doesn't end by itself is ended, for its last value; None for one that ends.
    """

    found: FolderSurvey
    command: CommandCandidate
    editable: Sequence[str]
    protected: Sequence[str]
    hints: SourceHints
    metric: MetricCandidate | None = None
    others: Sequence[MetricCandidate] = ()
    length: TrainingLength | None = None
    include: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    requirements: str = ""
    python_path: str = ""
    ignores_lock: bool = False
    cpu: CpuOption | None = None
    seconds: float | None = None
    ended_after: int | None = None

    @property
    def name(self) -> str:
        """The trainer's name: that of the folder, as an identifier."""
        return re.sub(r"[^\w.-]+", "-", self.found.folder.resolve().name).strip("-.") or "trainer"

    @property
    def scripts(self) -> dict[str, str]:
        """The texts of the files that the command runs, by path."""
        return {path: self.found.texts[path] for path in (*self.editable, *self.protected) if path in self.found.texts}

    @property
    def logs_to_wandb(self) -> bool:
        """Whether the code uses W&B, which needs the network unless it is told otherwise."""
        return uses_wandb(list(self.scripts.values())) and not any(
            word.startswith("WANDB_MODE=") for word in self.command.words
        )

    @property
    def seed_option(self) -> str:
        """The option that gets the seed; empty if the code reads `LABHAND_SEED`, or there is none that can be given."""
        options = [hint.option for hint in self.hints.seeds if hint.option.startswith("--")]
        is_given = any(word.partition("=")[0] in options for word in self.command.words)
        return options[0] if options and not (self.hints.reads_seed or is_given) else ""

    @property
    def seed_knob(self) -> Hint | None:
        """The knob that is set to the seed; None if the seed comes in another way, or no knob sets it and nothing else."""
        names = Counter(hint.name for hint in self.hints.seeds)
        knobs = [hint for hint in self.hints.seeds if hint.number is not None and names[hint.name] == 1]
        is_needed = not (self.hints.reads_seed or self.seed_option or self._gives_seed)
        return knobs[0] if knobs and is_needed else None

    @property
    def _gives_seed(self) -> bool:
        """Whether the command itself gives its seed."""
        return any(SEED_WORD.match(word) for word in self.command.words)

    @property
    def passes_seed(self) -> bool:
        """Whether each run gets its own seed: the code reads it, or the command or a knob hands it over."""
        return self.hints.reads_seed or self.seed_knob is not None or any("{seed}" in word for word in self.words)

    @property
    def words(self) -> list[str]:
        """The command with all its arguments; `{seed}` and the like are replaced in each run."""
        seed = [self.seed_option, "{seed}"] if self.seed_option else []
        words = (*self.command.words, *(self.cpu.words if self.cpu else ()), *seed)
        return list(words) if self.length is None else self.length.as_option(words)

    def as_toml(self) -> str:
        """The content of the file."""
        return "\n".join(_lines(self)) + "\n"

    def as_trainer(self) -> TrainerFile:
        """The file as labhand reads it.

        Raises:
            ContractError: It can't be used.
        """
        return parse_trainer(self.as_toml().encode(), self.found.folder / TRAINER_FILE)


def propose(found: FolderSurvey, command: CommandCandidate) -> TrainerProposal:
    """Return what a folder's `trainer.toml` would say, before anything was tried."""
    start = command.script or _file_of_module(found, command.module)
    given = [word for word in command.words if found.has(word) and is_code_or_settings(word)]
    if start.endswith(".py"):
        configuration = [path for path in found.configuration_files if _is_configuration(path)]
        files = list(dict.fromkeys([start, *imported_files(found, start), *given, *configuration]))
    else:
        files = list(dict.fromkeys([*files_of_command(found, start), *given]))
    editable = [path for path in files if path == start or not _PROTECTED.search(path)]
    protected = [path for path in files if path not in editable]
    hints = hints_of(found, [*editable, *protected])
    steps = [as_given(hint, command.words)[0] for hint in hints.steps]
    options = {hint.option for hint in steps}
    steps += [hint for hint in hints_of_command(command.words) if hint.option not in options]
    return TrainerProposal(found, command, editable, protected, replace(hints, steps=steps), data=found.data)


def _file_of_module(found: FolderSurvey, module: str) -> str:
    place = module.replace(".", "/")
    names = [f"{root}{place}{end}" for root in ("", "src/") for end in (".py", "/__main__.py", "/__init__.py")]
    return next((name for name in names if module and found.has(name)), "")


def _is_configuration(path: str) -> bool:
    name = PurePosixPath(path)
    is_beside = "/" not in path and path.endswith((".yaml", ".yml", ".toml"))
    return is_beside or bool(_CONFIGURATION_FOLDERS & set(name.parts))


def _lines(proposal: TrainerProposal) -> Iterator[str]:
    yield f"# Proposed by `labhand init --trainer`. All keys: docs/trainer-toml.md. {_LEGEND}"
    yield f"name = {_text(proposal.name)}"
    yield ""
    yield from _editable(proposal)
    yield ""
    yield from _command(proposal)
    if proposal.include:
        yield ""
        yield "# Files that would be left out, because they are hidden or git ignores them, and that the try asked for."
        yield f"include = {_list(proposal.include)}"
    if proposal.found.dangling:
        yield from ("", "# Symlinks that lead nowhere.", f"exclude = {_list(proposal.found.dangling)}")
    yield from _environment(proposal)
    if proposal.command.processes > 1:
        yield from ("", "# Processes that the command starts; each gets a GPU or core of its own.", "[processes]")
        yield f"count = {proposal.command.processes}"
    yield ""
    yield from _metric(proposal)
    yield ""
    yield from _budget(proposal)
    if proposal.seed_knob is not None:
        hint = proposal.seed_knob
        yield from ("", f"# The seed is fixed: {_described(hint)}. Each run gets its own, so that the noise can be measured.")
        yield from ("[seed]", f"knob = {_text(knob_name(proposal.found, hint))}")
    yield from _data(proposal)
    yield from _preparing(proposal)


_LEGEND: Final = "Every line can be changed."


def _editable(proposal: TrainerProposal) -> Iterator[str]:
    yield "# What experiments may change: the code that trains, what it imports from this folder, and its settings."
    if proposal.protected:
        yield f"# Protected, because of their names: {', '.join(proposal.protected[:8])}."
    yield "# A file that computes the metric shouldn't be here: labhand believes what it prints."
    yield f"editable = {_list(_globs(proposal.editable))}"


def _globs(paths: Sequence[str]) -> list[str]:
    folders = {path: path.rpartition("/")[0] for path in paths}
    crowded = {folder for folder, count in Counter(folders.values()).items() if folder and count >= SEVERAL}
    shown = [f"{folder}/*" if folder in crowded else path for path, folder in folders.items()]
    return list(paths) if len(paths) <= MAX_EDITABLE else list(dict.fromkeys(shown))


def _command(proposal: TrainerProposal) -> Iterator[str]:
    yield f"# What trains, found in {proposal.command.place}. It runs in a copy of this folder, without the network."
    if proposal.cpu is not None:
        yield f"# {' '.join(proposal.cpu.words)} was added, because this machine has no GPU: leave it out where there is one."
    if proposal.seed_option:
        yield f"# {proposal.seed_option} was added: labhand gives each run its seed."
    if proposal.length is not None:
        unit, option = proposal.length.unit, proposal.length.hint.option
        if option:
            yield f"# {option} is set here: labhand gives each run its {unit}, so that it ends in time."
    yield f"command = {_list(proposal.words)}"


def _environment(proposal: TrainerProposal) -> Iterator[str]:
    variables = list(_variables(proposal)) if proposal.python_path or proposal.logs_to_wandb else []
    about, key, is_proposed = _interpreter(proposal)
    if not (about or variables):
        return
    yield from ("", f"# {about}") if about else ("",)
    yield "[environment]" if is_proposed or variables else "# [environment]"
    if key:
        yield key if is_proposed else f"# {key}"
    yield from variables


def _interpreter(proposal: TrainerProposal) -> tuple[str, str, bool]:
    """Return a comment, the key under `[environment]`, and whether the key is proposed or only shown; empty texts for none."""
    found = proposal.found
    if proposal.requirements:
        about = f"The Python that it runs in: made from {proposal.requirements}, once on each machine."
        return about, f"requirements = {_text(proposal.requirements)}", True
    if found.has("uv.lock") and not proposal.ignores_lock:
        return "The Python that it runs in: made from uv.lock, once on each machine.", "uv = true", True
    if found.prefix:
        return "The Python that it runs in: an environment that was there before.", f"prefix = {_text(found.prefix)}", True
    if proposal.ignores_lock:
        about = "It runs in the Python of labhand: the environment of uv.lock can't be made here. To have it made:"
        return about, "uv = true", False
    if found.has(REQUIREMENTS):
        about = f"It runs in the Python of labhand. To have one made from {REQUIREMENTS}:"
        return about, f"requirements = {_text(REQUIREMENTS)}", False
    return "", "", False


def _variables(proposal: TrainerProposal) -> Iterator[str]:
    variables: dict[str, str] = {}
    if proposal.python_path:
        yield "# PYTHONPATH: a package of this folder, which isn't installed."
        variables["PYTHONPATH"] = proposal.python_path
    if proposal.logs_to_wandb:
        yield "# W&B writes to the working folder: runs have no network."
        variables |= OFFLINE
    yield f"env = {{ {', '.join(f'{name} = {_text(value)}' for name, value in variables.items())} }}"


def _metric(proposal: TrainerProposal) -> Iterator[str]:
    metric = proposal.metric
    yield "# What experiments are judged by."
    yield "[metric]"
    if metric is None:
        yield "# Nothing that looks like a metric was printed. Name it here, and let the script print a line `NAME: VALUE`."
        yield f"name = {_text(PLACEHOLDER_METRIC)}"
    else:
        yield f"# From the {'file' if metric.file else 'line'}: {_comment(metric.line)}"
        yield from _described_metric(metric)
    yield 'source = "output"  # the command prints or writes it, and labhand believes that'
    for other in proposal.others[:MAX_OTHERS]:
        yield from ("", "[[metrics]]  # is kept and shown, and decides nothing", *_described_metric(other))


def _described_metric(metric: MetricCandidate) -> Iterator[str]:
    yield f"name = {_text(metric.name)}"
    yield f"direction = {_text(metric.direction)}  # guessed from the name"
    if metric.pattern:
        yield f"pattern = {_text(metric.pattern)}  # the last line that matches gives the value"
    if metric.file:
        yield f"file = {_text(metric.file)}"
        yield from [f"format = {_text(metric.format)}"] if metric.format else []
        yield f"key = {_text(metric.key)}"


def _budget(proposal: TrainerProposal) -> Iterator[str]:
    hints = proposal.hints
    yield "# How long a run may train: seconds on a GPU, CPU seconds elsewhere. A run that takes much longer has no score."
    if proposal.length is not None:
        hint, unit = proposal.length.hint, proposal.length.unit
        yield f"# Its length is set by {_described(hint)}: longer budgets get more {unit} in proportion."
    elif proposal.ended_after is not None:
        yield "# The command didn't end in the time of a try: it is ended after the budget, and its last value counts."
    elif hints.reads_budget:
        yield "# The code reads LABHAND_BUDGET_SECONDS, so that it can use the budget and not exceed it."
    else:
        yield from _shorteners(proposal)
    yield from _seeds(proposal)
    yield "[budget]"
    if proposal.length is not None:
        yield f"unit = {_text(proposal.length.unit)}"
        yield f"amount = {proposal.length.amount}"
        if not proposal.length.hint.option:
            yield f"knob = {_text(knob_name(proposal.found, proposal.length.hint))}  # is set to the amount in each run"
    if proposal.ended_after is not None:
        yield from (f"seconds = {proposal.ended_after}", f"cpu_seconds = {proposal.ended_after}")
        yield from ("startup_seconds = 1", "evaluation_seconds = 1", 'on_timeout = "last"')
    elif proposal.seconds is None:
        yield "# seconds = 300"
        yield "# cpu_seconds = 20"
    else:
        limit = max(MIN_BUDGET_SECONDS, ceil(proposal.seconds * SLACK))
        yield f"seconds = {limit}  # the try took {proposal.seconds:.1f} s"
        yield f"cpu_seconds = {limit}"


def _shorteners(proposal: TrainerProposal) -> Iterator[str]:
    hints = proposal.hints
    for kind, found in (("Its time is limited by", hints.seconds), ("Its length is set by", hints.steps)):
        if found:
            yield f"# {kind} {', '.join(map(_described, found[:4]))}."
    if hints.steps:
        knob = _text(knob_name(proposal.found, hints.steps[0]))
        yield f'# To let the budget set it: unit = "steps" or "epochs", amount = 100, knob = {knob}'
    if not (hints.seconds or hints.steps):
        yield "# Nothing that sets the length of training was found. The code can read LABHAND_BUDGET_SECONDS."


def _seeds(proposal: TrainerProposal) -> Iterator[str]:
    hints = proposal.hints
    if hints.reads_seed and not proposal.seed_option:
        yield "# The code reads LABHAND_SEED: runs of one source differ by their seeds."
    elif proposal.passes_seed:
        return
    elif hints.seeds:
        hint = hints.seeds[0]
        yield f"# The seed is fixed: {_described(hint)}. To let labhand vary it, in the code that uses it:"
        yield f'#   int(os.environ.get("LABHAND_SEED", {_comment(hint.text)}))'
    elif seed := proposal.found.fixed_seed(proposal.editable):
        yield f"# {seed.place} sets a fixed seed. To let labhand vary it, give it this in the place of the number:"
        yield f"#   {seed.replacement}"
    else:
        yield "# The code sets no seed from LABHAND_SEED: runs of one source differ only by what it leaves to chance."


def _described(hint: Hint) -> str:
    return f"{hint.option or hint.name} = {_comment(hint.text)} ({hint.place})"


def _data(proposal: TrainerProposal) -> Iterator[str]:
    if proposal.data:
        yield from (
            "",
            "# Data: linked into each run at the same relative path, or readable at its absolute path; never copied.",
        )
        yield from ("[data]", f"paths = {_list(proposal.data)}")
    if proposal.read:
        yield from ("", "# Paths outside of this folder that the try asked for. They can be read and not changed.")
        yield from ("[sandbox]", f"read = {_list(proposal.read)}")


def _preparing(proposal: TrainerProposal) -> Iterator[str]:
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
