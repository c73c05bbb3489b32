"""The wheel, installed alone into a clean environment: the control plane, without torch and without SkyPilot."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from .environments import PACKAGES, install, run, uv_variables

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_the_wheel_holds_every_file_of_the_packages(source: Path, wheel: Path) -> None:
    files = [path for package in PACKAGES for path in (source / package).rglob("*") if path.is_file()]
    held = set(ZipFile(wheel).namelist())

    assert [path for path in files if _place_in_wheel(path.relative_to(source)) not in held] == []


def _place_in_wheel(path: Path) -> str:
    """Where a file of the repository lies in the wheel: `server/testing` is the package `labhand.testing`."""
    inside = path.relative_to("server") if path.is_relative_to("server/testing") else path
    return f"labhand/{inside}"


A_BACKEND = """
import pytest
from labhand.server.backends.simulated.simulated_backend import SimulatedBackend
from labhand.server.pool_settings import SimulatedPool
from labhand.testing import BackendConformance


class TestMine(BackendConformance):
    def backend(self, place):
        return SimulatedBackend("mine", SimulatedPool(backend="simulated", count=2))
"""


@pytest.mark.slow
def test_an_author_of_a_backend_runs_the_conformance_suite_of_the_wheel(programs: Path, tmp_path: Path) -> None:
    python = programs / "python"
    install("pytest", python.parents[1], "--target", tmp_path / "pytest")
    (tmp_path / "test_mine.py").write_text(A_BACKEND, "utf-8")

    done = run(python, "-m", "pytest", "-q", "test_mine.py", cwd=tmp_path, env={**os.environ, "PYTHONPATH": "pytest"})

    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_the_wheel_puts_nothing_beside_its_own_package(wheel: Path) -> None:
    folders = {name.split("/")[0] for name in ZipFile(wheel).namelist()}

    assert {name for name in folders if not name.endswith(".dist-info")} == {"labhand"}


@pytest.mark.parametrize("module", ["torch", "sky"])
def test_the_control_plane_installs_neither_torch_nor_skypilot(programs: Path, module: str) -> None:
    found = run(programs / "python", "-c", f"import {module}", cwd=programs)

    assert f"No module named '{module}'" in found.stderr


def test_the_command_line_tells_its_commands(programs: Path, tmp_path: Path) -> None:
    told = run(programs / "labhand", "--help", cwd=tmp_path)

    assert told.returncode == 0, told.stderr
    assert {"serve", "dispatch", "demo", "init", "status", "results", "logs", "cancel", "prepare", "doctor"} <= set(
        told.stdout.split()
    )


def test_the_doctor_says_that_torch_is_missing_and_what_to_do(programs: Path, tmp_path: Path) -> None:
    told = run(programs / "labhand", "doctor", cwd=tmp_path)

    assert "labhand[trainer]" in told.stdout
    assert "Traceback" not in told.stderr


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_server_answers_a_client_over_stdio(programs: Path, tmp_path: Path, mode: str) -> None:
    server = StdioServerParameters(command=str(programs / "labhand"), args=["serve"], cwd=tmp_path)

    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools

    assert {"launch_experiment", "launch_grid", "get_results", "list_gpus"} <= {tool.name for tool in tools}


def uv_environment(place: Path) -> dict[str, str]:
    """Return the environment of a uv that installs tools below a folder, from the index that pip is configured with."""
    places = {"UV_TOOL_DIR": str(place / "tools"), "UV_TOOL_BIN_DIR": str(place / "bin"), "HOME": str(place)}
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # uv is beside the interpreter
    return {**uv_variables(), **places, "PATH": programs}


def test_uv_installs_the_wheel_as_a_tool_whose_hook_briefs_the_agent(wheel: Path, tmp_path: Path) -> None:
    """As docs/plugins.md says."""
    environment = uv_environment(tmp_path)
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "labhand.toml").touch()

    installed = run("uv", "tool", "install", "--python", sys.executable, str(wheel), cwd=tmp_path, env=environment)
    hooked = run(tmp_path / "bin" / "labhand", "hook", "session-start", cwd=folder, stdin="{}", env=environment)

    assert installed.returncode == 0, installed.stderr
    assert "get_briefing" in hooked.stdout, hooked.stderr
