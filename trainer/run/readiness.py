"""Makes a machine ready for a trainer, or tells what it lacks: `python -m labhand.trainer.run.readiness make|check FOLDER`.

`labhand prepare` and `labhand doctor` start it with the trainer's folder as an experiment gets it. So what they do and find is
what a run does and finds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ..contract.errors import ContractError
from ..contract.run_spec import DeviceKind, RunSpec
from ..contract.trainer_toml.trainer_file import TrainerFile, read_trainer
from ..environments.command_environment import CommandEnvironment, TrainerPlace, environment_of, named_interpreter, recipe_of
from ..environments.facts import MAX_SECONDS
from ..environments.making import Maker, check_lock, folder_of, is_made
from .child import Stop
from .environment import scrubbed
from .failures.classify import RunFailedError
from .output.log import Log
from .preparation import prepare_once, what_is_prepared

_IMPORTS: Final = """
import importlib.util, json, sys
def is_missing(name):
    try:
        return importlib.util.find_spec(name) is None
    except Exception:
        return False
missing = [name for name in sys.argv[1:] if is_missing(name)]
torch = None
if "torch" in sys.argv[1:] and "torch" not in missing:
    import torch as module
    torch = [module.__version__, module.cuda.is_available()]
print(json.dumps({"missing": missing, "torch": torch}))
"""


def make(trainer: TrainerFile, place: TrainerPlace, device: DeviceKind) -> None:
    """Make the environment if it isn't there, and run the command of `[prepare]`, also if that was done before.

    Args:
        trainer: The trainer, on the device that is prepared for.
        place: Where it is.
        device: That device.

    Raises:
        ContractError: The environment can't be made.
        RunFailedError: The command failed.
    """
    home = None if place.home is None else str(place.home)
    spec = RunSpec("prepare", "prepare", 0, 1.0, "cpu", device, trainer_folder=home)
    stop = Stop()
    with TemporaryDirectory(prefix="labhand-") as name, Log(Path(name) / "log.txt", sys.stdout.buffer) as log:
        maker = Maker(lambda line: log.write(f"{line}\n".encode()), stop.check)
        environment = environment_of(trainer, place, maker)
        sys.stdout.write(f"The trainer's commands run {environment.interpreter}\n")
        sys.stdout.flush()
        prepared = prepare_once(environment, place.project, spec, log, stop, again=True)
        if prepared is None:
            sys.stdout.write(f"The trainer {trainer.name} has no [prepare] command.\n")
        else:
            sys.stdout.write(f"Prepared, in {prepared.files} and {prepared.home}. Runs see it at the same places.\n")


def check(trainer: TrainerFile, place: TrainerPlace, modules: Sequence[str]) -> dict[str, Any]:
    """Find out what a run would find, without making anything.

    Args:
        trainer: The trainer, on the device that it would run on.
        place: Where it is.
        modules: That its code imports.

    Returns:
        `interpreter`, its `python` version, `kind` (`uv`, `requirements`, `named` or `own`), the modules that are `missing`,
        `torch` with its version and whether it sees a GPU if it is among the modules, the folder that is `prepared`, and
        `problem` with `remedy`. An environment that isn't made yet has no interpreter.
    """
    try:
        recipe = recipe_of(trainer, place)
        kind = recipe.kind if recipe else "own" if named_interpreter(trainer, place) is None else "named"
        if recipe is not None and not is_made(recipe):
            check_lock(recipe)
            return {"kind": kind, "folder": str(folder_of(recipe))}
        environment = environment_of(trainer, place, Maker())
    except ContractError as error:
        return {"problem": error.problem, "remedy": error.remedy}
    prepared = what_is_prepared(trainer, place.project, None if place.home is None else str(place.home))
    return {
        "kind": kind,
        "interpreter": str(environment.interpreter),
        "python": environment.facts.python if environment.facts else sys.version.split()[0],
        "prepared": None if prepared is None else str(prepared.files),
        **_imports(environment, place, modules),
    }


def _imports(environment: CommandEnvironment, place: TrainerPlace, modules: Sequence[str]) -> dict[str, Any]:
    with TemporaryDirectory(prefix="labhand-") as name:
        spec = RunSpec("check", "check", 0, 1.0, "cpu", "cuda")
        variables = scrubbed(spec, Path(name)) | environment.variables(place.project)
        command = [str(environment.interpreter), "-c", _IMPORTS, *modules]
        try:
            done = subprocess.run(
                command, cwd=name, env=variables, capture_output=True, timeout=MAX_SECONDS, text=True, check=True
            )
            answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        except subprocess.CalledProcessError as error:
            last = error.stderr.strip().splitlines()[-1:] or ["it printed nothing"]
            return {"problem": f"{environment.interpreter} can't import torch: {last[0]:.300}", "remedy": "Install it again"}
        except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
            return {"problem": f"{environment.interpreter} can't be asked what it imports: {error}", "remedy": "Repair it"}
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit status: 1 if the machine isn't ready, with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m labhand.trainer.run.readiness", description="Make a machine ready")
    parser.add_argument("action", choices=("make", "check"))
    parser.add_argument("folder", type=Path, help="the trainer's folder as an experiment gets it")
    parser.add_argument("--home", type=Path, help="the folder that the person works in")
    parser.add_argument("--python", help="the interpreter that the pool names")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--modules", nargs="*", default=[], help="modules to look for")
    given = parser.parse_args(arguments)
    place = TrainerPlace(given.folder, given.home, given.python)
    try:
        trainer = read_trainer(given.folder).on_device(given.device)
        if given.action == "check":
            sys.stdout.write(json.dumps(check(trainer, place, given.modules)) + "\n")
        else:
            make(trainer, place, given.device)
    except ContractError as error:
        sys.stderr.write(f"{error.problem}. {error.remedy}\n")
        return 1
    except RunFailedError as error:
        sys.stderr.write(f"{error.failure.message}\n{error.failure.next_step}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
