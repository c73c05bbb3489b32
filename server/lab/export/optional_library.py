"""Loads a library that only one export needs, or says how to install it."""

from __future__ import annotations

import re
import shlex
import sys
from importlib import import_module, metadata
from types import ModuleType

from ...errors import BadInputError


def load_library(module: str, extra: str) -> ModuleType:
    """Return a module of a library that an extra of labhand installs.

    Raises:
        BadInputError: It isn't installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        install = shlex.join([sys.executable, "-m", "pip", "install", *requirements_of(extra)])
        problem = f"{module.partition('.')[0]} can't be imported in labhand's environment ({error}), and this export needs it"
        raise BadInputError(problem, f"Install what the extra labhand[{extra}] names: {install}") from error


def requirements_of(extra: str) -> list[str]:
    """Return what an extra requires, as pip takes it: `mlflow-skinny<4,>=3`."""
    marked = re.compile(rf"extra == ['\"]{extra}['\"]")
    required = [line.partition(";") for line in metadata.requires("labhand") or ()]
    return [requirement.strip() for requirement, _, marker in required if marked.search(marker)]
