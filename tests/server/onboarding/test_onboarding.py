"""A folder that knows nothing of labhand becomes a trainer, by tries in the real sandbox, or it is said what is missing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from labhand.server import machine
from labhand.server.errors import BadInputError
from labhand.server.onboarding.conversation import TrialFailedError
from labhand.server.onboarding.folder_survey import survey
from labhand.server.onboarding.onboarding import make_trainer
from labhand.server.source.trainer_folder import load_trainer
from labhand.trainer.sandbox import landlock

from ... import trackio_project
from ...trainer.wheels import make_venv, write_wheel
from . import foreign
from .foreign import Recorded

SECONDS = 60.0
needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.fixture(autouse=True)
def slots_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests side by side don't take each other's slots, and none has a GPU."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine.devices.cache_clear()


@pytest.mark.slow
def test_a_script_with_options_becomes_a_trainer(tmp_path: Path) -> None:
    folder = foreign.write(
        tmp_path / "curve", {"train.py": foreign.ARGPARSE, "README.md": "```\npython train.py --lr 0.2\n```\n"}
    )
    before = foreign.content(folder)
    talk = Recorded()
    first = make_trainer(folder, talk, SECONDS)
    assert first.metric == "val_loss"
    assert 0 < first.score < 1
    after = foreign.content(folder)
    toml = after.pop("trainer.toml").decode()
    assert after == before
    assert talk.shown == [toml]
    trainer = load_trainer(str(folder), tmp_path)
    assert (trainer.name, trainer.editable, trainer.file.command) == (
        *("curve", ("train.py",)),
        ("python", "train.py", "--lr", "0.2", "--seed", "{seed}"),
    )
    assert [metric.name for metric in trainer.file.metrics] == ["val_loss", "train_loss"]
    assert trainer.metric.direction == "minimize"
    assert "--epochs = 5 (train.py:4)" in toml
    assert "Two seeds gave the same" not in talk.text


@pytest.mark.slow
def test_a_metric_that_is_only_written_to_a_file_is_found_there(tmp_path: Path) -> None:
    code = """
import json, os, random
from pathlib import Path

random.seed(int(os.environ["LABHAND_SEED"]))
Path("out").mkdir()
Path("out/metrics.json").write_text(json.dumps({"epochs": 3, "test": {"accuracy": 0.5 + random.random() / 10}}))
"""
    folder = foreign.write(tmp_path / "quiet", {"train.py": code})
    talk = Recorded()
    first = make_trainer(folder, talk, SECONDS)
    assert (first.metric, 0.5 < first.score < 0.6) == ("test_accuracy", True)
    metric = load_trainer(str(folder), tmp_path).file.metric
    assert (metric.direction, metric.file, metric.key) == ("maximize", "out/metrics.json", "test.accuracy")
    assert "# From the file: out/metrics.json: test.accuracy = 0.5" in talk.shown[-1]


@pytest.mark.slow
def test_what_a_script_logs_to_trackio_is_its_metric_also_where_it_ends_without_closing_the_database(tmp_path: Path) -> None:
    code = """
import os
from pathlib import Path
from tracking import log, open_project

connection = open_project(Path("trackio/demo.db"))
for step in range(4):
    log(connection, [("run", {"val/loss": 2.0 / (step + 1), "lr": 0.1})])
