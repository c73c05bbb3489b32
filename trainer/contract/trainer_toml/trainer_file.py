"""`trainer.toml`: what a trainer is, read and checked in one place for the server and for the runner.

Every error names the file, the line and the key. Unknown keys are left to later versions, unless one is nearly a known key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from ..errors import ContractError
from ..trainer_folder.packages import PACKAGES_FILE
from .budget import BUDGET_KEYS, Budget, misplaced_placeholders, read_budget
from .checkpoint import CHECKPOINT_KEYS, Checkpoint, read_checkpoint
from .data import DATA_KEYS, Data, read_data, read_data_paths, read_gpu_data
from .environment import ENVIRONMENT_KEYS, UV_LOCK, UV_PROJECT, Environment, read_environment
from .evaluator import EVALUATOR_KEYS, EvaluatorScript, read_evaluator
from .globs import covers, matches
from .keep import KEEP_KEYS, Keep, read_keep
from .metric import METRIC_KEYS, Metric, read_metrics
from .processes import PLACEHOLDER, PROCESSES_KEYS, Processes, read_processes
from .seed import SEED_KEYS, read_seed_knob
from .toml_table import Problems, TomlTable

if TYPE_CHECKING:
    from ..run_spec import DeviceKind

TRAINER_FILE: Final = "trainer.toml"
REMEDY: Final = "See docs/trainer-toml.md for every key"


@dataclass(frozen=True, slots=True)
class TrainerFile:
    """A trainer's `trainer.toml`.

    Attributes:
        editable: Paths or globs of the files that an experiment may change; `**` stands for any number of folders.
        command: What trains; a bare `python` is the interpreter of the environment, else of the pool, else the runner's own.
        metrics: The first is the one that runs are judged by.
        data: None for a trainer that brings its own. `on_device` sets it to what counts on a device.
        gpu_data: Of `[data.gpu]`, which counts on a GPU; None where the data is the same on every device.
        evaluator: The person's own; None where the evaluator of language models scores, or the metric is self-reported.
        prepare: Command to run once on each machine before anything trains; empty for none.
        read: Paths outside the run folder that its code may read besides; they may begin with `~` or `{cache}`.
        network: Its code may use the network.
        file_gib: The largest file that it may write; None for the usual limit of the kind of device.
        include: Globs of files that are part of the source although they are hidden or git ignores them.
        exclude: Globs of files and folders that aren't part of the source.
        data_paths: Files and folders that are linked read-only into each run at the same relative path, or made readable where
            the path is absolute or begins with `~`.
        environment: The Python that its commands run in, and their variables.
        processes: The processes that its command starts; None for one that needs no loopback network.
        checkpoint: What it leaves for another run to go on from; None if it starts anew.
        keep: What is kept of its working folder when a run is over; None for nothing.
        seed_knob: The knob of the source that is set to the seed of each run; empty for none.
    """

    name: str
    editable: tuple[str, ...]
    command: tuple[str, ...]
    metrics: tuple[Metric, ...]
    budget: Budget
    data: Data | None = None
    gpu_data: Data | None = None
    prepare: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    network: bool = False
    file_gib: float | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    data_paths: tuple[str, ...] = ()
    environment: Environment = field(default_factory=Environment)
    evaluator: EvaluatorScript | None = None
    processes: Processes | None = None
    checkpoint: Checkpoint | None = None
    keep: Keep | None = None
    seed_knob: str = ""

    @property
    def metric(self) -> Metric:
        """What runs are judged by."""
        return self.metrics[0]

    @property
    def process_count(self) -> int:
        """Processes that the command starts and that train together."""
        return 1 if self.processes is None else self.processes.count

    def on_device(self, device: DeviceKind) -> TrainerFile:
        """The same trainer, with the data that it has on a kind of device."""
        return self if device == "cpu" or self.gpu_data is None else replace(self, data=self.gpu_data)

    @property
    def has_gpu_data(self) -> bool:
        """Whether `data` is what `[data.gpu]` says, and differs from what it is elsewhere."""
        return self.gpu_data is not None and self.data is self.gpu_data

    def is_editable(self, path: str) -> bool:
        """Whether experiments may differ in this file, named relative to the folder. `trainer.toml` is never editable.

        The file of an idea's packages always is: a launch writes it.
        """
        return path == PACKAGES_FILE or (path != TRAINER_FILE and matches(path, self.editable))

    @property
    def reads_cache(self) -> bool:
        """Whether one of its commands reads what was prepared into the machine's cache."""
        script = self.evaluator
        return any("{cache}" in path for path in (*self.read, *(() if script is None else (*script.read, *script.sealed_read))))

    @property
    def has_sealed_split(self) -> bool:
        """Whether its evaluator has a split that is scored for the person's report alone."""
        return not self.metric.self_reported and (self.evaluator is None or bool(self.evaluator.sealed_read))


