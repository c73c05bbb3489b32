"""Clean environments with the wheel installed, and the commands that run in them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("server", "tools", "trainer", "prompts")
"""Folders of the repository that the wheel holds."""
INSTALL_SECONDS = 300.0


def run(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and return its output and exit code."""
    return subprocess.run(
        command, cwd=cwd, env=env, input=stdin, capture_output=True, encoding="utf-8", check=False, timeout=INSTALL_SECONDS
    )


def installed(requirement: str, environment: Path) -> Path:
    """Install a requirement into a new virtual environment that shares nothing with the one the tests run in.

    Args:
        requirement: As pip takes it, such as the path of a wheel.
        environment: Folder of the new environment.

    Returns:
        The folder of the environment's programs.
    """
    made = run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment.parent)
    assert made.returncode == 0, made.stderr
    install(requirement, environment)
    return environment / "bin"


def install(requirement: str, environment: Path, *options: str | Path) -> None:
    """Install a requirement into an environment: by uv, which takes a twentieth of pip's time; by pip where uv can't.

    Args:
        requirement: As pip takes it.
        environment: Folder of the environment.
        options: That both programs have.
    """
    python = environment / "bin" / "python"
    by_uv = run(_uv(), "pip", "install", "--python", python, *options, requirement, cwd=environment, env=uv_variables())
    if by_uv.returncode == 0:
        return
    pip = (sys.executable, "-m", "pip", "--python", python)
    # Compiling every module of torch or SkyPilot would take longer than the test that imports a few of them.
    done = run(*pip, "install", "--quiet", "--no-compile", *options, requirement, cwd=environment)
    assert done.returncode == 0, f"{requirement} could not be installed; is a package index configured?\n{done.stderr}"


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else "uv"


_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
}
"""pip's options, and the variables in which uv takes the same."""


def uv_variables() -> dict[str, str]:
    """Return the environment of a uv that finds what pip finds. uv doesn't read pip's configuration, and trusts one index."""
    listed = run(sys.executable, "-m", "pip", "config", "list", cwd=ROOT).stdout.splitlines()
    given = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for line in listed:
        name, _, value = line.partition("=")
        if variable := _VARIABLES.get(name.rpartition(".")[2]):
            given[variable] = value.strip("'\"")
    return {**os.environ, **{name: os.environ.get(name, value) for name, value in given.items()}}