os._exit(0)  # its values stay in the write-ahead log
"""
    tracking = Path(trackio_project.__file__).read_text("utf-8")
    folder = foreign.write(tmp_path / "tracked", {"train.py": code, "tracking.py": tracking})
    first = make_trainer(folder, Recorded(), SECONDS)
    assert (first.metric, first.score) == ("val_loss", 0.5)
    metric = load_trainer(str(folder), tmp_path).file.metric
    assert (metric.file, metric.format, metric.key) == ("trackio/demo.db", "trackio", "val/loss")


@pytest.mark.slow
def test_a_package_below_src_runs_by_the_script_of_its_project(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "fitter", foreign.PACKAGE)
    talk = Recorded()
    first = make_trainer(folder, talk, SECONDS)
    trainer = load_trainer(str(folder), tmp_path)
    assert (first.metric, trainer.metric.direction) == ("accuracy", "maximize")
    assert 70 < first.score < 73
    assert trainer.editable == ("src/fitter/cli.py", "src/fitter/model.py")
    assert "Protected, because of their names: src/fitter/metrics.py" in talk.shown[-1]
    assert "Two seeds gave the same" not in talk.text


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "name"), [("", "val_rmse"), ("test_rmse", "test_rmse")])
def test_of_two_metrics_the_person_picks_and_a_script_gets_the_first(tmp_path: Path, wanted: str, name: str) -> None:
    folder = foreign.write(tmp_path / "yaml", foreign.YAML)
    talk = Recorded(wanted=wanted)
    first = make_trainer(folder, talk, SECONDS)
    assert first.metric == name
    assert "2 candidates were alike: val_rmse, test_rmse" in talk.text
    assert "Two seeds gave the same" not in talk.text
    assert "# The seed is fixed: seed = 3 (conf/base.yaml:5). Each run gets its own" in talk.shown[-1]
    assert load_trainer(str(folder), tmp_path).file.seed_knob == "seed"
    assert load_trainer(str(folder), tmp_path).editable == ("main.py", "conf/base.yaml")
    assert "train.steps = 300 (conf/base.yaml:4)" in talk.shown[-1]


@needs_landlock
@pytest.mark.slow
def test_what_it_reads_outside_of_the_copy_is_found_by_tries_and_added(tmp_path: Path) -> None:
    files = dict(foreign.OUTSIDE)
    files["code/train.py"] = files["code/train.py"].format(other=str(tmp_path / "outer" / "other" / "y.txt"))
    folder = foreign.write(tmp_path / "outer", files) / "code"
    subprocess.run(["git", "init", "-q", folder], check=True, timeout=120)
    talk = Recorded()
    first = make_trainer(folder, talk, SECONDS)
    assert 1.75 <= first.score <= 1.85
    file = load_trainer(str(folder), tmp_path).file
    assert (file.include, file.data_paths) == ((".project-root",), ("../data", "cached"))
    assert file.read == (str(tmp_path / "outer" / "other"),)
    assert "Not part of runs: cached/ (git ignores it), .project-root (hidden)." in talk.text
    assert "git: 2 files have changes that aren't committed" in talk.text


@needs_landlock
@pytest.mark.slow
def test_a_home_folder_and_keys_stay_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    foreign.write(home, {".ssh/id": "secret", "notes.txt": "mine"})
    for path in (home / ".ssh" / "id", home / "notes.txt"):
        folder = foreign.write(tmp_path / path.name, {"train.py": f"print('loss:', len(open({str(path)!r}).read()))"})
        talk = Recorded()
        with pytest.raises(TrialFailedError, match="the sandbox refused"):
            make_trainer(folder, talk, SECONDS)
        assert f"It asked for {path.parent}, which holds more than data and stays closed." in talk.text
        assert not (folder / "trainer.toml").exists()


def test_an_autoresearch_checkout_is_recognised_and_its_need_of_a_gpu_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    folder = foreign.write(tmp_path / "autoresearch", foreign.AUTORESEARCH)
    talk = Recorded()
    with pytest.raises(TrialFailedError) as caught:
        make_trainer(folder, talk, SECONDS)
    assert caught.value.problem == "The command needs a CUDA GPU (train.py:6), and this machine has none: nothing was run"
    assert "Trying" not in talk.text
    assert not (tmp_path / "cache").exists(), "an environment was made"
    trainer = load_trainer(str(folder), tmp_path)
    assert trainer.file.command == ("uv", "run", "train.py")
    assert (trainer.metric.name, trainer.metric.direction) == ("val_bpb", "minimize")
    assert [metric.name for metric in trainer.file.metrics] == ["val_bpb", "loss", "peak_vram_mb", "mfu_percent", "mfu"]
    assert trainer.editable == ("train.py",)
    toml = (folder / "trainer.toml").read_text()
    assert "TIME_BUDGET = 300 (prepare.py:2)" in toml
    assert '# command = ["uv", "run", "prepare.py"]' in toml
    assert "[environment]\nuv = true" in toml


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.txt"])
def test_wheels_for_cuda_are_not_installed_where_the_code_needs_a_gpu(tmp_path: Path, file: str) -> None:
    train = "import torch\nmodel = torch.nn.Linear(1, 1).to('cuda')\n"
    index = "[[tool.uv.index]]\nurl = 'https://download.pytorch.org/whl/cu128'\n"
    text = index if file == "pyproject.toml" else "--index-url https://download.pytorch.org/whl/cu128\ntorch\n"
    folder = foreign.write(tmp_path / "foreign", {"train.py": train, file: text})
    with pytest.raises(
        TrialFailedError, match=r"The command needs a CUDA GPU \(train\.py:2\), and this machine has none: nothing was run"
    ):
        make_trainer(folder, Recorded(), SECONDS)


ENDLESS = """\
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--max-iters", type=int, default=10**9)
for step in range(parser.parse_args().max_iters):
    time.sleep(0.01)
    print(f"iter {step}: loss {1 / (step + 1):.4f}", flush=True)
