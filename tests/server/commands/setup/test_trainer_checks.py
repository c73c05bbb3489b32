"""`labhand doctor` says what this trainer needs and lacks here, and `labhand prepare` makes what a run would find."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.commands.setup.trainer_checks import CheckResult, check_needs
from labhand.server.main import app
from labhand.server.settings import load_settings
from typer.testing import CliRunner

from ....needs import needs_uv
from ....trainer.running import OUTPUT_TRAINER
from ....trainer.wheels import make_venv, write_wheel
from ...onboarding.foreign import AUTORESEARCH_TRAIN
from ...test_machine import fresh_devices, with_nvidia_smi

__all__ = ["fresh_devices"]  # a fixture


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab with a trainer's folder beside its file."""
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (tmp_path / "own").mkdir()
    (tmp_path / "labhand.toml").write_text('trainer = "./own"\n[pools.local]\nbackend = "local"\n')
    (tmp_path / "own" / "train.py").write_text("print('loss: 1')\n")
    return tmp_path


def checks(lab: Path, toml: str = "", train: str = "") -> dict[str, CheckResult]:
    """The results by subject."""
    (lab / "own" / "trainer.toml").write_text(OUTPUT_TRAINER + toml)
    if train:
        (lab / "own" / "train.py").write_text(train)
    return {result.subject: result for result in check_needs(lab, load_settings(lab))}


def test_labhands_own_interpreter_is_named_and_a_missing_package_with_its_line(lab: Path) -> None:
    found = checks(lab, train="import numpy\nimport surely_not_here\n")
    assert "labhand's own" in found["Python"].finding
    assert found["imports"].state == "bad"
    assert "lacks surely_not_here (train.py:2)" in found["imports"].finding
    assert "pip install surely_not_here" in found["imports"].fix


def test_another_interpreter_is_asked_itself(lab: Path) -> None:
    python = make_venv(lab / "own" / ".venv", tinylab="")
    found = checks(lab, '[environment]\npython = ".venv/bin/python"\n', "import tinylab\nimport numpy\n")
    assert str(python) in found["Python"].finding
    assert "lacks numpy (train.py:2)" in found["imports"].finding
    assert found["imports"].fix == f"{python} -m pip install numpy"


def test_an_interpreter_that_is_not_there_is_one_sentence(lab: Path) -> None:
    found = checks(lab, '[environment]\npython = ".venv/bin/python"\n')
    assert found["Python"].state == "bad"
    assert f"{lab}/own/.venv/bin/python is no interpreter on this machine" in found["Python"].finding
    assert "Make that environment here" in found["Python"].fix


@pytest.mark.slow
@needs_uv
def test_an_environment_to_be_made_is_a_note_until_prepare_has_made_it(lab: Path) -> None:
    write_wheel(lab / "own" / "wheels", "tinylab", "1.0", "")
    (lab / "own" / "requirements.txt").write_text("--no-index\n--find-links wheels\ntinylab\n")
    (lab / "own" / "prepare.py").write_text("import tinylab; open('data.txt', 'w').write('data')")
    toml = '[environment]\nrequirements = "requirements.txt"\n[prepare]\ncommand = ["python", "prepare.py"]\n'
    before = checks(lab, toml, "import tinylab\n")
    assert (before["Python"].state, before["Python"].fix) == ("note", "labhand prepare")
    assert (before["data"].state, before["data"].fix) == ("note", "labhand prepare")
    files = sorted((lab / "own").rglob("*"))
    done = CliRunner().invoke(app, ["prepare", "--root", str(lab)])
    assert done.exit_code == 0, done.output
    assert sorted((lab / "own").rglob("*")) == files, "prepare changed the person's folder"
    after = checks(lab, toml)
    assert {subject: result.state for subject, result in after.items()} == {"Python": "ok", "data": "ok", "imports": "ok"}


