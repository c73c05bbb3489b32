"""The program `labhand` starts a hook without the libraries of the other commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = {"aiosqlite", "anyio", "mcp", "numpy", "pydantic", "pydantic_settings", "rich", "scipy", "torch", "typer"}
RUN = "import sys; from labhand.server.entry import main; main(); print(*sys.modules, file=sys.stderr)"


def entry(*arguments: str, folder: Path, said: str = "{}") -> subprocess.CompletedProcess[str]:
    """Run the program; its standard error ends with the modules that it has imported."""
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, cwd=folder, input=said, capture_output=True, encoding="utf-8", timeout=60, check=False)


@pytest.mark.parametrize("event", ["session-start", "stop"])
def test_a_hook_imports_none_of_the_slow_libraries(event: str, tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('trainer = "gpt"\n', "utf-8")

    done = entry("hook", event, "--root", str(tmp_path), "--as", "me", folder=tmp_path, said=json.dumps({"cwd": "/"}))

    assert done.returncode == 0, done.stderr
    assert bool(done.stdout) == (event == "session-start")
    assert SLOW & {name.partition(".")[0] for name in done.stderr.split()} == set()


def test_a_hook_that_fails_lets_the_client_go_on(tmp_path: Path) -> None:
    done = entry("hook", "stop", folder=tmp_path, said=json.dumps({"cwd": "\0"}))

    assert (done.returncode, done.stdout) == (0, "")
    assert "labhand hook stop: ValueError" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["stop", "--root"], ["stop", "--unknown", "x"]])
def test_arguments_that_are_no_hook_s_are_refused_by_the_command_line(arguments: list[str], tmp_path: Path) -> None:
    done = entry("hook", *arguments, folder=tmp_path)

    assert done.returncode == 2
    assert "Error" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_describes_the_hook(tmp_path: Path) -> None:
    done = entry("hook", "--help", folder=tmp_path)

    assert done.returncode == 0
    assert "session-start" in done.stdout
