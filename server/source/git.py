"""git as a tool: run on its own, so that no person's configuration, hook or environment changes what it does."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabhandError, SettingsError

SECONDS = 120.0
"""No call takes longer unless a disk hangs."""

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "core.filesRefLockTimeout": "20000",  # several processes write references at once
    "core.packedRefsTimeout": "20000",
    "gc.auto": "0",  # what no reference names yet must stay
    "user.name": "labhand",
    "user.email": "labhand@localhost",
}


@dataclass(frozen=True, slots=True)
class GitResult:
    """What git said."""

    status: int
    output: bytes
    complaint: str


def attempt(*arguments: str, cwd: Path | None = None, data: bytes = b"", variables: dict[str, str] | None = None) -> GitResult:
    """Run git and say how it went. Blocks; call it in a thread where an event loop runs.

    Args:
        arguments: The subcommand and what it takes.
        cwd: Where to run it.
        data: Its standard input.
        variables: Of the environment, on top.

    Raises:
        SettingsError: There is no git.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            input=data,
            capture_output=True,
            timeout=SECONDS,
            env=_environment() | (variables or {}),
            check=False,
        )
    except FileNotFoundError as error:
        raise SettingsError("git is not on PATH", "Install git 2.30 or later") from error
    return GitResult(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip())


def run(*arguments: str, cwd: Path | None = None, data: bytes = b"", variables: dict[str, str] | None = None) -> bytes:
    """Run git and give what it wrote.

    Raises:
        LabhandError: It failed; says how.
    """
    answer = attempt(*arguments, cwd=cwd, data=data, variables=variables)
    if answer.status != 0:
        raise LabhandError(f"git {arguments[0]} failed with status {answer.status}: {answer.complaint[-2000:]}")
    return answer.output


def _environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    clean["GIT_CONFIG_COUNT"] = str(len(_SETTINGS))
    for number, (name, value) in enumerate(_SETTINGS.items()):
        clean |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return clean
