"""Runs git isolated from the person's configuration, hooks and environment."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabhandError, SettingsError

SECONDS = 120.0
"""Time limit of a call. Only a disk that hangs makes a call take longer."""

CHECK = "`labhand doctor` checks git and the lab"
"""The remedy where git fails and its message doesn't tell why."""

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "core.filesRefLockTimeout": "20000",  # milliseconds: several processes write references at once
    "core.packedRefsTimeout": "20000",
    "gc.auto": "0",  # objects that no reference names yet must stay
    "core.fsync": "loose-object,pack,pack-metadata,reference",
    "user.name": "labhand",
    "user.email": "labhand@localhost",
}


@dataclass(frozen=True, slots=True)
class GitResult:
    """Exit status, standard output and standard error of git."""

    status: int
    output: bytes
    complaint: str


def attempt(
    *arguments: str,
    cwd: Path | None = None,
    data: bytes = b"",
    variables: dict[str, str] | None = None,
    isolated: bool = True,
) -> GitResult:
    """Runs git and returns its result, also if it failed. Blocks: call it in a thread if an event loop runs.

    Args:
        arguments: The subcommand and its arguments.
        cwd: Working directory.
        data: Standard input.
        variables: Additional environment variables.
        isolated: Leave out the person's configuration. Without it, git answers as the person's own git does.

    Raises:
        SettingsError: git isn't installed.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            input=data,
            capture_output=True,
            timeout=SECONDS,
            env=_environment(isolated=isolated) | (variables or {}),
            check=False,
        )
    except FileNotFoundError as error:
        raise SettingsError("git is not on PATH", "Install git 2.30 or later") from error
    return GitResult(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip())


def may_be_in_repository(folder: Path) -> bool:
    """Whether a folder is in a repository, as far as a look at the folders above it tells, for which no git has to start."""
    here = folder.resolve()
    return any((parent / ".git").exists() for parent in (here, *here.parents))


def run(*arguments: str, cwd: Path | None = None, data: bytes = b"", variables: dict[str, str] | None = None) -> bytes:
    """Runs git and returns its standard output.

    Raises:
        LabhandError: git failed; the text contains its status and message.
    """
    answer = attempt(*arguments, cwd=cwd, data=data, variables=variables)
    if answer.status != 0:
        raise LabhandError(f"git {arguments[0]} failed with status {answer.status}: {answer.complaint[-2000:]}", CHECK)
    return answer.output


def _environment(*, isolated: bool) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    if not isolated:
        return clean
    clean |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    clean["GIT_CONFIG_COUNT"] = str(len(_SETTINGS))
    for number, (name, value) in enumerate(_SETTINGS.items()):
        clean |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return clean
