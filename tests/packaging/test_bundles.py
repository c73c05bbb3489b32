"""The bundle for desktop clients, and the entry for the registry."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from .environments import ROOT, run
from .test_wheel import uv_environment

BUILD = ROOT / "plugins" / "build_bundles.py"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WHEEL = f"labhand-{PROJECT['version']}-py3-none-any.whl"
MAX_DESCRIPTION = 100
"""Characters that the registry takes."""


def build(wheel: Path, out: Path, *more: str) -> Path:
    """Build the bundle, and return its path."""
    done = run(sys.executable, BUILD, wheel, "--out", out, *more, cwd=out)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[0])


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A file with the name of the wheel."""
    path = tmp_path / WHEEL
    path.write_bytes(b"a wheel")
    return path


def test_the_bundle_holds_the_wheel_and_a_project_that_takes_labhand_from_it(stand_in: Path, tmp_path: Path) -> None:
    bundle = build(stand_in, tmp_path)

    with ZipFile(bundle) as opened:
        project = tomllib.loads(opened.read("pyproject.toml").decode())
        manifest = json.loads(opened.read("manifest.json"))
        assert opened.read(WHEEL) == b"a wheel"
        assert {manifest["server"]["entry_point"], "LICENSE"} <= set(opened.namelist())
    assert bundle.name == f"labhand-{PROJECT['version']}.mcpb"
    assert project["tool"]["uv"]["sources"]["labhand"] == {"path": WHEEL}
    assert (manifest["manifest_version"], manifest["server"]["type"]) == ("0.4", "uv")
    assert (manifest["name"], manifest["version"], manifest["license"]) == (
        PROJECT["name"],
        PROJECT["version"],
        PROJECT["license"],
    )


def test_the_same_wheel_gives_the_same_bundle(stand_in: Path, tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    for place in places:
        place.mkdir()

    first, second = (build(stand_in, place).read_bytes() for place in places)

    assert first == second


def test_a_wheel_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labhand-0.0.1-py3-none-any.whl").touch()

    done = run(sys.executable, BUILD, tmp_path / "labhand-0.0.1-py3-none-any.whl", "--out", tmp_path, cwd=tmp_path)

    assert done.returncode == 2
    assert f"isn't version {PROJECT['version']}" in done.stderr
    assert not list(tmp_path.glob("*.mcpb"))


def test_the_registry_s_entry_is_written_only_for_one_who_publishes(stand_in: Path, tmp_path: Path) -> None:
    build(stand_in, tmp_path)
    assert not (tmp_path / "server.json").exists()
    build(stand_in, tmp_path, "--owner", "somebody")

    entry: Mapping[str, Any] = json.loads((tmp_path / "server.json").read_text("utf-8"))

    [package] = entry["packages"]
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", entry["name"])
    assert 0 < len(entry["description"]) <= MAX_DESCRIPTION
    assert entry["version"] == package["version"] == PROJECT["version"]
    assert package["packageArguments"] == [{"type": "positional", "value": "serve"}]
    assert package["transport"] == {"type": "stdio"}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.anyio
async def test_what_a_client_unpacks_from_the_bundle_serves_the_lab_that_was_chosen(wheel: Path, tmp_path: Path) -> None:
    place, lab = tmp_path / "bundle", tmp_path / "my lab"
    lab.mkdir()
    (lab / "labhand.toml").touch()
    with ZipFile(build(wheel, tmp_path)) as opened:
        opened.extractall(place)
        config: dict[str, Any] = json.loads(opened.read("manifest.json"))["server"]["mcp_config"]
    known: Mapping[str, str] = {"${__dirname}": str(place), "${user_config.lab}": str(lab)}
    arguments = [known.get(text, text) for text in map(str, config["args"])]
    environment = uv_environment(tmp_path) | {"UV_PYTHON": sys.executable}
    synced = run("uv", "sync", "--directory", place, cwd=tmp_path, env=environment)  # clients install before they connect
    assert synced.returncode == 0, synced.stderr

    server = StdioServerParameters(command=config["command"], args=arguments, env=environment, cwd=tmp_path)
    async with Client(server) as client:
        briefing = await client.call_tool("get_briefing", {})

    assert not briefing.is_error
    assert (lab / ".labhand").is_dir()
