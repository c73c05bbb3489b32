"""The wheel, installed alone into a clean environment: the control plane, without torch and without SkyPilot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

ROOT = Path(__file__).parents[2]
PACKAGES = ("server", "tools", "trainer", "prompts")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", check=False, timeout=300)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks or would track of the distribution; nothing that is left over in the working tree."""
    place = tmp_path_factory.mktemp("source")
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--")
    listed = run(*listing, "pyproject.toml", "README.md", "LICENSE", *PACKAGES, cwd=ROOT)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    return place


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as whoever publishes it builds it."""
    built = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "build", "--wheel", "--outdir", built, source, cwd=source)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it requires."""
    environment = tmp_path_factory.mktemp("clean")
    made = run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment)
    assert made.returncode == 0, made.stderr
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin" / "python")
    installed = run(*pip, "install", "--quiet", wheel, cwd=environment)
    assert installed.returncode == 0, installed.stderr
    return environment / "bin"


def test_the_wheel_holds_every_file_of_the_packages(source: Path, wheel: Path) -> None:
    files = [path for package in PACKAGES for path in (source / package).rglob("*") if path.is_file()]
    held = set(ZipFile(wheel).namelist())

    assert [path for path in files if f"labhand/{path.relative_to(source)}" not in held] == []


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