"""


ENDLESS_AND_FIXED = "import time\nwhile True:\n    print('loss: 1', flush=True)\n    time.sleep(0.1)\n"


@pytest.mark.slow
def test_a_script_that_takes_too_long_is_shortened_by_its_option(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "endless", {"train.py": ENDLESS})
    talk = Recorded()
    make_trainer(folder, talk, 6.0)
    file = load_trainer(str(folder), tmp_path).file
    assert file.command == ("python", "train.py", "--max-iters", "{steps}")
    assert file.budget.unit == "steps"
    assert 10 <= (file.budget.amount or 0) <= 300
    assert "The command didn't end in time: --max-iters is 10**9, and" in talk.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("train", "sentence"),
    [
        (
            ENDLESS_AND_FIXED,
            "didn't end within 4 s; it printed 'loss: 1'",
        ),
        ("import no_such_package_anywhere", "the package no_such_package_anywhere isn't installed"),
        ("print('done')", "No metric was found in what the command printed or wrote in .* s; the last line is 'done'"),
        ("x = 1 / 0", "The try failed as crashed: .*ZeroDivisionError"),
    ],
)
def test_what_is_missing_is_one_sentence_and_nothing_is_written(tmp_path: Path, train: str, sentence: str) -> None:
    folder = foreign.write(tmp_path / "foreign", {"train.py": train})
    talk = Recorded()
    with pytest.raises(TrialFailedError, match=sentence):
        make_trainer(folder, talk, 4.0 if train is ENDLESS_AND_FIXED else SECONDS)
    last = "Nothing was written. The trainer.toml above is what would be written once the try succeeds."
    assert talk.told[-1] == last
    assert list(foreign.content(folder)) == ["train.py"]


@pytest.mark.slow
def test_a_try_that_shows_the_need_of_a_gpu_leaves_a_file_for_a_machine_that_has_one(tmp_path: Path) -> None:
    train = "if True:\n    raise RuntimeError('No CUDA GPUs are available')\nprint(f'val_loss: {1:.2f}')\n"
    folder = foreign.write(tmp_path / "foreign", {"train.py": train})
    with pytest.raises(TrialFailedError, match=r"The command needs a CUDA GPU, and this machine has none: .*No CUDA GPUs"):
        make_trainer(folder, Recorded(), SECONDS)
    assert load_trainer(str(folder), tmp_path).metric.name == "val_loss"


NANO: Mapping[str, str] = {
    "README.md": "```sh\npython train.py config/small.py --device=cpu\n```\n",
    "train.py": "import random\nmax_iters = 40\ndevice = 'cuda'\nexec(open('config/small.py').read())\n"
    "open('data/train.bin').close()\nfor step in range(max_iters):\n"
    "    print(f'step {step}: train loss {1 / (step + 1):.4f}, val loss {random.random():.4f}')\n",
    "config/small.py": "max_iters = 20\n",
    "data/train.bin": "x",
    "data/prepare.py": "",
    ".gitignore": "*.bin\n",
}


@pytest.mark.slow
def test_training_without_an_end_is_scored_by_its_last_value(tmp_path: Path) -> None:
    step = "    sum(range(2_000_000))\n    print(f'loss: {1 / step:.5f}', flush=True)\n"
    code = f"import itertools\nfor step in itertools.count(1):\n{step}"
    folder = foreign.write(tmp_path / "endless", {"train.py": code})
    talk = Recorded()
    first = make_trainer(folder, talk, 8.0)
    assert 0 < first.score < 0.5
    budget = load_trainer(str(folder), tmp_path).file.budget
    assert (budget.cpu_seconds, budget.on_timeout) == (4.0, "last")
    assert "the last value counts" in talk.text


@pytest.mark.slow
@pytest.mark.parametrize(("root", "place"), [("", "."), ("src/", "src")])
def test_a_package_of_the_folder_that_is_not_installed_is_found(tmp_path: Path, root: str, place: str) -> None:
    files = {
        f"{root}gpt/__init__.py": "def loss(seed):\n    return 1 + 1 / seed\n",
        "projects/adder/train.py": "import os\nimport gpt\nprint(f'loss: {gpt.loss(int(os.environ[\"LABHAND_SEED\"]))}')\n",
    }
    folder = foreign.write(tmp_path / "mini", files)
    talk = Recorded()
    make_trainer(folder, talk, SECONDS)
    assert f"gpt is a package of this folder, and not installed: PYTHONPATH = '{place}' was added." in talk.text
    trainer = load_trainer(str(folder), tmp_path)
    assert dict(trainer.file.environment.variables) == {"PYTHONPATH": place}


@pytest.mark.slow
def test_lower_case_globals_and_a_file_of_settings_are_editable(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "nano", NANO)
    subprocess.run(["git", "init", "-q", folder], check=True, timeout=120)
    make_trainer(folder, Recorded(), SECONDS)
    trainer = load_trainer(str(folder), tmp_path)
    assert trainer.editable == ("train.py", "config/small.py")
    assert trainer.file.include == ("data/train.bin",)
    assert trainer.metric.name == "val_loss"
    toml = (folder / "trainer.toml").read_text()
    assert "max_iters = 40 (train.py:2), max_iters = 20 (config/small.py:1)" in toml
    assert '# command = ["python", "data/prepare.py"]' in toml


def test_a_folder_with_nothing_to_train_is_said_with_its_notebooks(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "notes", {"explore.ipynb": "{}", "library.py": "X = 1"})
    with pytest.raises(BadInputError, match=r"Nothing to train was found .*explore\.ipynb can be made a script"):
        make_trainer(folder, Recorded(), SECONDS)


@pytest.mark.slow
def test_nothing_is_written_against_a_persons_will(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "curve", {"train.py": foreign.ARGPARSE})
    with pytest.raises(BadInputError, match="Nothing was written"):
        make_trainer(folder, Recorded(agree=False), SECONDS)
    assert list(foreign.content(folder)) == ["train.py"]


@pytest.mark.slow
def test_a_gibibyte_of_data_pipes_and_dangling_links_are_said_and_do_not_hold_it_up(tmp_path: Path) -> None:
    train = "import os, random\nprint('val_loss:', os.path.getsize('data/big.bin') / 2**30 + random.random())\n"
    folder = foreign.write(tmp_path / "big data", {"train.py": train, "data/small.txt": ""})
    with (folder / "data" / "big.bin").open("wb") as file:
        file.truncate(1 << 30)
    os.mkfifo(folder / "pipe")
    (folder / "gone").symlink_to("/nonexistent")
    talk = Recorded()
    assert 1 <= make_trainer(folder, talk, SECONDS).score <= 2
    file_ = load_trainer(str(folder), tmp_path).file
    assert (file_.name, file_.data_paths, file_.exclude) == ("big-data", ("data",), ("gone",))
    assert "Data, which is linked into runs and not copied: data." in talk.text
    assert "Not part of runs: pipe (a named pipe)." in talk.text


@pytest.mark.slow
def test_a_missing_package_is_made_available_from_the_folders_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    train = "import random, tinylab\nprint('loss:', tinylab.VALUE + random.random())\n"
    requirements = "--no-index\n--find-links wheels\ntinylab\n"
    folder = foreign.write(tmp_path / "foreign", {"train.py": train, "requirements.txt": requirements})
    write_wheel(folder / "wheels", "tinylab", "1.0", "VALUE = 5\n")
    talk = Recorded()
    assert 5 <= make_trainer(folder, talk, SECONDS).score <= 6
    assert load_trainer(str(folder), tmp_path).file.environment.requirements == "requirements.txt"
    assert "the package tinylab isn't installed" in talk.text


@pytest.mark.slow
def test_the_folders_virtual_environment_is_used(tmp_path: Path) -> None:
    train = "import random, sys\nassert sys.prefix.endswith('.venv')\nprint('loss:', random.random())\n"
    folder = foreign.write(tmp_path / "foreign", {"train.py": train})
    make_venv(folder / ".venv")
    make_trainer(folder, Recorded(), SECONDS)
    assert load_trainer(str(folder), tmp_path).file.environment.prefix == ".venv"


def test_a_conda_environment_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = foreign.write(tmp_path / "foreign", {"environment.yml": "name: mine\ndependencies: [python]\n", "train.py": ""})
    assert survey(folder).prefix == ""
    (tmp_path / "envs" / "mine" / "conda-meta").mkdir(parents=True)
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "envs" / "mine"))
    assert survey(folder).prefix == str(tmp_path / "envs" / "mine")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"# caf\xe9\nprint('loss: 1')\n", "train.py can't be read as text: invalid or missing encoding declaration"),
        (b"# -*- coding: latin-1 -*-\n# caf\xe9\nimport random\nprint('loss:', random.random())\n", ""),
        (b"\xef\xbb\xbfimport random\r\nif True:\r\n\tprint('loss:', random.random())\r\n", ""),
    ],
    ids=["bytes", "latin-1", "BOM, CRLF and tabs"],
)
def test_an_encoding_is_honoured_or_said(tmp_path: Path, data: bytes, sentence: str) -> None:
    folder = foreign.write(tmp_path / "foreign", {"train.py": ""})
    (folder / "train.py").write_bytes(data)
    talk = Recorded()
    if sentence:  # Python itself refuses such a file
        with pytest.raises(TrialFailedError, match="SyntaxError"):
            make_trainer(folder, talk, SECONDS)
        assert sentence in talk.text
    else:
        make_trainer(folder, talk, SECONDS)
        assert "is not text" not in talk.text
    assert (folder / "train.py").read_bytes() == data
