"""What the plugin's script does on a machine with labhand, and without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

SCRIPTS = Path(__file__).parents[2] / "plugins" / "labhand" / "scripts"
SCRIPT = SCRIPTS / "labhand.sh"
INSTALL = (SCRIPTS / "install.txt").read_text("utf-8").strip()
SYSTEM = "/usr/bin:/bin"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a Python, and without labhand."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    return tmp_path


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "PATH": f"{home / 'bin'}:{SYSTEM}", **more}


def script(*arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the plugin's script."""
    return subprocess.run(
        [SCRIPT, *arguments],
        cwd=home,
        env=environment(home, **more),
        input="{}",
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def stand_in(path: Path) -> Path:
    """A program that prints its arguments."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('#!/bin/sh\necho "$0 $*"\n', "utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("place", ["bin/labhand", ".local/bin/labhand", "data/venv/bin/labhand"])
def test_labhand_is_found_where_installers_put_it(place: str, home: Path) -> None:
    program = stand_in(home / place)

    done = script("serve", "--root", "a b", home=home, CLAUDE_PLUGIN_DATA=str(home / "data"))

    assert done.stdout == f"{program} serve --root a b\n"


@pytest.mark.parametrize("variable", ["LABHAND_PROGRAM", "CLAUDE_PLUGIN_OPTION_PROGRAM"])
def test_the_person_s_own_path_comes_first(variable: str, home: Path) -> None:
    stand_in(home / "bin" / "labhand")
    own = stand_in(home / "my own" / "labhand")

    assert script("serve", home=home, **{variable: str(own)}).stdout == f"{own} serve\n"


@pytest.mark.parametrize("value", ["", "${user_config.program}", "/", "/nowhere/labhand"])
def test_a_path_that_is_no_program_is_passed_over(value: str, home: Path) -> None:
    program = stand_in(home / "bin" / "labhand")

    assert script("serve", home=home, LABHAND_PROGRAM=value).stdout == f"{program} serve\n"


def test_a_program_of_the_folder_that_was_opened_isn_t_run(home: Path) -> None:
    stand_in(home / ".venv" / "bin" / "labhand")
    stand_in(home / "labhand")

    assert script("hook", "stop", home=home, CLAUDE_PROJECT_DIR=str(home)).stdout == ""


def test_without_labhand_the_briefing_says_how_to_install_it_where_a_lab_is(home: Path) -> None:
    below = home / "lab" / "below"
    below.mkdir(parents=True)
    (home / "lab" / "labhand.toml").touch()

    in_a_lab = script("hook", "session-start", home=home, CLAUDE_PROJECT_DIR=str(below))
    elsewhere = script("hook", "session-start", home=home)

    told: dict[str, Any] = json.loads(in_a_lab.stdout)["hookSpecificOutput"]
    assert told == {"hookEventName": "SessionStart", "additionalContext": f"This folder has a labhand.toml. {INSTALL}"}
    assert (elsewhere.returncode, elsewhere.stdout) == (0, "")
    assert script("hook", "stop", home=home).returncode == 0


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_without_labhand_the_server_has_one_tool_that_says_how_to_install_it(mode: str, home: Path) -> None:
    server = StdioServerParameters(command=str(SCRIPT), args=["serve"], env=environment(home), cwd=home)

    async with Client(server, mode=mode) as client:
        [tool] = (await client.list_tools()).tools
        answer = await client.call_tool(tool.name, {})

    assert tool.name == "install_labhand"
    assert [block.model_dump()["text"] for block in answer.content] == [INSTALL]


def test_without_labhand_and_python_the_server_ends_with_the_reason(home: Path) -> None:
    (home / "bin" / "python3").unlink()
    for name in ("dirname", "cat"):
        (home / "bin" / name).symlink_to(Path("/usr/bin") / name)

    done = script("serve", home=home, PATH=str(home / "bin"))

    assert done.returncode == 127
    assert done.stderr.strip() == INSTALL
