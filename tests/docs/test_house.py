"""Rules for the whole repository, and facts that the documents and the code must agree on."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from .markdown import anchors, links, prose

ROOT = Path(__file__).parents[2]
MAX_LINES = 400
MAX_COLUMNS = 128
MAX_MODULES = 18
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/*.md",
    ":!docs/tools.md",
    ":!docs/settings.md",
    ":!docs/commands.md",
)
"""The pages that people write; the excluded ones are generated."""


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_is_longer_than_a_person_reads() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text("utf-8").splitlines()) for path in tracked("*.py", "*.sql", "*.md")}

    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_folder_has_more_modules_than_a_person_remembers() -> None:
    folders = Counter(path.parent for path in tracked("*.py") if path.stem != "__init__")

    assert {str(folder): modules for folder, modules in folders.items() if modules > MAX_MODULES} == {}


def test_no_module_and_no_class_of_the_server_has_the_name_of_another() -> None:
    modules = [path for path in tracked("server/*.py") if path.stem != "__init__"]
    names = Counter(path.stem for path in modules)
    classes = Counter(name for path in modules for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), re.MULTILINE))

    assert [name for name, count in (names + classes).items() if count > 1] == []


@pytest.mark.parametrize("page", tracked("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    inside = [link.partition("#") for link in links(page) if not link.startswith(("https://", "mailto:"))]
    targets = [((page.parent / place).resolve() if place else page, anchor) for place, _, anchor in inside]

    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [f"{target}#{anchor}" for target, anchor in targets if anchor and anchor not in anchors(target)] == []


@pytest.mark.parametrize("page", tracked(*DOCUMENTS), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_text_of_a_page_is_wrapped(page: Path) -> None:
    text = prose(page).splitlines()

    assert [line for line in text if len(line) > MAX_COLUMNS and not line.lstrip().startswith("|")] == []


@pytest.mark.parametrize("page", tracked(*DOCUMENTS), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    """NAME and HASH stand for names that the reader chooses."""
    named = re.findall(r"`((?:server|tools|trainer|prompts|docs|tests|benchmarks)/[\w./*-]+)`", prose(page))
    patterns = {path.replace("NAME", "*").replace("HASH", "*") for path in named}

    assert [pattern for pattern in sorted(patterns) if not list(ROOT.glob(pattern.rstrip("/")))] == []


def test_every_function_that_the_page_on_evidence_names_exists() -> None:
    modules = {path.stem: path.read_text("utf-8") for path in tracked("server/research/*.py")}
    named = re.findall(r"`(\w+)\.(\w+)`", (ROOT / "docs" / "evidence.md").read_text("utf-8"))
    functions = [(module, name) for module, name in named if name not in {"toml", "json", "md"}]

    assert functions
    assert [(module, name) for module, name in functions if f"\ndef {name}(" not in modules.get(module, "")] == []


def test_every_page_is_reached_by_a_link() -> None:
    pages = tracked("*.md")
    linked = {(page.parent / link.partition("#")[0]).resolve() for page in pages for link in links(page)}
    documents = {page for page in pages if page.is_relative_to(ROOT / "docs")}

    assert documents - linked == set()


def test_the_changelog_begins_with_the_version_that_is_built() -> None:
    """Above it stands only what is not released yet."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert next(heading for heading in headings if heading != "Unreleased") == version


def test_every_import_of_the_packages_is_relative() -> None:
    """Two kinds of files import the distribution by its name.

    Those of a trainer's folder run in a copy of it. Those of `server/testing` are imported as `labhand.testing`, from which a
    relative import doesn't lead where it leads from `server/testing`.
    """
    absolute = re.compile(r"^\s*(?:from|import) labhand\b", re.MULTILINE)
    sources = tracked("server/*.py", "tools/*.py", "trainer/*.py", "prompts/*.py")
    by_name = {
        path for path in sources if (path.parent / "trainer.toml").exists() or path.parent == ROOT / "server" / "testing"
    }
    packages = [path for path in sources if path not in by_name]

    assert [str(path) for path in packages if absolute.search(path.read_text("utf-8"))] == []


def test_the_tests_of_a_module_lie_in_the_folder_of_its_name() -> None:
    """A test file that names no module tests a behaviour of its folder, or of the folder above if it is in `behaviour`."""
    folders: dict[str, set[Path]] = {}
    for module in tracked("server/*.py", "tools/*.py", "trainer/*.py"):
        folders.setdefault(module.stem, set()).add(module.parent.relative_to(ROOT))
    tests = {
        path: (path.parents[path.parent.name == "behaviour"]).relative_to(ROOT / "tests")
        for path in tracked("tests/server/*.py", "tests/tools/*.py", "tests/trainer/*.py")
        if path.name.startswith("test_")
    }

    assert [str(path) for path, folder in tests.items() if not (ROOT / folder).is_dir()] == []
    assert [str(path) for path, folder in tests.items() if folder not in folders.get(path.stem[5:], {folder})] == []
