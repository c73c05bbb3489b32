"""What `labhand doctor` checks of the trainer: its interpreter, its imports, its GPU, its files. And how it is prepared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, cast

from ....trainer.contract.files import outside_path
from ....trainer.contract.run_spec import DeviceKind
from ...errors import LabhandError
from ...machine import devices
from ...onboarding.trial import TrainerTrial, run_trial
from ...pool_settings import LocalPool
from ...settings import Settings
from ...source.inspection.needs import Needs, needs_of
from ...source.repository import write_folder
from ...source.trainer_folder import FILE as TRAINER_FILE
from ...source.trainer_folder import Source, Trainer, load_trainer, read_folder

State = Literal["ok", "note", "bad"]
PROBE_SECONDS: Final = 90.0
MAX_LINES: Final = 5
"""Lines of a failed run's output that are shown."""
READINESS: Final = "labhand.trainer.run.readiness"
_TORCH_REMEDY: Final = "pip install 'labhand[trainer]', or name an interpreter: python under [environment] in trainer.toml"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        state: `bad` stops experiments, `note` limits what labhand can promise.
        finding: The state of the subject, in words.
        fix: The remedy; empty if none is needed.
    """

    subject: str
    state: State
    finding: str
    fix: str = ""


def prepare_trainer(settings: Settings, trainer: Trainer) -> None:
    """Make the trainer's environment and run its `[prepare]` command, as the first run on this machine would.

    Where `[data.gpu]` names other data and local pools have both GPUs and processors, both are prepared.

    Raises:
        LabhandError: Something failed; it has printed the reason.
    """
    with TemporaryDirectory(prefix="labhand-") as name:
        write_folder(read_folder(trainer.folder), Path(name) / "source")
        kinds = _device_kinds(settings)
        for device in kinds if trainer.file.gpu_data is not None else kinds[:1]:
            command = [*_readiness("make", Path(name) / "source", settings, trainer), "--device", device]
            if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
                raise LabhandError(f"{trainer.folder} could not be prepared", "The output above shows the reason")


def _device_kinds(settings: Settings) -> list[DeviceKind]:
    """The kinds of device that the local pools have; that of this machine where there is no local pool. GPUs come first."""
    named = [pool.local_gpu for pool in settings.pools.values() if isinstance(pool, LocalPool)] or [None]
    kinds = {devices(gpu).kind for gpu in named}
    has_gpu: list[DeviceKind] = ["cuda"] if kinds - {"cpu"} else []
    return [*has_gpu, "cpu"] if "cpu" in kinds else has_gpu


def _readiness(action: str, source: Path, settings: Settings, trainer: Trainer) -> list[str]:
    python = next((pool.local_python for pool in settings.pools.values() if pool.local_python), None)
    of_pool = [] if python is None else ["--python", python]
    return [sys.executable, "-P", "-m", READINESS, action, str(source), "--home", str(trainer.folder), *of_pool]


def check_needs(root: Path, settings: Settings) -> Iterator[CheckResult]:
    """Yield what the machine lacks of all that the trainer needs, with the interpreter that its commands run."""
    try:
        trainer = load_trainer(settings.trainer, root)
        source = read_folder(trainer.folder)
    except LabhandError:  # another check reports it
        return
    needs = needs_of(source, trainer.is_editable)
    of_evaluator: list[str] = [] if trainer.file.data is None else ["torch", "numpy"]
    modules = sorted({*needs.modules, *needs.late_modules, *of_evaluator})
    answer = _ask(settings, trainer, source, modules)
    yield _python(answer, trainer)
    yield _prepared(answer, trainer)
    if "missing" in answer:
        yield from _imports(answer, trainer, needs)
        if trainer.file.data is not None or "torch" in needs.modules:
            yield _torch(answer)
    if needs.cuda:
        yield _cuda(settings, trainer, needs)
    yield from _absent(answer, trainer)
    yield from _paths(trainer, needs)
    yield from _variables(trainer)


def try_trainer(root: Path, settings: Settings, max_seconds: float, say: Callable[[str], None]) -> CheckResult:
    """Run the lab's trainer once in its sandbox, as an experiment would run.

    Args:
        root: The lab's.
        settings: The lab's.
        max_seconds: Of the run, from the start of its command on.
        say: Tells the person that the run waits for a slot.

    Raises:
        LabhandError: There is no slot, or the folder can't be a source.
    """
    trainer = load_trainer(settings.trainer, root)
    toml = (trainer.folder / TRAINER_FILE).read_bytes()
    result = run_trial(TrainerTrial(trainer.folder, toml, trainer.file, trainer.left_out), max_seconds, 1, say)
    if result.failure is not None:
        failure = result.failure
        lines = f"; its last lines: {' | '.join(failure.lines[-MAX_LINES:])}" if failure.lines else ""
        return CheckResult("try", "bad", f"a run failed as {failure.kind}: {failure.message}{lines}", failure.next_step)
    if result.score is None:
        budget = trainer.cpu_seconds if devices().clock == "cpu" else trainer.budget_seconds
        finding = f"a run was ended after {max_seconds:g} s without having failed; its budget is {budget:g} s"
        return CheckResult("try", "note", finding, f"labhand doctor --try --try-seconds {10 * max_seconds:g}")
    finding = f"a run gave {trainer.metric.name} = {result.score:g}, after {result.seconds:.1f} s of training"
    return CheckResult("try", "ok", finding)


def _ask(settings: Settings, trainer: Trainer, source: Source, modules: Sequence[str]) -> dict[str, Any]:
    """Return what `readiness.check` found out."""
    with TemporaryDirectory(prefix="labhand-") as name:
        write_folder(source, Path(name) / "source")
        device = ["--device", _device_kinds(settings)[0]]
        command = [*_readiness("check", Path(name) / "source", settings, trainer), *device, "--modules", *modules]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=True)
        except subprocess.TimeoutExpired:
            return {"problem": f"the interpreter did not answer within {PROBE_SECONDS:.0f} seconds", "remedy": "try again"}
        except subprocess.CalledProcessError as error:
            return {"problem": error.stderr.strip()[-300:] or "the check failed", "remedy": "report this as a bug of labhand"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _python(answer: dict[str, Any], trainer: Trainer) -> CheckResult:
    if answer.get("problem"):
        return CheckResult("Python", "bad", answer["problem"], answer["remedy"])
    made_from = " and ".join(trainer.file.environment.made_from) or "uv.lock"
    if "interpreter" not in answer:
        finding = f"the environment of {made_from} isn't made yet; the first experiment makes it in {answer['folder']}"
        return CheckResult("Python", "note", finding, "labhand prepare")
    origin = {
        "own": "labhand's own",
        "named": "named in trainer.toml or in labhand.toml",
        "uv": "made from uv.lock",
        "requirements": f"made from {made_from}",
    }
    finding = f"the trainer's commands run {answer['interpreter']} ({origin[answer['kind']]}), Python {answer['python']}"
    return CheckResult("Python", "ok", finding)


def _prepared(answer: dict[str, Any], trainer: Trainer) -> CheckResult:
    if not trainer.prepare:
        return CheckResult("data", "ok", "the trainer has nothing to prepare")
    if answer.get("prepared"):
        return CheckResult("data", "ok", f"prepared, in {answer['prepared']}")
    return CheckResult("data", "note", "not prepared; the first experiment will prepare it", "labhand prepare")


def _imports(answer: dict[str, Any], trainer: Trainer, needs: Needs) -> Iterator[CheckResult]:
    late = [name for name in answer["missing"] if name in needs.late_modules]
    missing = [name for name in answer["missing"] if name not in late]
    if not missing:
        count = len(needs.modules)
        yield CheckResult("imports", "ok", f"all {count} packages that the editable files import at their top are there")
    for names, state, places in ((missing, "bad", needs.modules), (late, "note", needs.late_modules)):
        if names:
            listed = ", ".join(f"{name} ({places[name]})" if name in places else name for name in names)
            only = ", which only functions import" if state == "note" else ""
            finding = f"{answer['interpreter']} lacks {listed}{only}"
            yield CheckResult("imports", cast("State", state), finding, _how_to_add(answer, trainer, names))


def _how_to_add(answer: dict[str, Any], trainer: Trainer, missing: Sequence[str]) -> str:
    """Return how packages come into the trainer's environment."""
    environment = trainer.file.environment
    if environment.uv or answer["kind"] == "uv":
        return f"uv add {' '.join(missing)}, in {trainer.folder}"
    if environment.requirements:
        return f"add {', '.join(missing)} to {environment.requirements}"
    if answer["kind"] == "own" and "torch" in missing:
        return _TORCH_REMEDY
    return f"{answer['interpreter']} -m pip install {' '.join(missing)}"


