"""The wheel, built once for all tests of the package."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from .environments import PACKAGES, ROOT, installed, run


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks or would track of the distribution; nothing that is left over in the working tree."""
    place = tmp_path_factory.mktemp("source")
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--")
    listed = run(*listing, "pyproject.toml", "README.md", "LICENSE", *PACKAGES, cwd=ROOT)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    return place


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as whoever publishes it builds it."""
    built = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "build", "--wheel", "--outdir", built, source, cwd=source)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it requires."""
    return installed(str(wheel), tmp_path_factory.mktemp("clean"))
