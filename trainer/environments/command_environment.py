"""The environment of a trainer's commands: which interpreter, what the sandbox opens for it, and how its commands are started.

The first of these decides: `[environment]` of `trainer.toml`, `uv run` or the path of an interpreter in a command, `python` of
the pool, the runner's own interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.errors import ContractError
from ..contract.files import read_bounded
from ..contract.trainer_folder.packages import PACKAGES_FILE, read_packages
from ..contract.trainer_toml.trainer_file import TrainerFile
from . import recipe as recipes
from .facts import InterpreterFacts, ask
from .making import Maker
from .package import check_version, package_folder
from .recipe import Recipe
from .uv_run import UvRun, uv_run

MAX_PACKAGES_BYTES: Final = 1 << 16
PYTHON_NAME: Final = re.compile(r"python(?:[0-9][0-9.]*)?")
_VERSION: Final = re.compile(r"[0-9][0-9.]*")


@dataclass(frozen=True, slots=True)
class TrainerPlace:
    """Where a trainer is, and what is said about it beside `trainer.toml`.

    Attributes:
        project: A copy of its folder, as experiments get it.
        home: The folder that the person works in, from which a relative path of an interpreter starts; None where that isn't
            known.
        pool_python: The interpreter that the pool names; None for none.
    """

    project: Path
    home: Path | None = None
    pool_python: str | None = None


@dataclass(frozen=True, slots=True)
class CommandEnvironment:
    """The environment of a trainer's commands.

    Attributes:
        trainer: Whose it is.
        python: The interpreter; None for the runner's own.
        facts: What it says of itself; None for the runner's own.
        home: As in `TrainerPlace`.
        base: The environment without the packages that an idea adds; None if it adds none.
        added: The packages that an idea adds, with their versions.
    """

    trainer: TrainerFile
    python: Path | None = None
    facts: InterpreterFacts | None = None
    home: Path | None = None
    base: CommandEnvironment | None = None
    added: tuple[str, ...] = ()

    @property
    def interpreter(self) -> Path:
        """The interpreter that a bare `python` means."""
        return self.python or Path(sys.executable)

    def words(self, command: Sequence[str]) -> list[str]:
        """The command as it is executed: without `uv run`, with the interpreter, and with programs of the environment's bin."""
        translated = uv_run(command)
        first, *rest = command if translated is None else translated.words
        if first == "python" or (self.python is not None and self._is_interpreter(first)):
            return [str(self.interpreter), *rest]
        if os.sep in first or PYTHON_NAME.fullmatch(first):
            return [first, *rest]
        if os.access(program := self.interpreter.parent / first, os.X_OK):
            return [str(program), *rest]
        if self.base is not None and os.access(program := self.base.interpreter.parent / first, os.X_OK):
            return [str(self.interpreter), str(program), *rest]  # a console script; its first line names the base's interpreter
        return [first, *rest]

    def _is_interpreter(self, word: str) -> bool:
        return bool(PYTHON_NAME.fullmatch(word)) or _names_interpreter(word)

    def readable(self) -> list[str]:
        """Folders that the sandbox opens for reading, so that the interpreter works."""
        if self.facts is None:
            return []
        inside = [place for place in self.facts.places if self._in_home(place) is None]
        package = [] if self.trainer.data is None else [str(package_folder())]
        base = [] if self.base is None else [str(self.base.interpreter.parents[1]), *self.base.readable()]
        return [*base, self.facts.prefix, self.facts.base_prefix, str(self.interpreter.resolve()), *inside, *package]

    def variables(self, work: Path) -> dict[str, str]:
        """Variables that only the trainer's commands get.

        Args:
            work: The working copy, in which relative places of `PYTHONPATH` lie.
        """
        declared = self.trainer.environment
        passed_on = {name: os.environ[name] for name in declared.passed_on if name in os.environ}
        return self._of_interpreter() | passed_on | {**declared.variables} | self._python_path(work, declared.variables)

    def _of_interpreter(self) -> dict[str, str]:
        programs, path = str(self.interpreter.parent), os.environ.get("PATH", os.defpath)
        if self.facts is None:
            return {"PATH": f"{path}{os.pathsep}{programs}"}
        prefix = "CONDA_PREFIX" if (Path(self.facts.prefix) / "conda-meta").is_dir() else "VIRTUAL_ENV"
        user = {"PYTHONUSERBASE": self.facts.user_base} if self.facts.user_base else {}
        return {"PATH": f"{programs}{os.pathsep}{path}", prefix: self.facts.prefix} | user

    def _python_path(self, work: Path, variables: Mapping[str, str]) -> dict[str, str]:
        """Where the trainer's own packages are found: in the working copy, also if they are installed in development mode.

        Otherwise the code of the person's folder would run, whatever an experiment changes.
        """
        declared = [part for part in variables.get("PYTHONPATH", "").split(os.pathsep) if part]
        looked_up = [*self.facts.places, *self.facts.editable] if self.facts else []
        own = [inside for place in looked_up if (inside := self._in_home(place)) is not None]
        if self.trainer.environment.is_made and (work / "src").is_dir():  # the project itself isn't installed
            own.append("src")
        places = dict.fromkeys(str(work / place) for place in [*declared, *own])
        if self.trainer.data is not None and (places or self.facts):
            places[str(package_folder())] = None
        return {"PYTHONPATH": os.pathsep.join(places)} if places else {}

    def _in_home(self, place: str) -> str | None:
        """The path within the trainer's folder of a folder with the trainer's own code; None for any other folder."""
        if self.home is None or self.facts is None:
            return None
        path, home = Path(place).resolve(), self.home.resolve()
        is_own = path.is_relative_to(home) and not path.is_relative_to(Path(self.facts.prefix).resolve())
        return path.relative_to(home).as_posix() if is_own else None


