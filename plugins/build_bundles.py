"""Builds what catalogues of MCP servers take: a bundle (MCPB), and the entry for the registry.

Run: make bundles
The bundle holds the wheel itself, so it needs no release: the client's own uv installs it. The entry for the registry (`--owner
NAME`) names a release on the package index, so it is written only for one who is about to publish it.
"""

from __future__ import annotations

import argparse
import json
import tomllib
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REGISTRY_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
AUTHOR = "The labhand authors"
ENTRY = "serve.py"
SERVE = """\
\"\"\"Serves the lab in the folder that is given.\"\"\"

import sys

from labhand.server.entry import main

sys.argv = ["labhand", "serve", "--root", *sys.argv[1:]]
main()
"""


def manifest() -> dict[str, Any]:
    """Return the manifest of the bundle. Version 0.4 of its format is the first that knows servers of the type "uv"."""
    lab = {
        "type": "directory",
        "title": "The lab",
        "description": "A folder with a labhand.toml, which `labhand init` makes",
        "required": True,
    }
    arguments = ["run", "--directory", "${__dirname}", ENTRY, "${user_config.lab}"]
    return {
        "manifest_version": "0.4",
        "name": PROJECT["name"],
        "version": PROJECT["version"],
        "description": PROJECT["description"],
        "author": {"name": AUTHOR},
        "license": PROJECT["license"],
        "server": {"type": "uv", "entry_point": ENTRY, "mcp_config": {"command": "uv", "args": arguments}},
        "user_config": {"lab": lab},
        "compatibility": {"platforms": ["linux"], "runtimes": {"python": PROJECT["requires-python"]}},
    }


def project_file(wheel: str) -> str:
    """Return the pyproject.toml of the bundle, which takes labhand from the wheel beside it."""
    return f"""\
[project]
name = "labhand-bundle"
version = "{PROJECT["version"]}"
requires-python = "{PROJECT["requires-python"]}"
dependencies = ["{PROJECT["name"]}"]

[tool.uv]
package = false

[tool.uv.sources]
{PROJECT["name"]} = {{ path = "{wheel}" }}
"""


def registry_entry(owner: str) -> dict[str, Any]:
    """Return the entry for the registry of MCP servers.

    Args:
        owner: The account on GitHub under which the release is published.
    """
    package = {
        "registryType": "pypi",
        "identifier": PROJECT["name"],
        "version": PROJECT["version"],
        "runtimeHint": "uvx",
        "transport": {"type": "stdio"},
        "packageArguments": [{"type": "positional", "value": "serve"}],
    }
    return {
        "$schema": REGISTRY_SCHEMA,
        "name": f"io.github.{owner}/{PROJECT['name']}",
        "description": PROJECT["description"],
        "version": PROJECT["version"],
        "packages": [package],
    }


def write_bundle(wheel: Path, target: Path) -> None:
    """Write the bundle. The same wheel gives the same bytes."""
    contents = {
        "manifest.json": json.dumps(manifest(), indent=2).encode(),
        "pyproject.toml": project_file(wheel.name).encode(),
        ENTRY: SERVE.encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        wheel.name: wheel.read_bytes(),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in contents.items():
            bundle.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def main() -> None:
    """Build what was asked for, and print the paths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="what `make wheel` has built")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the files; by default dist/")
    parser.add_argument("--owner", help="write server.json, too, for a release of this account on GitHub")
    given = parser.parse_args()
    if PROJECT["version"] not in given.wheel.name.split("-"):
        parser.error(f"{given.wheel.name} isn't version {PROJECT['version']}, which pyproject.toml has: run `make wheel`")
    given.out.mkdir(parents=True, exist_ok=True)
    written = [given.out / f"{PROJECT['name']}-{PROJECT['version']}.mcpb"]
    write_bundle(given.wheel, written[0])
    if given.owner:
        written.append(given.out / "server.json")
        written[1].write_text(json.dumps(registry_entry(given.owner), indent=2) + "\n", "utf-8")
    for path in written:
        print(path)  # noqa: T201 - the paths are what the command is run for


if __name__ == "__main__":
    main()
