"""What a failed try says about the machine."""

from __future__ import annotations

import pytest
from labhand.server.onboarding.refused_paths import lacks_cuda
from labhand.trainer.contract.failures import FailureKind
from labhand.trainer.contract.run_result import RunFailure


@pytest.mark.parametrize(
    ("message", "log", "lacks"),
    [
        ("RuntimeError: No CUDA GPUs are available", "", True),
        ("The command ended with status 1", "AssertionError: Torch not compiled with CUDA enabled\n", True),
        (
            "The output has no line that matches",
            "a.py:12: UserWarning: GradScaler is enabled, but CUDA is not available.  Disabling.\nstep 3: loss 2\n",
            False,
        ),
        ("The output has no line that matches", "step 3: loss 2\n", False),
    ],
)
def test_a_warning_of_a_missing_gpu_is_no_failure_for_want_of_one(message: str, log: str, *, lacks: bool) -> None:
    assert lacks_cuda(RunFailure(FailureKind.CRASHED, message), log) is lacks
