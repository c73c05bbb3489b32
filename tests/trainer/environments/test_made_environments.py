"""Environments are made once, whole, from what the trainer's protected files say, and without a package index here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.trainer_toml.trainer_file import TrainerFile, read_trainer
from labhand.trainer.environments import making
from labhand.trainer.environments.command_environment import TrainerPlace, environment_of, recipe_of
from labhand.trainer.environments.making import Maker, check_lock, find_uv, folder_of, is_made
from labhand.trainer.environments.recipe import Recipe

from ...needs import needs_uv
from ..running import OUTPUT_TRAINER
from ..wheels import make_venv, write_wheel

REQUIREMENTS = "--no-index\n--find-links wheels\ntinylab\n-e .\n"
PROJECT = """
[project]
name = "p"
version = "0"
requires-python = ">=3.10"
dependencies = ["tinylab"]
[tool.uv]
no-index = true
find-links = ["wheels"]
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A trainer's folder with a file of requirements, and the wheel that it names."""
    folder = tmp_path / "project"
    write_wheel(folder / "wheels", "tinylab", "1.0", "VALUE = 1\n")
    (folder / "trainer.toml").write_text(OUTPUT_TRAINER + '[environment]\nrequirements = "requirements.txt"\n')
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    (folder / "train.py").write_text("print('loss: 1')\n")
    return folder


@pytest.fixture
def locked(project: Path) -> Path:
    """The same with a lock file."""
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "trainer.toml").write_text(OUTPUT_TRAINER.replace('"python", "train.py"', '"uv", "run", "train.py"'))
    subprocess.run([find_uv() or "uv", "lock", "--offline"], cwd=project, check=True, capture_output=True, timeout=120)
    return project


def value_in(python: Path) -> str:
    command = [str(python), "-c", "import tinylab; print(tinylab.VALUE)"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()


def is_compiled(python: Path) -> bool:
    return any(python.parents[1].rglob("tinylab*.pyc"))


def make(folder: Path, maker: Maker | None = None) -> Path:
    return environment_of(read_trainer(folder), TrainerPlace(folder), maker or Maker()).interpreter


def folder_for(project: Path, trainer: TrainerFile | None = None) -> Path:
    recipe = recipe_of(trainer or read_trainer(project), TrainerPlace(project))
    assert recipe is not None
    return folder_of(recipe)


def without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "find_uv", lambda: None)


def with_uv(_monkeypatch: pytest.MonkeyPatch) -> None:
    pass


@pytest.mark.slow
@pytest.mark.parametrize("hide", [without_uv, pytest.param(with_uv, marks=needs_uv)], ids=["pip", "uv"])
def test_requirements_become_an_environment_outside_of_the_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch, hide: Callable[[pytest.MonkeyPatch], None]
) -> None:
    hide(monkeypatch)
    before = sorted(project.rglob("*"))
    python = make(project)
    assert is_compiled(python), "each run would compile all that it imports"
    assert value_in(python) == "1"
    assert python == folder_for(project) / "bin" / "python"
    assert sorted(project.rglob("*")) == before


@needs_uv
def test_a_lock_file_becomes_an_environment_that_uv_run_means(locked: Path) -> None:
    environment = environment_of(read_trainer(locked), TrainerPlace(locked), Maker())
    assert is_compiled(environment.interpreter)
    assert value_in(environment.interpreter) == "1"
    assert environment.words(["uv", "run", "train.py"]) == [str(environment.interpreter), "train.py"]


@needs_uv
def test_it_is_made_once_and_again_when_a_file_that_decides_changes(project: Path) -> None:
    lines: list[str] = []
    first = make(project, Maker(lines.append))
    made = len(lines)
    assert made
    (project / "train.py").write_text("print('loss: 2')\n")
    assert make(project, Maker(lines.append)) == first
    assert len(lines) == made, "it was made again"
    write_wheel(project / "wheels", "tinylab", "2.0", "VALUE = 2\n")
    (project / "requirements.txt").write_text(REQUIREMENTS.replace("tinylab", "tinylab>=2"))
    assert value_in(make(project)) == "2"
    assert value_in(first) == "1"


