"""Tries that complete a proposal: the command, the length, and the files beside those that a try asked for."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from labhand.server import machine
from labhand.server.errors import BadInputError
from labhand.server.onboarding.conversation import TrialFailedError
from labhand.server.onboarding.onboarding import make_trainer
from labhand.server.source.trainer_folder import load_trainer

from ...needs import needs_uv
from . import foreign
from .foreign import Recorded

SECONDS = 60.0


@pytest.fixture(autouse=True)
def slots_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests side by side don't take each other's slots, and none has a GPU."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine.devices.cache_clear()


SLOW_STEPS = """
import os
N_BATCHES = 100_000
eval_iters = 200
value = int(os.environ["LABHAND_SEED"])
for step in range(N_BATCHES):
    value += sum(range(200_000)) % 7
print("val_loss:", 1 / (1 + value % 13))
"""


@pytest.mark.slow
def test_a_file_that_another_command_of_the_readme_makes_is_not_looked_for_in_the_source(tmp_path: Path) -> None:
    readme = "First:\n```\npython generate_waves.py\npython train.py\n```\n"
    files = {"README.md": readme, "generate_waves.py": "", "train.py": "print('loss:', open('waves.txt').read())\n"}
    folder = foreign.write(tmp_path / "waves", files)
    with pytest.raises(TrialFailedError) as failed:
        make_trainer(folder, Recorded(), SECONDS)
    assert "FileNotFoundError" in failed.value.problem
    assert "The folder's documents also name `python generate_waves.py`: run first what makes that file." in str(failed.value)


@pytest.mark.slow
@needs_uv
def test_where_the_environment_of_a_lock_can_not_be_made_labhands_own_python_is_tried(tmp_path: Path) -> None:
    project = '[project]\nname = "old"\nversion = "0"\nrequires-python = ">=99"\n'
    code = "import os\nprint('val_loss:', 1 / int(os.environ['LABHAND_SEED']))\n"
    files = {"pyproject.toml": project, "uv.lock": 'version = 1\nrequires-python = ">=99"\n', "train.py": code}
    folder, talk = foreign.write(tmp_path / "old", files), Recorded()
    first = make_trainer(folder, talk, SECONDS)
    assert first.metric == "val_loss"
    assert "The environment can't be made: uv says" in talk.text
    assert "It is tried in labhand's own Python." in talk.text
    assert "# uv = true" in (folder / "trainer.toml").read_text("utf-8")
    assert load_trainer(str(folder), tmp_path).name == "old"


@pytest.mark.slow
def test_a_metric_that_a_shortened_training_prints_before_it_begins_alone_is_refused(tmp_path: Path) -> None:
    code = """
import os
MAX_STEPS = 100_000
value = int(os.environ["LABHAND_SEED"])
for step in range(MAX_STEPS):
    if step % 50_000 == 0:
        print("test accuracy:", value % 13 / 13)
    value += sum(range(100_000)) % 7
    if step % 10 == 0:
        print("step", step, flush=True)