def environment_of(trainer: TrainerFile, place: TrainerPlace, maker: Maker) -> CommandEnvironment:
    """Find the environment of a trainer's commands, and make it if it isn't there, with the packages that an idea adds.

    Raises:
        ContractError: The interpreter doesn't exist or doesn't work, or the environment can't be made.
    """
    base = _environment_of_trainer(trainer, place, maker)
    packages = read_packages(read_bounded(place.project / PACKAGES_FILE, MAX_PACKAGES_BYTES))
    return _with_packages(base, packages.values(), maker) if packages else base


def _with_packages(base: CommandEnvironment, requirements: Iterable[str], maker: Maker) -> CommandEnvironment:
    before = base.facts or ask(Path(sys.executable))
    python = maker.make(recipes.of_packages(before, requirements))
    facts = ask(python)
    added = sorted(set(facts.packages) - set(before.packages))
    versions = {name: facts.versions[name] for name in facts.versions if f"{name}-{facts.versions[name]}.dist-info" in added}
    if replaced := sorted(versions.keys() & before.versions.keys()):
        raise ContractError(
            f"The packages {', '.join(requirements)} would replace {', '.join(replaced)} of the trainer's environment",
            "Ask for versions that go with what is installed there",
        )
    listed = tuple(f"{name}=={version}" for name, version in sorted(versions.items()))
    return CommandEnvironment(base.trainer, python, facts, base.home, base, listed)


def _environment_of_trainer(trainer: TrainerFile, place: TrainerPlace, maker: Maker) -> CommandEnvironment:
    recipe = recipe_of(trainer, place)
    python = named_interpreter(trainer, place) if recipe is None else maker.make(recipe)
    if python is None or python == Path(sys.executable):
        return CommandEnvironment(trainer, home=place.home)
    facts = ask(python)
    if trainer.data is not None:
        check_version(facts)
    return CommandEnvironment(trainer, python, facts, place.home)


def recipe_of(trainer: TrainerFile, place: TrainerPlace) -> Recipe | None:
    """The recipe of the environment that is made for a trainer; None if it has one, or uses the pool's.

    Raises:
        ContractError: A file that the recipe needs is missing, or `uv run` has an option that can't be translated.
    """
    declared = trainer.environment
    run = _uv_run_of(trainer)
    if declared.requirements:
        base = _base(declared.python, place) or place.pool_python or ""
        return recipes.of_requirements(place.project, trainer.is_editable, declared.requirements, base)
    if declared.prefix or (declared.python and not declared.uv):
        return None
    if not (declared.uv or run):
        return None
    options = () if run is None else run.options
    python = declared.python or (run.python if run else "")
    if not (place.project / "uv.lock").is_file() and not declared.uv:
        raise ContractError(
            "The command starts with `uv run`, and the trainer's folder has no uv.lock that says what to install",
            "Run `uv lock` in the folder, or name an interpreter: python under [environment] in trainer.toml",
        )
    base = python if _VERSION.fullmatch(python) else _base(python, place)
    return recipes.of_lock(place.project, trainer.is_editable, base, options)


def _uv_run_of(trainer: TrainerFile) -> UvRun | None:
    return uv_run(trainer.command) or uv_run(trainer.prepare)


def named_interpreter(trainer: TrainerFile, place: TrainerPlace) -> Path | None:
    """The interpreter that the trainer, its command or the pool names; None for the runner's own.

    Raises:
        ContractError: There is no such interpreter.
    """
    declared = trainer.environment
    if declared.prefix:
        return _find(f"{declared.prefix}/bin/python", "prefix under [environment] in trainer.toml", declared.prefix, place)
    if declared.python:
        return _find(declared.python, "python under [environment] in trainer.toml", declared.python, place)
    if _names_interpreter(trainer.command[0]) and not (place.project / trainer.command[0]).exists():
        return _find(trainer.command[0], "command in trainer.toml", trainer.command[0], place)
    if place.pool_python is not None:
        return _find(place.pool_python, "python of the pool in labhand.toml", place.pool_python, place)
    return None


def _names_interpreter(word: str) -> bool:
    return os.sep in word and bool(PYTHON_NAME.fullmatch(Path(word).name))


def _base(python: str, place: TrainerPlace) -> str:
    """The path of the interpreter that an environment is made with; empty for none."""
    return str(_find(python, "python under [environment] in trainer.toml", python, place)) if python else ""


def _find(word: str, key: str, value: str, place: TrainerPlace) -> Path:
    path = Path(word).expanduser()
    if os.sep not in word:
        found = shutil.which(word)
        path = Path(found) if found else path
    elif not path.is_absolute():
        path = (place.home or place.project) / path
    if os.access(path, os.X_OK) and path.is_file():
        return path.absolute()
    raise ContractError(
        f"{key} is {value!r}, and {path} is no interpreter on this machine",
        f"Make that environment here, or correct {key}; with uv = true or requirements under [environment], labhand makes one",
    )
