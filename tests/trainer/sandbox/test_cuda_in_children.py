"""CUDA starts where a process may write the names of its threads to /proc: also in processes that a command starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.trainer.sandbox import landlock

from ..running import OUTPUT_TRAINER, MakeRun, lay_out

CHILD = "import os; open(f'/proc/self/task/{os.getpid()}/comm', 'w').write('cuda')"
START_IT = f'import subprocess, sys; subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)'
ON_A_GPU = {"device": "cuda", "clock": "wall", "gpu": "0"}

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.mark.parametrize(("spec", "status"), [(ON_A_GPU, "succeeded"), ({}, "failed")], ids=["on a GPU", "on a CPU"])
def test_a_command_may_start_processes_that_use_cuda(tmp_path: Path, spec: dict[str, object], status: str) -> None:
    run = lay_out(tmp_path / "e0001-1", OUTPUT_TRAINER, f"{START_IT}\nprint('loss: 1')", **spec)
    run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
    result = run.run()

    assert result["status"] == status, run.log()
    assert ("PermissionError" in run.log()) == (status == "failed")


@pytest.mark.slow
def test_a_measured_trainer_of_one_process_can_not_reset_its_peak_of_memory(make_run: MakeRun) -> None:
    run = make_run(("    step = 0\n", "    step = 0\n    open('/proc/self/clear_refs', 'w').write('5')\n"), **ON_A_GPU)
    result = run.run()

    assert result["status"] == "failed", run.log()
    assert "PermissionError" in run.log()