@pytest.mark.slow
@needs_uv
def test_a_lock_that_does_not_agree_with_its_project_is_said_with_what_to_do(lab: Path) -> None:
    (lab / "own" / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.10"\n')
    (lab / "own" / "uv.lock").write_text('version = 1\nrequires-python = ">=3.9"\n')
    found = checks(lab, "[environment]\nuv = true\n")
    assert found["Python"].state == "bad"
    assert "uv.lock doesn't agree with pyproject.toml" in found["Python"].finding
    assert "uv lock" in found["Python"].fix


def test_code_that_needs_a_gpu_is_said_to_find_none(lab: Path) -> None:
    found = checks(lab, train="model = model.cuda()\n")
    assert found["CUDA"].state == "bad"
    assert "train.py:1 uses CUDA without asking" in found["CUDA"].finding
    with (lab / "labhand.toml").open("a") as file:
        file.write('[pools.far]\nbackend = "skypilot"\ninfra = "slurm/x"\ngpu = "H100"\n')
    assert checks(lab)["CUDA"].state == "ok"


def test_code_that_may_never_be_called_is_a_note(lab: Path) -> None:
    (lab / "own" / "other.py").write_text("def fast(x):\n    return x.cuda()\n")
    toml = (lab / "own" / "trainer.toml").read_text() if (lab / "own" / "trainer.toml").exists() else OUTPUT_TRAINER
    (lab / "own" / "trainer.toml").write_text(toml.replace('editable = ["train.py"]', 'editable = ["train.py", "other.py"]'))
    found = {result.subject: result for result in check_needs(lab, load_settings(lab))}
    assert found["CUDA"].state == "note"
    assert "the code may need a GPU: other.py:2" in found["CUDA"].finding


def test_the_line_that_needs_a_gpu_is_named_in_code_that_puts_a_tensor_into_main_memory_too(lab: Path) -> None:
    found = checks(lab, train=AUTORESEARCH_TRAIN)
    assert found["CUDA"].state == "bad"
    assert "train.py:6 uses CUDA without asking" in found["CUDA"].finding


def test_files_outside_of_the_folder_are_said_to_be_missing_or_closed(lab: Path) -> None:
    (lab / "data.bin").touch()
    missing = checks(lab, train="open('../gone/data.bin')\n")["files"]
    assert f"{lab}/gone/data.bin isn't there" in missing.finding
    closed = checks(lab, train="open('../data.bin')\n")["files"]
    assert closed.fix == f'read = ["{lab}/data.bin"] under [sandbox] in trainer.toml'
    assert "files" not in checks(lab, f'[sandbox]\nread = ["{lab}/data.bin"]\n')
    assert checks(lab, '[sandbox]\nread = ["/no/such/place"]\n', "x = 1\n")["files"].state == "bad"


def test_a_path_that_prepare_makes_is_a_note_until_it_has_run_and_then_has_to_be_there(lab: Path) -> None:
    (lab / "own" / "prepare.py").write_text("print('made nothing')\n")
    toml = '[sandbox]\nread = ["{cache}/own/train"]\n[prepare]\ncommand = ["python", "prepare.py"]\n'
    before = checks(lab, toml)["files"]
    assert (before.state, before.fix) == ("note", "labhand prepare")
    assert before.finding == f"read under [sandbox] names {lab}/cache/own/train, which isn't there"
    done = CliRunner().invoke(app, ["prepare", "--root", str(lab)])
    assert done.exit_code == 0, done.output
    after = checks(lab, toml)["files"]
    assert (after.state, after.fix) == ("bad", "correct that path")
    (lab / "cache" / "own" / "train").mkdir(parents=True)
    assert "files" not in checks(lab, toml)


@pytest.mark.slow
def test_the_doctor_of_a_fresh_lab_of_sae_says_to_prepare_it(lab: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(lab / "fresh"), "--trainer", "sae"]).exit_code == 0
    found = {result.subject: result for result in check_needs(lab / "fresh", load_settings(lab / "fresh"))}
    assert f"{lab}/cache/sae/train, which isn't there" in found["files"].finding
    assert (found["files"].state, found["files"].fix) == ("note", "labhand prepare")
    assert (found["data"].state, found["data"].fix) == ("note", "labhand prepare")


def test_a_variable_to_pass_that_is_not_set_is_noted(lab: Path) -> None:
    found = checks(lab, '[environment]\npass = ["SURELY_NOT_SET"]\n')
    assert "SURELY_NOT_SET, which this shell doesn't set" in found["variables"].finding


def test_a_package_that_only_a_function_imports_is_a_note(lab: Path) -> None:
    answer = checks(lab, train="import json\ndef plot():\n    import surely_not_here\n")
    assert answer["imports"].state == "note"
    assert "lacks surely_not_here (train.py:3), which only functions import" in answer["imports"].finding


@pytest.mark.slow
@pytest.mark.parametrize(
    ("train", "status", "text"),
    [
        ("print('loss: 0.5')", 0, "try: a run gave loss = 0.5, after"),
        ("print('val loss of 0.5')", 1, "try: a run failed as contract_broken: The output has no line that matches"),
        ("import time; time.sleep(600)", 0, "try: a run was ended after 2 s without having failed; its budget is 20 s"),
    ],
)
def test_the_doctor_runs_the_trainer_once_where_asked_to(
    lab: Path, monkeypatch: pytest.MonkeyPatch, train: str, status: int, text: str
) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(lab / "slots"))
    (lab / "own" / "trainer.toml").write_text(OUTPUT_TRAINER)
    (lab / "own" / "train.py").write_text(train)
    result = CliRunner().invoke(app, ["doctor", "--root", str(lab), "--try", "--try-seconds", "2"])
    flat = " ".join(result.output.split())
    assert text in flat
    assert result.exit_code == status


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pools", "prepared"),
    [
        ("", ["cuda"]),
        ('[pools.cores]\nbackend = "local"\ngpu = "cpu"\n', ["cuda", "cpu"]),
    ],
)
@pytest.mark.usefixtures("fresh_devices")
def test_prepare_makes_the_data_of_each_kind_of_device_that_the_pools_have(
    pools: str, prepared: list[str], lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nvidia_smi(lab, monkeypatch, "echo '0, NVIDIA H100 80GB HBM3, 81559, 570.86'")
    (lab / "labhand.toml").write_text(f'trainer = "./own"\n[pools.local]\nbackend = "local"\n{pools}')
    (lab / "own" / "prepare.py").write_text(f"import os; open('{lab}/said', 'a').write(os.environ['LABHAND_DEVICE'] + '\\n')")
    data = '[data]\ncorpus = "sotu"\nvocabulary = 1024\n[data.gpu]\nvocabulary = 8192\n'
    toml = OUTPUT_TRAINER.replace('source = "output"', "") + data + '[prepare]\ncommand = ["python", "prepare.py"]\n'
    (lab / "own" / "trainer.toml").write_text(toml)
    done = CliRunner().invoke(app, ["prepare", "--root", str(lab)])
    assert done.exit_code == 0, done.output
    assert (lab / "said").read_text().split() == prepared