def _torch(answer: dict[str, Any]) -> CheckResult:
    if answer["torch"] is None:
        return CheckResult("torch", "bad", f"{answer['interpreter']} can't import torch", _TORCH_REMEDY)
    version, sees_gpus = answer["torch"]
    if devices().kind != "cpu" and not sees_gpus:
        return CheckResult("torch", "bad", f"{version} doesn't see the GPUs", "install a CUDA build of torch")
    return CheckResult("torch", "ok", f"{version} in {answer['interpreter']}")


def _cuda(settings: Settings, trainer: Trainer, needs: Needs) -> CheckResult:
    has_gpu = devices().kind != "cpu" or any(pool.declared_gpu for pool in settings.pools.values())
    if has_gpu:
        return CheckResult("CUDA", "ok", f"the code needs a GPU ({needs.cuda}), and a pool has one")
    file = needs.cuda.partition(":")[0]
    is_run = any(word.endswith(file) for word in trainer.file.command)  # code of another file may never be called
    return CheckResult(
        "CUDA",
        "bad" if is_run else "note",
        f"the code {'needs' if is_run else 'may need'} a GPU: {needs.cuda} uses CUDA without asking whether there is one,"
        " and no pool has a GPU",
        "add a pool with GPUs to labhand.toml, or choose the device by torch.cuda.is_available()",
    )


