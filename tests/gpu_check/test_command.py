"""The check as a person starts it, on the CPU: parts, exit status, and what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu_check import command
from benchmarks.gpu_check.bench import Bench
from benchmarks.gpu_check.parts import PARTS, Part
from benchmarks.gpu_check.report import Findings, PartFailedError, PartNotRunError

REPOSITORY = Path(__file__).parents[2]
H100 = "0, NVIDIA H100 80GB HBM3, 81559, 580.1"


def failing(_bench: Bench) -> Findings:
    raise PartFailedError("the device is warm", {"degrees": 90})


def broken(_bench: Bench) -> Findings:
    raise ZeroDivisionError("division by zero")


def not_here(_bench: Bench) -> Findings:
    raise PartNotRunError("there is one GPU")


def fine(_bench: Bench) -> Findings:
    return Findings({"answer": 42})


@pytest.fixture
def made_up_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"failing": failing, "broken": broken, "not_here": not_here, "fine": fine}
    monkeypatch.setattr(command, "PARTS", {name: Part(name, check) for name, check in parts.items()})


def check(path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    status = command.main(["--cpu", "--json", str(path), *arguments])
    return status, json.loads(path.read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.usefixtures("made_up_parts")
def test_a_part_that_fails_does_not_end_the_others_and_makes_the_exit_status_1(tmp_path: Path) -> None:
    status, report = check(tmp_path / "check.json")
    assert status == 1
    assert [(part["name"], part["status"], part["why"]) for part in report["parts"]] == [
        ("failing", "failed", "the device is warm"),
        ("broken", "failed", "ZeroDivisionError: division by zero"),
        ("not_here", "not run", "there is one GPU"),
        ("fine", "passed", ""),
    ]
    assert report["parts"][0]["figures"] == {"degrees": 90}
    assert report["on_cpu"]


@pytest.mark.slow
@pytest.mark.usefixtures("made_up_parts")
def test_only_the_named_parts_are_run(tmp_path: Path) -> None:
    status, report = check(tmp_path / "check.json", "--part", "fine", "--part", "not_here")
    assert status == 0
    assert [part["name"] for part in report["parts"]] == ["fine", "not_here"]


@pytest.mark.slow
@pytest.mark.usefixtures("made_up_parts")
def test_no_part_is_begun_when_the_time_is_used(tmp_path: Path) -> None:
    status, report = check(tmp_path / "check.json", "--part", "failing", "--limit", "-1")
    assert status == 0
    assert report["parts"][0]["status"] == "not run"


def test_a_part_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--part", "speed"])
    assert "invalid choice: 'speed'" in capsys.readouterr().err


def run(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({} if path is None else {"PATH": path})
    words = [sys.executable, "-m", "benchmarks.gpu_check", *arguments]
    return subprocess.run(words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.slow
def test_the_help_names_every_part() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert [name for name in PARTS if name not in done.stdout] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_check_passes_on_a_cpu(tmp_path: Path) -> None:
    done = run("--cpu", "--seconds", "1", "--limit", "900", "--json", str(tmp_path / "check.json"))
    report = json.loads((tmp_path / "check.json").read_text("utf-8"))
    assert [(part["name"], part["why"]) for part in report["parts"] if part["status"] != "passed"] == []
    assert done.returncode == 0, done.stderr
    figures = {part["name"]: part["figures"] for part in report["parts"]}
    assert list(figures) == list(PARTS)
    assert figures["training"]["tokens_per_second"] > 0
    assert 0 < figures["training"]["share_of_matmul"] < 1.5
    assert figures["startup"]["cold_seconds"] > 0
    assert figures["memory"]["peak_gib"] > 0.05
    assert figures["two"]["seconds_together"] > 0


@pytest.mark.slow
def test_a_gpu_that_pytorch_can_not_use_fails_with_words_and_the_other_parts_go_on(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{H100}'\n", "utf-8")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = run("--part", "cuda", "--part", "driver", "--json", str(tmp_path / "check.json"), path=path)
    report = json.loads((tmp_path / "check.json").read_text("utf-8"))
    assert done.returncode == 1
    assert (report["device"], report["driver"], report["on_cpu"]) == ("H100-SXM", "580.1", False)
    cuda, driver = report["parts"]
    assert cuda["status"] == "failed"
    assert "sees no GPU" in cuda["why"]
    assert driver["status"] == "passed"
