"""Clean environments with the wheel installed, and the commands that run in them."""

from __future__ import annotations

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
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin" / "python")
    # Compiling every module of torch or SkyPilot would take longer than the test that imports a few of them.
    done = run(*pip, "install", "--quiet", "--no-compile", requirement, cwd=environment)
    assert done.returncode == 0, f"{requirement} could not be installed; is a package index configured?\n{done.stderr}"
    return environment / "bin"
