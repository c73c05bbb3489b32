"""What a person types, and what is said when it can't be done."""

from __future__ import annotations

import json
import os
import shutil
from importlib import metadata
from pathlib import Path

import anyio
import pytest
from labhand.server import machine
from labhand.server.lab import references
from labhand.server.lab.lab import Lab
from labhand.server.main import app
from labhand.server.settings import load_settings
from labhand.server.source.trainer_folder import load_trainer
from labhand.server.store.comparison import strata
from labhand.trainer.contract.evaluator_version import evaluator_version
from typer.testing import CliRunner, Result

from ..lab import writing
from ..lab.builders import Woken
from ..onboarding import foreign

PARABOLA = Path(__file__).parents[2] / "trainers" / "parabola"


def labhand(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, list(words))


def test_init_writes_a_file_that_can_be_used_and_never_over_another(tmp_path: Path) -> None:
    first = labhand("init", str(tmp_path))
    assert first.exit_code == 0, first.output
    assert "Next: labhand doctor, then" in first.output
    assert labhand("status", "--root", str(tmp_path)).exit_code == 0
    again = labhand("init", str(tmp_path))
    assert again.exit_code == 2
    assert "exists already" in again.output
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text("print('loss: 1.0')\n")
    foreign_code = labhand("init", str(tmp_path), "--trainer", str(tmp_path / "code"), "--yes")
    assert foreign_code.exit_code == 2
    assert "To begin anew, remove it" in " ".join(foreign_code.output.split())
    assert "Trying" not in foreign_code.output


def test_init_copy_trains_the_copy_and_not_the_built_in_trainer(tmp_path: Path) -> None:
    assert labhand("init", str(tmp_path), "--copy").exit_code == 0
    assert 'trainer = "./gpt"' in (tmp_path / "labhand.toml").read_text()
    assert labhand("doctor", "--root", str(tmp_path)).exit_code == 0
    train = tmp_path / "gpt" / "train.py"
    train.write_text(train.read_text().replace("DEPTH = ", "DEPTH = 1 + "))

    async def trained() -> tuple[Path, bytes]:
        lab = await Lab.open(tmp_path, wake=Woken())
        try:
            source = (await references.baseline(lab)).source
            return lab.trainer.folder, source["train.py"]
        finally:
            await lab.close()

    assert anyio.run(trained) == (tmp_path / "gpt", train.read_bytes())


def test_a_copy_has_the_protected_files_of_its_original_and_so_the_same_strata(tmp_path: Path) -> None:
    assert labhand("init", str(tmp_path), "--copy").exit_code == 0
    copy, original = load_trainer("./gpt", tmp_path), load_trainer("gpt", tmp_path)
    assert copy.folder == tmp_path / "gpt" != original.folder
    assert copy.protected_digest == original.protected_digest


def test_init_copies_a_trainer_of_any_name_completely_and_trains_it(tmp_path: Path) -> None:
    mine = tmp_path / "gpt"
    shutil.copytree(PARABOLA, mine)
    (mine / "parts").mkdir()
    (mine / "parts" / "__init__.py").write_text("Z = 1\n")
    (tmp_path / "lab").mkdir()
    done = labhand("init", str(tmp_path / "lab"), "--trainer", str(mine), "--copy")
    assert done.exit_code == 0, done.output
    settings = load_settings(tmp_path / "lab")
    assert load_trainer(settings.trainer, tmp_path / "lab").folder == tmp_path / "lab" / "gpt"
    assert (tmp_path / "lab" / "gpt" / "parts" / "__init__.py").read_text() == "Z = 1\n"


@pytest.mark.parametrize("named", ["./mine", "mine", "lab/../mine"])
def test_init_takes_a_path_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    for place in (tmp_path / "mine", tmp_path / "lab" / "mine"):
        shutil.copytree(PARABOLA, place)
    monkeypatch.chdir(tmp_path)
    done = labhand("init", "lab", "--trainer", named)
    assert done.exit_code == 0, done.output
    assert "Next: labhand doctor --try, then" in done.output, "it hasn't run yet"
    monkeypatch.chdir("/")
    assert load_trainer(load_settings(tmp_path / "lab").trainer, tmp_path / "lab").folder == tmp_path / "mine"


def test_the_version_is_that_of_the_package() -> None:
    printed = labhand("--version")
    assert (printed.exit_code, printed.output) == (0, f"labhand {metadata.version('labhand')}\n")