"""
    folder = foreign.write(tmp_path / "early", {"train.py": code})
    with pytest.raises(TrialFailedError, match=r"test accuracy was printed before training began, and not again until"):
        make_trainer(folder, Recorded(), 5.0)
    assert not (folder / "trainer.toml").exists()


@pytest.mark.slow
def test_a_constant_that_sets_the_length_is_made_shorter_and_becomes_the_budget(tmp_path: Path) -> None:
    folder = foreign.write(tmp_path / "batches", {"train.py": SLOW_STEPS})
    talk = Recorded()
    make_trainer(folder, talk, 5.0)
    assert "The command didn't end in time: N_BATCHES is 100_000. The next try has 1000." in talk.text
    budget = load_trainer(str(folder), tmp_path).file.budget
    assert (budget.unit, budget.knob) == ("steps", "N_BATCHES")
    assert budget.amount is not None
    assert 20 <= budget.amount <= 5000


@pytest.mark.slow
def test_a_constant_that_another_script_has_too_is_named_with_its_file(tmp_path: Path) -> None:
    script = SLOW_STEPS.replace("N_BATCHES =", "seed = 3\nN_BATCHES =").replace('int(os.environ["LABHAND_SEED"])', "seed")
    folder = foreign.write(tmp_path / "two", {"gpt.py": script, "bigram.py": script.replace("100_000", "3000")})
    make_trainer(folder, Recorded(), 5.0, "python gpt.py")
    file = load_trainer(str(folder), tmp_path).file
    assert file.budget.knob == "gpt.py:N_BATCHES"
    assert file.seed_knob == "gpt.py:seed"
    assert file.budget.amount is not None
    assert 20 <= file.budget.amount <= 5000


@pytest.mark.slow
def test_the_persons_own_command_is_taken(tmp_path: Path) -> None:
    script = "import os\nprint('rmse:', {} + int(os.environ['LABHAND_SEED']) / 100)\n"
    files = {f"{name}.py": script.format(number) for number, name in enumerate(("train", "fit_a", "fit_b"))}
    folder = foreign.write(tmp_path / "many", files)
    first = make_trainer(folder, Recorded(), SECONDS, "python fit_b.py --fast")
    assert first.score == 2.02
    assert load_trainer(str(folder), tmp_path).file.command == ("python", "fit_b.py", "--fast")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("python fitb.py", "'python fitb.py' runs fitb.py, and"),
        ("python 'train.py", "can't be read as a command: No closing quotation"),
    ],
)
def test_a_command_that_cannot_be_used_is_refused(tmp_path: Path, command: str, problem: str) -> None:
    folder = foreign.write(tmp_path / "many", {"fit_b.py": "", "train.py": ""})
    with pytest.raises(BadInputError, match=r"command|such file") as caught:
        make_trainer(folder, Recorded(), SECONDS, command)
    assert problem in caught.value.problem


@pytest.mark.slow
def test_files_beside_one_that_is_asked_for_come_with_it(tmp_path: Path) -> None:
    code = """
import os
text = open("data/tiny/train.txt").read()
meta = os.path.exists("data/tiny/meta.json")
print("val_loss:", len(text) + meta + int(os.environ["LABHAND_SEED"]) / 10)
"""
    files = {
        "train.py": code,
        ".gitignore": "data/**/*.txt\n*.json\n",
        "data/tiny/train.txt": "ab",
        "data/tiny/meta.json": "{}",
    }
    files["data/tiny/README.md"] = "With this, git doesn't ignore the whole folder."
    folder = foreign.write(tmp_path / "siblings", files)
    subprocess.run(["git", "init", "-q", folder], check=True, timeout=120)
    first = make_trainer(folder, Recorded(), SECONDS)
    assert first.score == 3.2
    assert load_trainer(str(folder), tmp_path).file.include == ("data/tiny/train.txt", "data/tiny/meta.json")


@pytest.mark.slow
def test_a_script_whose_packages_are_missing_comes_after_one_that_can_run(tmp_path: Path) -> None:
    files = {
        "train_a.py": "import no_such_package\nprint('loss: 1')\n",
        "train_b.py": "import os\nprint('loss:', 2 + int(os.environ['LABHAND_SEED']))\n",
    }
    folder = foreign.write(tmp_path / "two", files)
    assert make_trainer(folder, Recorded(), SECONDS).score == 4


@pytest.mark.slow
def test_a_training_loss_is_told_apart_from_what_the_code_prints_later(tmp_path: Path) -> None:
    code = """
import os
for step in range(4):
    loss = 1 / (step + 1) + int(os.environ["LABHAND_SEED"]) / 100
    print(f"step {step} loss {loss:.4f}")
    if step == 100:
        print(f"test loss: {loss:.4f}")
"""
    talk = Recorded()
    make_trainer(foreign.write(tmp_path / "early", {"train.py": code}), talk, SECONDS)
    assert "loss may be of the training data. The code also prints 'test loss', which a try didn't reach; with" in talk.text


@pytest.mark.slow
def test_a_refused_environment_is_shown_as_a_comment_in_the_table_that_is_there_anyway(tmp_path: Path) -> None:
    train = "import mine, tinylab\nprint('loss:', mine.VALUE)\n"
    files = {"scripts/train.py": train, "mine/__init__.py": "VALUE = 1\n", "requirements.txt": "tinylab\n"}
    talk = Recorded(agree=False)
    with pytest.raises(TrialFailedError, match="tinylab isn't installed"):
        make_trainer(foreign.write(tmp_path / "foreign", files), talk, SECONDS)
    assert "No environment was made from requirements.txt: --yes has it made." in talk.text
    uncommented = talk.shown[-1].replace("# requirements =", "requirements =")
    assert tomllib.loads(uncommented)["environment"] == {"requirements": "requirements.txt", "env": {"PYTHONPATH": "."}}
