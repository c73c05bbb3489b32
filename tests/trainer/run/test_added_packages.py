"""The packages of an idea are added to the trainer's environment for its own runs, without changing what was there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.contract.trainer_folder.packages import PACKAGES_FILE

from ..running import OUTPUT_TRAINER, RunFolder, lay_out
from ..wheels import make_venv, write_wheel

pytestmark = pytest.mark.slow

SCORED = """
name = "scored"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "loss"
[evaluator]
command = ["python", "evaluate.py"]
artifacts = ["model.txt"]
"""
EVALUATE = """
import importlib.util, os
from pathlib import Path
assert importlib.util.find_spec("older") and importlib.util.find_spec("newer") is None
print("loss:", Path(os.environ["LABHAND_ARTIFACTS"], "model.txt").read_text())
"""
TRAIN = "import sys, newer, older\nprint(newer.VALUE, older.VALUE)\nprint('loss: 1')\n"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run of an idea that asks for `newer`, in an environment that has `older`."""
    python = make_venv(tmp_path / "venv", older="VALUE = 1\n")
    write_wheel(tmp_path / "wheels", "newer", "2.0", "VALUE = 2\n")
    write_wheel(tmp_path / "wheels", "older", "3.0", "VALUE = 3\n")
    run = lay_out(tmp_path / "runs" / "e0001-1", OUTPUT_TRAINER, TRAIN, python=str(python))
    run.environment |= {
        "LABHAND_CACHE": str(tmp_path / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
        "PIP_CONFIG_FILE": "/dev/null",
    }
    return run


def device(run: RunFolder) -> dict[str, Any]:
    result = run.run()
    assert result["score"] == 1, result["failure"]
    found: dict[str, Any] = result["device"]
    return found


def test_an_added_package_is_named_and_leaves_the_stratum_as_it_is(run: RunFolder, tmp_path: Path) -> None:
    (run.source / PACKAGES_FILE).write_text("newer\n")
    added = device(run)
    assert "2 1" in run.log().splitlines()
    assert added["packages"] == ["newer==2.0"]
    python = tmp_path / "venv" / "bin" / "python"
    plain = lay_out(tmp_path / "runs" / "e0002-1", OUTPUT_TRAINER, "print('loss: 1')\n", python=str(python))
    plain.environment |= run.environment
    assert device(plain) == {name: value for name, value in added.items() if name != "packages"}


def test_a_package_of_the_environment_is_not_replaced(run: RunFolder) -> None:
    (run.source / PACKAGES_FILE).write_text("newer\nolder>=3\n")
    failure = run.run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert "older" in failure["message"]


def test_labhands_own_environment_can_be_added_to(run: RunFolder, tmp_path: Path) -> None:
    train = "import newer, numpy, labhand.trainer\nprint('loss: 1')\n"
    own = lay_out(tmp_path / "runs" / "e0002-1", OUTPUT_TRAINER, train)
    own.environment |= run.environment
    (own.source / PACKAGES_FILE).write_text("newer\n")
    found = device(own)
    assert found["packages"] == ["newer==2.0"]
    assert "environment" not in found


def test_a_missing_package_says_that_it_can_be_asked_for(run: RunFolder) -> None:
    failure = run.run()["failure"]
    assert failure["kind"] == "import_error"
    assert 'packages=["newer"]' in failure["next_step"]


def test_the_persons_evaluator_runs_without_what_an_idea_adds(run: RunFolder, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    train = "import newer\nopen('model.txt', 'w').write('1')\n"
    scored = lay_out(tmp_path / "runs" / "e0002-1", SCORED, train, python=str(python))
    (scored.source / "evaluate.py").write_text(EVALUATE)
    (scored.source / PACKAGES_FILE).write_text("newer\n")
    scored.environment |= run.environment
    assert device(scored)["packages"] == ["newer==2.0"]
