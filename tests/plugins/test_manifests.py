"""The files by which clients know the plugin: they agree with the distribution and with each other."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugins" / "labhand"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MANIFESTS = [
    PLUGIN / ".claude-plugin" / "plugin.json",
    PLUGIN / ".codex-plugin" / "plugin.json",
    PLUGIN / "gemini-extension.json",
]
SKILL = ROOT / "skills" / "labhand" / "SKILL.md"
MAX_SKILL_LINES = 500
MAX_DESCRIPTION = 1024


def read(path: Path) -> dict[str, Any]:
    """A manifest."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_a_manifest_has_the_name_the_version_and_the_licence_of_the_distribution(path: Path) -> None:
    manifest = read(path)

    assert (manifest["name"], manifest["version"]) == (PROJECT["name"], PROJECT["version"])
    assert manifest.get("license", PROJECT["license"]) == PROJECT["license"]
    assert manifest["description"] == read(MANIFESTS[0])["description"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_every_file_that_a_manifest_names_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    named = re.findall(r'"(?:\./|\$\{CLAUDE_PLUGIN_ROOT\}/|\$\{extensionPath\}/)([^"\\]+)\\?"', text)

    assert named
    assert [name for name in named if not (PLUGIN / name).exists()] == []


def test_only_claude_code_finds_its_hooks() -> None:
    """Codex and Gemini CLI would read hooks/hooks.json as well, whose events and variables they don't all have."""
    assert not (PLUGIN / "hooks" / "hooks.json").exists()


def test_the_marketplace_of_claude_code_offers_the_plugin_in_its_version() -> None:
    [offered] = read(ROOT / ".claude-plugin" / "marketplace.json")["plugins"]

    assert offered["version"] == PROJECT["version"]
    assert (ROOT / offered["source"]).resolve() == PLUGIN


def test_the_marketplace_of_codex_offers_the_plugin() -> None:
    [offered] = read(ROOT / ".agents" / "plugins" / "marketplace.json")["plugins"]

    assert (ROOT / offered["source"]["path"]).resolve() == PLUGIN


def front_matter(path: Path) -> dict[str, str]:
    """The keys at the top of a Markdown file; a folded value is one line."""
    _, head, _ = path.read_text("utf-8").split("---\n", 2)
    pairs = re.findall(r"^([\w-]+): *(?:>-\n)?((?:.|\n(?=  ))*)", head, re.MULTILINE)
    return {key: " ".join(value.split()) for key, value in pairs}


def test_the_skill_is_one_that_the_clients_take() -> None:
    head = front_matter(SKILL)

    assert head["name"] == SKILL.parent.name == PROJECT["name"]
    assert 100 < len(head["description"]) <= MAX_DESCRIPTION
    assert head["license"] == PROJECT["license"]
    assert len(SKILL.read_text("utf-8").splitlines()) < MAX_SKILL_LINES
    assert SKILL.resolve().is_relative_to(PLUGIN), "there is one skill, which all clients share"


def test_every_command_says_what_it_is_for() -> None:
    commands = sorted((PLUGIN / "commands").glob("*.md"))

    assert [path.stem for path in commands] == ["research", "status", "validate", "write-up"]
    assert all(20 < len(front_matter(path)["description"]) < 100 for path in commands)
