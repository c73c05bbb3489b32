"""`[environment]`: the Python that the trainer's commands run in, and the variables that they get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .toml_table import TomlTable

ENVIRONMENT_KEYS: Final[Mapping[str, Any]] = {
    "python": None,
    "prefix": None,
    "uv": None,
    "requirements": None,
    "env": {},
    "pass": None,
}
UV_LOCK: Final = "uv.lock"
UV_PROJECT: Final = "pyproject.toml"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_LABHAND: Final = re.compile(r"LABHAND_\w*|SKYPILOT_\w*|TMPDIR|CUDA_VISIBLE_DEVICES|CUDA_DEVICE_ORDER")
"""Variables that labhand itself sets for a run, or that must not reach one."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The Python that the trainer's commands run in, and the variables that they get.

    At most one of `prefix`, `uv` and `requirements` is set. With none of them and no `python`, the pool decides.

    Attributes:
        python: Path of an interpreter, from the trainer's folder or from `~`, or a name on the PATH. With `uv` or
            `requirements`, the one that the environment is made with; `uv` also takes a version. Empty for none.
        prefix: The folder of a conda environment or of a virtual environment. Empty for none.
        uv: The environment is made from `uv.lock`.
        requirements: A file of requirements, from which the environment is made. Empty for none.
        variables: Variables for the commands, by name.
        passed_on: Names of variables that the commands inherit.
    """

    python: str = ""
    prefix: str = ""
    uv: bool = False
    requirements: str = ""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    passed_on: tuple[str, ...] = ()

    @property
    def is_made(self) -> bool:
        """Whether labhand makes the environment, from files of the trainer's folder."""
        return self.uv or bool(self.requirements)

    @property
    def made_from(self) -> tuple[str, ...]:
        """The files of the trainer's folder that decide what is installed."""
        if self.uv:
            return UV_LOCK, UV_PROJECT
        return (self.requirements,) if self.requirements else ()


def read_environment(table: TomlTable) -> Environment:
    """Read the table `[environment]`."""
    environment = Environment(
        python=table.text("python") if table.has("python") else "",
        prefix=table.text("prefix") if table.has("prefix") else "",
        uv=table.flag("uv"),
        requirements=table.text("requirements") if table.has("requirements") else "",
        variables=table.texts("env"),
        passed_on=table.words("pass", needed=False),
    )
    _check_kind(table, environment)
    for key, names in (("env", environment.variables), ("pass", environment.passed_on)):
        _check_names(table, key, tuple(names))
    return environment


def _check_kind(table: TomlTable, environment: Environment) -> None:
    kinds = [key for key in ("prefix", "uv", "requirements") if getattr(environment, key)]
    if environment.prefix and environment.python:
        kinds.append("python")
    if len(kinds) > 1:
        table.problem(kinds[-1], f"can't stand beside {kinds[0]}: an environment is described in one way")


def _check_names(table: TomlTable, key: str, names: tuple[str, ...]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            table.problem(key, f"has {name!r}, which can't be the name of a variable")
        elif _OF_LABHAND.fullmatch(name):
            table.problem(key, f"has {name!r}, which labhand sets itself for each run. Leave it out")
