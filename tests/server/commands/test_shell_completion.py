"""Completion in a real shell, installed as a person installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60
COMPLETE = """
source "$HOME/.bashrc"
COMP_WORDS=({words})
COMP_CWORD={place}
_labhand_completion labhand
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home folder of its own, and a program named `labhand`."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "labhand"
    program.write_text(f"#!{sys.executable}\nfrom labhand.server.main import main\nmain()\n", "utf-8")
    program.chmod(0o755)
    return {**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SHELL": "/bin/bash"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_tools_and_plots(environment: dict[str, str]) -> None:
    def bash(script: str) -> list[str]:
        command = ["bash", "--norc", "-c", script]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    bash("labhand --install-completion && true")  # bash stays the parent, which is how the shell is found
    assert sorted(bash(COMPLETE.format(words="labhand wa", place=1))) == ["wait", "watch"]
    assert bash(COMPLETE.format(words="labhand call get_", place=2)) == [
        "get_briefing",
        "get_results",
        "get_experiment",
        "get_logs",
    ]
    assert bash(COMPLETE.format(words="labhand plot p", place=2)) == ["progress", "parallel", "pareto"]
