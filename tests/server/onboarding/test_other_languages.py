"""Code that isn't Python becomes a trainer too: its sources and its settings are what experiments may change."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from labhand.server import machine
from labhand.server.commands.console import exit_on_error
from labhand.server.main import app
from labhand.server.onboarding.command_candidates import command_candidates
from labhand.server.onboarding.folder_survey import survey
from labhand.server.onboarding.proposal import propose
from labhand.server.source.trainer_folder import load_trainer
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer
from typer import Exit
from typer.testing import CliRunner

from . import foreign

needs_compiler = pytest.mark.skipif(not (shutil.which("make") and shutil.which("g++")), reason="there is no make or g++")

ANNEAL = """\
#include <cstdio>
#include <cstdlib>
#include <fstream>
int main() {
  double rate = 0; std::ifstream file(".env");
  for (std::string line; std::getline(file, line);) if (line.rfind("RATE=", 0) == 0) rate = std::atof(line.c_str() + 5);
  std::printf("loss: %.4f\\n", rate * (1 + std::atof(std::getenv("LABHAND_SEED")) / 100));
}
"""
CPP: Mapping[str, str] = {
    "README.md": "# anneal\n\n```\nmake run\n```\n",
    "Makefile": "run: build/anneal\n\t./build/anneal\n\nbuild/anneal: src/main.cpp\n\t@mkdir -p build\n\tg++ -o $@ $<\n",
    "src/main.cpp": ANNEAL,
    ".env": "# settings\nRATE=0.5\n",
    ".gitignore": "build/\n",
}
"""Compiled by make, with its settings in a hidden file."""


def editable(folder: Path) -> list[str]:
    found = survey(folder)
    return list(propose(found, command_candidates(found, has_gpu=False)[0]).editable)


@needs_compiler
@pytest.mark.slow
def test_a_folder_in_cpp_becomes_a_trainer_whose_sources_and_settings_can_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine.devices.cache_clear()
    folder = foreign.write(tmp_path / "anneal", CPP)
    done = CliRunner().invoke(app, ["init", str(tmp_path / "lab"), "--trainer", str(folder), "--yes"])
    assert done.exit_code == 0, done.output
    assert "First result: loss = 0.51" in done.output
    assert ".env (hidden)" not in done.output
    trainer = load_trainer(str(folder), tmp_path)
    assert trainer.file.command == ("make", "run")
    assert trainer.editable == ("src/main.cpp", ".env")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/lib.rs": "", "src/main.rs": "", "Cargo.toml": ""}, ["src/lib.rs", "src/main.rs"]),
        ({"main.c": "", "config.json": "{}", "package.json": "{}", "data/points.json": "[]"}, ["main.c", "config.json"]),
        ({"main.c": "", "conf/run.yaml": "", "run.toml": ""}, ["main.c", "conf/run.yaml", "run.toml"]),
        ({"main.c": "", ".env": "RATE=1\nMAX_TOKENS=5\n"}, ["main.c", ".env"]),
        ({"main.c": "", ".env": "RATE=1\nexport API_KEY=secret\n"}, ["main.c"]),
    ],
)
def test_sources_and_settings_are_proposed_and_secrets_and_tools_files_are_not(
    tmp_path: Path, files: Mapping[str, str], expected: list[str]
) -> None:
    assert editable(foreign.write(tmp_path, {"README.md": "```\nmake run\n```\n", **files})) == expected


def test_what_a_shell_script_calls_is_proposed(tmp_path: Path) -> None:
    files = {
        **{"README.md": "```\nsh train.sh\n```\n", "train.sh": "set -e\npython ./fit.py --fast\n"},
        **{"fit.py": "import model\n", "model.py": "", "other.py": ""},
    }
    assert editable(foreign.write(tmp_path, files)) == ["train.sh", "fit.py", "model.py"]


def test_data_that_a_command_names_is_not_proposed(tmp_path: Path) -> None:
    files = {
        "README.md": "```\npython train.py -i names.txt -c small.json\n```\n",
        "train.py": "",
        "names.txt": "",
        "small.json": "",
    }
    assert editable(foreign.write(tmp_path, files)) == ["train.py", "small.json"]


def test_what_is_not_part_of_runs_is_no_change(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "outer" / "mine", {"train.py": "", ".venv/pyvenv.cfg": ""})
    subprocess.run(["git", "init", "-q", folder.parent], check=True, timeout=120)
    (folder.parent / "other.py").touch()
    (folder / "train.py").touch()
    subprocess.run(["git", "-C", folder.parent, "add", "mine/train.py"], check=True, timeout=120)
    assert survey(folder).changes == 1


def test_a_folder_in_which_nothing_could_be_changed_is_one_sentence(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "empty", {"README.md": "```\nmake run\n```\n", "Makefile": "run:\n\techo loss: 1\n"})
    done = CliRunner().invoke(app, ["init", str(tmp_path / "lab"), "--trainer", str(folder), "--yes"])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert f"Experiments could change nothing in {folder}: make run names no file there" in " ".join(done.output.split())
    assert not (folder / "trainer.toml").exists()


def test_an_error_of_the_contract_ends_a_command_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as caught, exit_on_error():
        parse_trainer(b'name = "x"\ncommand = ["make"]\neditable = []\n[metric]\nname = "loss"\n', Path("trainer.toml"))
    assert caught.value.exit_code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("labhand: trainer.toml can't be used: editable (line 3): is an empty list and has to name something")