@needs_uv
def test_two_that_need_it_at_once_make_it_once(project: Path) -> None:
    lines: list[str] = []
    threads = [threading.Thread(target=make, args=(project, Maker(lines.append))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert is_made(recipe_of(read_trainer(project), TrainerPlace(project)))  # type: ignore[arg-type]
    assert sum(" venv " in line for line in lines) == 1


@needs_uv
def test_what_a_killed_process_left_is_not_used(project: Path) -> None:
    half = folder_for(project)
    (half / "bin").mkdir(parents=True)
    (half / "bin" / "python").symlink_to(sys.executable)
    assert value_in(make(project)) == "1"


@needs_uv
def test_what_cannot_be_installed_is_said_with_the_words_of_the_tool(project: Path) -> None:
    (project / "requirements.txt").write_text("--no-index\nno-such-package-anywhere\n")
    with pytest.raises(ContractError, match="no-such-package-anywhere"):
        make(project)
    assert not folder_for(project).exists()


def test_giving_up_ends_the_tools_and_leaves_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class GivenUpError(Exception):
        pass

    def give_up() -> None:
        raise GivenUpError

    def sleeping(_recipe: Recipe, _folder: Path) -> list[list[str]]:
        return [[sys.executable, "-c", "import time; time.sleep(100)"]]

    monkeypatch.setattr(making, "_commands", sleeping)
    with pytest.raises(GivenUpError):
        make(project, Maker(on_wait=give_up))
    assert not folder_for(project).exists()


@needs_uv
def test_a_lock_that_is_older_than_the_project_is_found_without_the_network(locked: Path) -> None:
    recipe = recipe_of(read_trainer(locked), TrainerPlace(locked))
    assert recipe is not None
    check_lock(recipe)
    write_wheel(locked / "wheels", "other", "1.0", "")
    (locked / "pyproject.toml").write_text(PROJECT.replace('["tinylab"]', '["tinylab", "other"]'))
    changed = recipe_of(read_trainer(locked), TrainerPlace(locked))
    assert changed is not None
    with pytest.raises(ContractError, match=r"uv\.lock doesn't agree with pyproject\.toml"):
        check_lock(changed)


def test_uv_run_without_a_lock_says_what_to_do(project: Path) -> None:
    (project / "trainer.toml").write_text(OUTPUT_TRAINER.replace('"python", "train.py"', '"uv", "run", "train.py"'))
    with pytest.raises(ContractError, match=r"no uv\.lock that says what to install\. Run `uv lock`"):
        make(project)


@pytest.mark.parametrize(
    ("requirements", "problem"),
    [
        ("-e ./package\n", "development mode lies outside of the copy"),
        ("-r more.txt\n", r"more\.txt isn't among the protected files"),
        ("-r ../more.txt\n", r"\.\./more\.txt lies outside of the trainer's folder"),
    ],
)
def test_requirements_that_cannot_be_followed_are_refused(project: Path, requirements: str, problem: str) -> None:
    (project / "requirements.txt").write_text(requirements)
    with pytest.raises(ContractError, match=problem):
        make(project)


def test_files_that_an_experiment_may_change_never_decide_what_is_installed(project: Path) -> None:
    (project / "trainer.toml").write_text(
        OUTPUT_TRAINER.replace('["train.py"]', '["*.txt"]', 1) + '[environment]\nrequirements = "requirements.txt"\n'
    )
    with pytest.raises(ContractError, match=r"editable .* matches requirements\.txt, which decides what is installed"):
        make(project)


def test_an_interpreter_is_found_from_the_folder_that_the_person_works_in(project: Path, tmp_path: Path) -> None:
    python = make_venv(project / ".venv", tinylab="VALUE = 3\n")
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".venv"))
    for table in ('python = ".venv/bin/python"', 'prefix = ".venv"', f'python = "{python}"'):
        (copy / "trainer.toml").write_text(f"{OUTPUT_TRAINER}[environment]\n{table}\n")
        environment = environment_of(read_trainer(copy), TrainerPlace(copy, project), Maker())
        assert environment.interpreter == python
        assert environment.facts is not None
        assert "tinylab-1.0.dist-info" in environment.facts.packages


@pytest.mark.parametrize("program", ["gone/bin/python", "no-such-python"])
def test_an_interpreter_that_is_not_there_is_named_with_its_key(project: Path, program: str) -> None:
    (project / "trainer.toml").write_text(f'{OUTPUT_TRAINER}[environment]\npython = "{program}"\n')
    with pytest.raises(ContractError, match=rf"python under \[environment\] in trainer\.toml is '{program}'"):
        make(project)


def test_an_interpreter_that_does_not_work_is_said_to_be(project: Path) -> None:
    broken = project / "python"
    broken.write_text("#!/bin/sh\necho no such library >&2; exit 1\n")
    broken.chmod(0o755)
    (project / "trainer.toml").write_text(f'{OUTPUT_TRAINER}[environment]\npython = "./python"\n')
    with pytest.raises(ContractError, match=r"doesn't work as a Python interpreter: no such library"):
        make(project)
