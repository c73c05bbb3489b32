"""An experiment holds no keys: nothing of SkyPilot's is in its environment, and its folder stays closed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from labhand.trainer.contract.environment import without_keys
from labhand.trainer.sandbox import landlock

from ..running import OUTPUT_TRAINER, lay_out

SECRET = "hand-me-on"
LOOKS = """
import os
from pathlib import Path

names = [name for name, value in os.environ.items() if name.startswith("SKYPILOT_") or "hand-me-on" in value]
print("in the environment:", names)
for path in (Path.home() / ".sky", Path.home() / ".sky" / "sky-key"):
    try:
        print("readable:", path, path.read_text() if path.is_file() else os.listdir(path))
    except OSError as error:
        print("closed:", path.name, type(error).__name__)
for environ in Path("/proc").glob("[0-9]*/environ"):
    try:
        if b"hand-me-on" in environ.read_bytes():
            print("in the environment of another process:", environ)
    except OSError:
        pass
print("loss: 1.0")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a runner on a machine with SkyPilot."""
    (tmp_path / "home" / ".sky").mkdir(parents=True)
    (tmp_path / "home" / ".sky" / "sky-key").write_text(SECRET)
    return {
        "HOME": str(tmp_path / "home"),
        "LABHAND_CACHE": str(tmp_path / "cache"),
        "SKYPILOT_API_SERVER_ENDPOINT": f"https://me:{SECRET}@sky.example",
        "SKYPILOT_SERVICE_ACCOUNT_TOKEN": SECRET,
    }


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_no_key_of_skypilot_is_in_a_trainings_environment_or_readable_for_it(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run = lay_out(tmp_path / "e0001-1", OUTPUT_TRAINER, LOOKS, budget_seconds=5.0)
    run.environment = environment
    assert run.run()["status"] == "succeeded", run.log()
    log = run.log()
    assert "in the environment: []" in log
    assert "in the environment of another process" not in log
    assert "readable:" not in log
    assert log.count("closed:") == 2
    assert SECRET not in log


@pytest.mark.parametrize("opened", ["~", "~/.sky", "~/.sky/sky-key"])
def test_a_trainer_that_would_open_the_folder_of_skypilot_is_refused(
    tmp_path: Path, environment: dict[str, str], opened: str
) -> None:
    trainer = f'{OUTPUT_TRAINER}\n[sandbox]\nread = ["{opened}"]\n'
    run = lay_out(tmp_path / "elsewhere" / "e0001-1", trainer, LOOKS)
    run.environment = environment
    result = run.run()
    assert result["status"] == "failed"
    assert "can't be read by experiments" in result["failure"]["message"]
    assert ".sky" in result["failure"]["message"]


def test_a_runner_does_not_inherit_what_skypilot_puts_into_tasks() -> None:
    handed_on = without_keys({**os.environ, "SKYPILOT_TASK_ID": "1", "SKYPILOT_SERVICE_ACCOUNT_TOKEN": SECRET, "PATH": "/bin"})
    assert [name for name in handed_on if name.startswith("SKYPILOT_")] == []
    assert handed_on["PATH"] == "/bin"
