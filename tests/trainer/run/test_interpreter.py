"""The stratum names what ran: the interpreter of the trainer's command is asked, and not the runner's."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from labhand.server.store.running import result_reader
from labhand.trainer.contract.run_result import RunResult
from labhand.trainer.run.interpreter import trace

from ..running import OUTPUT_TRAINER, RunFolder, lay_out

TRAIN = "#!{interpreter}\nimport sys; print(sys.executable); print('loss: 1')\n"


@pytest.fixture
def other_python(tmp_path: Path) -> Path:
    """An environment of its own, with another torch than this one: as a person has one for training."""
    bin_folder = tmp_path / "other" / "bin"
    bin_folder.mkdir(parents=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = tmp_path / "other" / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / "other" / "pyvenv.cfg").write_text(f"home = {sysconfig.get_config_var('BINDIR')}\n")
    (bin_folder / "python3").symlink_to(os.path.realpath(sys.executable))
    install(packages, "torch", "1.2.3")
    return bin_folder / "python3"


def install(packages: Path, name: str, version: str) -> None:
    folder = packages / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


Device = Callable[[list[str], str], dict[str, Any]]


@pytest.fixture
def device_of(tmp_path: Path, other_python: Path) -> Device:
    """Runs a command of a trainer, and returns the device of its result."""
    numbers = iter(range(1, 100))

    def run_it(command: list[str], train: str = TRAIN) -> dict[str, Any]:
        toml = OUTPUT_TRAINER.replace('["python", "train.py"]', repr(command))
        toml += f'[sandbox]\nread = ["{other_python.parents[1]}"]\n'
        run: RunFolder = lay_out(tmp_path / "runs" / f"e{next(numbers):04}-1", toml, train.format(interpreter=other_python))
        (run.source / "train.py").chmod(0o755)
        run.environment |= {
            "LABHAND_CACHE": str(tmp_path / "cache"),
            "PATH": f"{other_python.parent}:{os.environ['PATH']}",
        }
        result = run.run()
        assert result["score"] == 1, result
        device: dict[str, Any] = result["device"]
        device["ran"] = run.log().splitlines()[0]
        return device

    return run_it


@pytest.mark.parametrize(
    "command",
    [["python3", "train.py"], ["env", "A=1", "python3", "train.py"], ["./train.py"], ["runs-it", "train.py"]],
    ids=["python3", "env", "first line", "script on the PATH"],
)
def test_the_torch_of_the_interpreter_that_ran_is_named(device_of: Device, other_python: Path, command: list[str]) -> None:
    launcher = other_python.parent / "runs-it"
    launcher.write_text(f"#!{other_python}\nimport runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0])\n")
    launcher.chmod(0o755)
    device = device_of(command, TRAIN)
    assert device["ran"] == str(other_python)
    assert device["torch"] == "1.2.3"
    assert device["environment"].startswith("python-3.")


def test_a_command_that_cannot_be_traced_is_unknown(device_of: Device, other_python: Path) -> None:
    device = device_of(["sh", "-c", f"{other_python} train.py"], TRAIN)
    assert (device["torch"], device["environment"]) == ("unknown", "unknown")


def test_a_bare_python_is_the_runners_own_and_its_strata_go_on(device_of: Device) -> None:
    assert "environment" not in device_of(["python", "train.py"], TRAIN)


def test_what_is_installed_later_changes_the_fingerprint_although_the_answer_is_kept(
    tmp_path: Path, device_of: Device, other_python: Path
) -> None:
    first = device_of(["python3", "train.py"], TRAIN)
    [kept] = (tmp_path / "cache" / "interpreters").iterdir()
    before = kept.stat().st_mtime_ns
    assert device_of(["python3", "train.py"], TRAIN) == first
    assert kept.stat().st_mtime_ns == before, "it was asked again"
    install(next(other_python.parents[1].glob("lib/*/site-packages")), "triton", "3")
    assert device_of(["python3", "train.py"], TRAIN)["environment"] != first["environment"]


def test_two_environments_are_two_strata() -> None:
    class Request:
        setting, budget_seconds, clock = "t/cpu/5s", 5.0, "cpu"

    def facts(**device: str) -> Mapping[str, Any]:
        result = RunResult.read({"run": "e0001-1", "status": "succeeded", "score": 1, "device": {"kind": "cpu", **device}})
        return result_reader.read(result, Request()).facts  # type: ignore[arg-type]

    assert facts(torch="2.0", environment="python-3.11.1-a") != facts(torch="2.0", environment="python-3.11.1-b")
    assert "environment" not in facts(torch="2.0")


@pytest.mark.parametrize("command", [["nowhere"], ["uv", "sync"], ["sh", "train.sh"], ["./missing"], ["env"]])
def test_what_leads_to_no_interpreter_is_not_guessed(tmp_path: Path, command: list[str]) -> None:
    assert trace(command, tmp_path) is None