def test_a_trainer_within_the_lab_is_named_relative_to_it_and_one_that_is_only_there_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PARABOLA, tmp_path / "lab" / "mine")
    monkeypatch.chdir(tmp_path)
    refused = labhand("init", "lab", "--trainer", "./mine")
    assert refused.exit_code == 2
    assert f"{tmp_path}/mine/trainer.tomlisn'tthere" in "".join(refused.output.split())  # a long path is wrapped, too
    assert labhand("init", "lab", "--trainer", "lab/mine").exit_code == 0
    assert load_settings(tmp_path / "lab").trainer == "./mine"
    assert load_trainer("./mine", tmp_path / "lab").folder == tmp_path / "lab" / "mine"


@pytest.mark.slow
def test_init_of_a_relative_path_makes_a_trainer_and_finds_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine.devices.cache_clear()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "train.py").write_text(FOREIGN)
    monkeypatch.chdir(tmp_path)
    for lab in ("first", "second"):  # the second finds the trainer.toml that the first wrote
        done = labhand("init", lab, "--trainer", "./foreign", "--yes")
        assert done.exit_code == 0, done.output
        assert load_trainer(load_settings(tmp_path / lab).trainer, tmp_path / lab).folder == tmp_path / "foreign"


FOREIGN = "import os, random\nprint('loss:', random.Random(os.environ['LABHAND_SEED']).random())\n"


@pytest.mark.slow
def test_init_makes_a_trainer_of_foreign_code_and_a_lab_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "train.py").write_text(FOREIGN)
    refused = labhand("init", str(tmp_path / "lab"), "--trainer", str(tmp_path / "foreign"))
    assert refused.exit_code == 2
    assert "There is no terminal to ask at: a trainer.toml is tried and shown, and" in " ".join(refused.output.split())
    assert not (tmp_path / "lab").exists()
    done = labhand("init", str(tmp_path / "lab"), "--trainer", str(tmp_path / "foreign"), "--yes")
    assert done.exit_code == 0, done.output
    assert "First result: loss = " in done.output
    assert load_trainer(load_settings(tmp_path / "lab").trainer, tmp_path / "lab").folder == tmp_path / "foreign"
    assert labhand("status", "--root", str(tmp_path / "lab")).exit_code == 0


@pytest.mark.slow
def test_init_of_foreign_code_that_fails_makes_no_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "train.py").write_text("raise SystemExit('no [red]data[/red]')")
    done = labhand("init", str(tmp_path / "lab"), "--trainer", str(tmp_path / "foreign"), "--yes")
    assert done.exit_code == 1
    assert "The try failed as crashed: The command ended with status 1: no [red]data[/red]" in " ".join(done.output.split())
    assert not (tmp_path / "lab").exists()