def _absent(answer: dict[str, Any], trainer: Trainer) -> Iterator[CheckResult]:
    """Yield the paths of `read` that aren't there. `[prepare]` may make them, so that they are no fault before it has run."""
    is_to_come = bool(trainer.prepare) and not answer.get("prepared")
    state: State = "note" if is_to_come else "bad"
    fix = "labhand prepare" if is_to_come else "correct that path"
    for path in map(outside_path, trainer.file.read):
        if not path.exists():
            yield CheckResult("files", state, f"read under [sandbox] names {path}, which isn't there", fix)


def _paths(trainer: Trainer, needs: Needs) -> Iterator[CheckResult]:
    named = list(map(outside_path, trainer.file.read))
    data = [Path(os.path.normpath(trainer.folder / Path(path).expanduser())) for path in trainer.file.data_paths]
    readable = [*named, *data]  # another check says what of the data isn't there
    for path, place in needs.paths.items():
        found = Path(os.path.normpath(trainer.folder / Path(path).expanduser()))
        if found.is_relative_to(trainer.folder):
            continue
        if not found.exists():
            yield CheckResult(
                "files", "note", f"{place} names {path}, and {found} isn't there", "if the code reads it, put it there"
            )
        elif not any(found.is_relative_to(folder) for folder in readable):
            fix = f'read = ["{found}"] under [sandbox] in trainer.toml'
            yield CheckResult("files", "note", f"{place} names {path}, which experiments can't read", fix)


def _variables(trainer: Trainer) -> Iterator[CheckResult]:
    unset = [name for name in trainer.file.environment.passed_on if name not in os.environ]
    if unset:
        finding = f"pass under [environment] names {', '.join(unset)}, which this shell doesn't set"
        yield CheckResult("variables", "note", finding, "set it where labhand is started")
