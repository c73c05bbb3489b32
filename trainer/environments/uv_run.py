"""`uv run X` in a trainer's command, translated: the environment is made before, and X runs in it without uv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.errors import ContractError

_DROPPED: Final = frozenset(
    {
        *("--frozen", "--locked", "--no-sync", "--active", "--exact", "--isolated", "--no-editable", "--no-env-file"),
        *("--quiet", "-q", "--verbose", "-v", "--offline", "--no-progress", "--native-tls", "--system-certs", "--refresh"),
    }
)
"""Flags that say nothing of what is installed: labhand always installs what the lock file says."""
_FLAGS: Final = frozenset(
    {
        *("--all-extras", "--all-groups", "--all-packages", "--dev", "--no-dev", "--only-dev", "--no-default-groups"),
    }
)
_OPTIONS: Final = frozenset({"--extra", "--no-extra", "--group", "--no-group", "--only-group", "--package"})
"""What `uv sync` understands as `uv run` does; each takes a value."""
_PYTHON: Final = ("--python", "-p")
_MODULE: Final = ("--module", "-m")


@dataclass(frozen=True, slots=True)
class UvRun:
    """A command `uv run …`.

    Attributes:
        words: What runs in the environment; it begins with `python`, or with a program.
        options: For `uv sync`.
        python: The interpreter or the version that the command asks for; empty for none.
    """

    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    python: str = ""


def uv_run(command: Sequence[str]) -> UvRun | None:
    """Read a command that starts with `uv`; None for any other command.

    Raises:
        ContractError: It is no `uv run` of this project, or has an option that can't be translated.
    """
    if not command or Path(command[0]).name != "uv":
        return None
    words = [*command[1:]]
    while words and words[0] in _DROPPED:
        words.pop(0)
    if not words or words.pop(0) != "run":
        raise ContractError(
            f"The command {' '.join(command)!r} uses uv otherwise than as `uv run`",
            "Write `uv run …`, or name an interpreter: python under [environment] in trainer.toml",
        )
    return _options(command, words)


def _options(command: Sequence[str], words: list[str]) -> UvRun:
    options: list[str] = []
    python = ""
    while words and words[0].startswith("-"):
        name, equals, value = words.pop(0).partition("=")
        if name in _DROPPED or name == "--":
            continue
        if name in _FLAGS:
            options.append(name)
            continue
        if name not in {*_OPTIONS, *_PYTHON, *_MODULE} or not (equals or words):
            raise ContractError(
                f"The command {' '.join(command)!r} has {name}, which labhand can't translate: runs have no uv",
                "Add what it brings to pyproject.toml and uv.lock, or leave it out",
            )
        value = value if equals else words.pop(0)
        if name in _MODULE:
            return UvRun(("python", "-m", value, *words), tuple(options), python)
        if name in _PYTHON:
            python = value
        else:
            options += [name, value]
    if not words:
        raise ContractError(f"The command {' '.join(command)!r} names nothing to run", "Write `uv run train.py`")
    return UvRun(("python", *words) if words[0].endswith(".py") else tuple(words), tuple(options), python)