def test_init_of_code_for_a_gpu_is_one_sentence_on_a_machine_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine.devices.cache_clear()
    foreign.write(tmp_path / "autoresearch", foreign.AUTORESEARCH)
    monkeypatch.chdir(tmp_path)
    done = labhand("init", "lab", "--trainer", "autoresearch", "--yes")
    assert done.exit_code == 1
    said = (
        "labhand: The command needs a CUDA GPU (train.py:6), and this machine has none: nothing was run."
        " trainer.toml is written"
    )
    assert said in " ".join(done.output.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["autoresearch"], "a lab or an environment was made"


def test_a_copy_of_a_trainer_is_linked_to_the_data_of_its_original(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(PARABOLA, mine)
    (mine / "data").mkdir()
    with (mine / "trainer.toml").open("a") as file:
        file.write('\n[data]\npaths = ["data"]\n')
    (tmp_path / "lab").mkdir()
    done = labhand("init", str(tmp_path / "lab"), "--trainer", str(mine), "--copy")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "lab" / "mine" / "data").resolve() == mine / "data"
    text = (mine / "trainer.toml").read_text()
    (mine / "trainer.toml").write_text(text.replace('["data"]', '["../other"]'))
    (tmp_path / "other").mkdir()
    refused = labhand("init", str(tmp_path / "second"), "--trainer", str(mine), "--copy")
    assert refused.exit_code == 2
    assert f'Name it there as "{tmp_path}/other"' in " ".join(refused.output.split()).replace(" /", "/")
    assert not (tmp_path / "second").exists()


def test_the_doctor_tells_programs_the_same_in_json(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('trainer = "absent"\n')
    done = labhand("doctor", "--root", str(tmp_path), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["fit"]) == (1, False)
    [bad] = [check for check in told["checks"] if check["subject"] == "trainer"]
    assert bad["state"] == "bad"
    assert "absent" in bad["finding"]
    assert [check["state"] for check in told["checks"] if check["subject"] == "git"] == ["ok"]


def test_the_doctor_names_what_a_trainer_folder_has_and_runs_lack(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(PARABOLA, mine)
    (mine / ".project-root").touch()
    (tmp_path / "labhand.toml").write_text('trainer = "./mine"\n')
    output = " ".join(labhand("doctor", "--root", str(tmp_path)).output.split())
    assert "trainer's files: not in runs: .project-root (hidden)" in output
    assert 'if training reads them: include = [".project-root"] at the top of trainer.toml' in output
    with (mine / "trainer.toml").open("a") as file:
        file.write('\n[data]\npaths = ["absent"]\n')
    done = labhand("doctor", "--root", str(tmp_path))
    assert done.exit_code == 1
    assert f"there is no {mine}/absent" in " ".join(done.output.split())


def test_the_doctor_says_that_a_folder_named_like_the_built_in_trainer_is_not_used(tmp_path: Path) -> None:
    shutil.copytree(PARABOLA, tmp_path / "gpt")
    (tmp_path / "labhand.toml").write_text('trainer = "gpt"\n')
    output = " ".join(labhand("doctor", "--root", str(tmp_path)).output.split())
    assert 'to train that folder, set trainer = "./gpt"' in output


@pytest.mark.parametrize("command", [["status"], ["results"], ["logs", "e0001"], ["cancel", "e0001"]])
def test_where_there_is_no_lab_none_is_made_by_looking(tmp_path: Path, command: list[str]) -> None:
    done = labhand(*command, "--root", str(tmp_path))
    assert done.exit_code == 2
    assert "no lab" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["serve", "dispatch", "status", "doctor", "prepare", "report", "audit"])
def test_a_typing_error_in_root_makes_no_new_lab(tmp_path: Path, command: str) -> None:
    (tmp_path / "labhand.toml").write_text("")
    for wrong in (tmp_path / "laab", tmp_path / "laab" / "deeper"):
        done = labhand(command, "--root", str(wrong))
        assert done.exit_code == 2
        assert "no lab" in done.output
        assert "Do you mean" in " ".join(done.output.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["labhand.toml"]


def test_an_unknown_experiment_is_told_without_a_traceback(tmp_path: Path) -> None:
    shutil.copytree(PARABOLA, tmp_path / "parabola")
    (tmp_path / "labhand.toml").write_text('trainer = "./parabola"\n')
    done = labhand("logs", "e0042", "--root", str(tmp_path))
    assert done.exit_code == 2
    assert "e0042" in done.output
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_the_doctor_names_what_stops_experiments_and_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('trainer = "./nowhere"\n')
    done = labhand("doctor", "--root", str(tmp_path))
    assert done.exit_code == 1
    assert "nowhere" in done.output
    assert "→" in done.output


def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text("trainer = 'gpt'\ntrainre = 1\n")
    for command in ("status", "doctor", "prepare"):
        done = labhand(command, "--root", str(tmp_path))
        assert done.exit_code in {1, 2}
        assert "line 2" in done.output.replace("\n", " ")


@pytest.mark.slow
@pytest.mark.parametrize("is_newer", [True, False])
def test_the_doctor_explains_that_strata_begin_anew_where_the_evaluator_is_another(tmp_path: Path, *, is_newer: bool) -> None:
    async def measure(version: str) -> None:
        async with writing.opened(tmp_path) as lab, lab.db.transaction() as tx:
            await strata.find(tx, {"evaluator": version, "device": "cpu"})

    anyio.run(measure, "0123456789ab" if is_newer else evaluator_version())
    (tmp_path / "labhand.toml").write_text('trainer = "gpt"\n')
    output = " ".join(labhand("doctor", "--root", str(tmp_path)).output.split())
    assert ("by version 0123456789ab: strata begin anew once" in output) == is_newer
    assert f"version {evaluator_version()}" in output


def test_the_doctor_says_that_the_gpu_driver_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "labhand.toml").write_text("")
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho 'No devices were found'; exit 6\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    machine.devices.cache_clear()
    try:
        done = labhand("doctor", "--root", str(tmp_path))
    finally:
        machine.devices.cache_clear()
    assert done.exit_code == 1
    output = " ".join(done.output.split())
    assert (
        "bad GPUs: The GPU driver doesn't work: nvidia-smi ended with status 6: No devices were found → Run nvidia-smi"
        in output
    )