def read_trainer(folder: Path) -> TrainerFile:
    """Read the `trainer.toml` of a trainer folder.

    Raises:
        ContractError: The file is missing or isn't TOML, or keys are missing or can't be used: names the file, line and key.
    """
    path = folder / TRAINER_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ContractError(f"{path} is missing", f"A trainer folder has a {TRAINER_FILE}") from None
    except OSError as error:
        raise ContractError(f"{path} can't be read: {error.strerror}") from error
    return parse_trainer(content, path)


def parse_trainer(content: bytes, path: Path) -> TrainerFile:
    """Read the content of a `trainer.toml`.

    Args:
        content: Of the file.
        path: Of the file, for errors.

    Raises:
        ContractError: As `read_trainer`.
    """
    text = _decode(content, path)
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ContractError(f"{path} is not valid TOML: {error}", "Correct that line") from error
    problems = Problems(text)
    trainer = _trainer(TomlTable(problems, values, (), _KEYS))
    if problems.lines:
        raise ContractError(f"{path} can't be used: {'; '.join(problems.lines)}", REMEDY)
    return trainer


def _decode(content: bytes, path: Path) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ContractError(f"{path} is encoded as UTF-16", "Save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        shown = f"byte 0x{content[error.start]:02x} on line {line}"
        raise ContractError(f"{path} is not encoded as UTF-8: {shown}", "Save it as UTF-8") from error


_KEYS: Final[Mapping[str, Any]] = {
    "name": None,
    "editable": None,
    "command": None,
    "include": None,
    "exclude": None,
    "metric": METRIC_KEYS,
    "metrics": METRIC_KEYS,
    "data": DATA_KEYS,
    "evaluator": EVALUATOR_KEYS,
    "budget": BUDGET_KEYS,
    "prepare": {"command": None},
    "environment": ENVIRONMENT_KEYS,
    "sandbox": {"read": None, "network": None, "file_gib": None},
    "processes": PROCESSES_KEYS,
    "checkpoint": CHECKPOINT_KEYS,
    "keep": KEEP_KEYS,
    "seed": SEED_KEYS,
}
"""Every key, by table."""


def _trainer(table: TomlTable) -> TrainerFile:
    sandbox = table.table("sandbox")
    metrics = read_metrics(table)
    metric = metrics[0]
    prepare = table.table("prepare").words("command") if table.has("prepare") else ()
    data_table = table.table("data")
    editable = _editable(table)
    evaluator = _evaluator(table, editable)
    data = _data(table, data_table, metric, evaluator)
    _check_evaluator(table, metrics, evaluator)
    name, command = table.text("name"), _command(table)
    budget = read_budget(table.table("budget"))
    for word in misplaced_placeholders(command, budget):
        table.problem("command", f"has {word}, and budget.unit is {budget.unit!r}")
    if data is not None and budget.unit != "seconds":
        table.problem("budget", "a trainer that is measured through labhand's session has a budget in seconds: remove unit")
    trainer = TrainerFile(
        name=name,
        editable=editable,
        command=command,
        metrics=metrics,
        budget=budget,
        data=data,
        gpu_data=None if data is None else read_gpu_data(data_table, data),
        prepare=prepare,
        read=sandbox.words("read", needed=False),
        network=sandbox.flag("network"),
        file_gib=sandbox.positive("file_gib", 1.0) if sandbox.has("file_gib") else None,
        include=_globs(table, "include"),
        exclude=_exclude(table),
        data_paths=read_data_paths(data_table),
        environment=read_environment(table.table("environment")),
        evaluator=evaluator,
        processes=read_processes(table.table("processes")) if table.has("processes") else None,
        checkpoint=_checkpoint(table, evaluator),
        keep=read_keep(table.table("keep")) if table.has("keep") else None,
        seed_knob=read_seed_knob(table.table("seed")) if table.has("seed") else "",
    )
    _protect_environment(table, trainer)
    return trainer


def _protect_environment(table: TomlTable, trainer: TrainerFile) -> None:
    """Refuse that experiments choose what is installed: that is done outside of the sandbox."""
    runs_uv = trainer.environment.uv or "uv" in {*trainer.command[:1], *trainer.prepare[:1]}
    files = (UV_LOCK, UV_PROJECT) if runs_uv else trainer.environment.made_from
    for file in filter(trainer.is_editable, files):
        table.problem(
            "editable", f"matches {file}, which decides what is installed on this machine. Leave it out; a person changes it"
        )


def _command(table: TomlTable) -> tuple[str, ...]:
    words = table.words("command")
    if any(PLACEHOLDER in word for word in words) and not table.has("processes"):
        table.problem("command", f"names {PLACEHOLDER}, and the file has no [processes]. Add that table, with count = 2")
    return words


def _evaluator(table: TomlTable, editable: Sequence[str]) -> EvaluatorScript | None:
    if not table.has("evaluator"):
        return None
    return read_evaluator(table.table("evaluator"), lambda path: path != TRAINER_FILE and matches(path, editable))


def _data(table: TomlTable, data: TomlTable, metric: Metric, evaluator: EvaluatorScript | None) -> Data | None:
    """The corpus. A trainer with an evaluator of its own may do without one."""
    if metric.source != "evaluator" or (evaluator is not None and not data.has("corpus")):
        return None
    if not table.has("data"):
        table.problem(
            "data",
            "the evaluator of language models needs data.corpus and data.vocabulary; for a script of your own, add [evaluator]",
        )
        return None
    return read_data(data)


def _check_evaluator(table: TomlTable, metrics: Sequence[Metric], evaluator: EvaluatorScript | None) -> None:
    judged, *others = metrics
    if evaluator is not None and judged.self_reported:
        where = f'{judged.name} has source = "output", which the training command prints or writes'
        table.problem("evaluator", f'{where}. Set source = "evaluator" for it, or leave out [evaluator]')
    for metric in metrics:
        if evaluator is not None and metric.source == "evaluator" and metric.file:
            table.problem(
                "metrics", f"{metric.name} has a file, and the script of [evaluator] prints its metrics: use pattern or json"
            )
    for other in others:
        if other.source == "evaluator" and evaluator is None:
            problem = f'{other.name} has source = "evaluator", which measures {judged.name} alone'
            table.problem("metrics", f"{problem}: read it from what the command prints or writes")


def _checkpoint(table: TomlTable, evaluator: EvaluatorScript | None) -> Checkpoint | None:
    if not table.has("checkpoint"):
        return None
    return read_checkpoint(table.table("checkpoint"), () if evaluator is None else evaluator.artifacts)


def _editable(table: TomlTable) -> tuple[str, ...]:
    globs = _globs(table, "editable", needed=True)
    if TRAINER_FILE in globs:
        table.problem("editable", f"is {TRAINER_FILE!r} and has to be a file other than {TRAINER_FILE}")
    return globs


def _exclude(table: TomlTable) -> tuple[str, ...]:
    globs = _globs(table, "exclude")
    for glob in globs:
        if covers(TRAINER_FILE, [glob]):
            table.problem("exclude", f"is {glob!r}, which leaves out {TRAINER_FILE}")
    return globs


def _globs(table: TomlTable, key: str, *, needed: bool = False) -> tuple[str, ...]:
    globs = table.words(key, needed=needed)
    for glob in globs:
        if not glob or PurePosixPath(glob).is_absolute() or ".." in PurePosixPath(glob).parts:
            table.problem(key, f"is {glob!r} and has to be a path inside the folder")
    return globs
