"""`uv run` is translated: what it would run runs in the environment, and what it would install is installed before."""

from __future__ import annotations

import pytest
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.environments.uv_run import UvRun, uv_run


@pytest.mark.parametrize(
    ("command", "translated"),
    [
        ("uv run train.py", UvRun(("python", "train.py"))),
        ("uv run python -u train.py", UvRun(("python", "-u", "train.py"))),
        ("uv run --frozen --extra gpu torchrun train.py", UvRun(("torchrun", "train.py"), ("--extra", "gpu"))),
        (
            "uv run --group=dev --all-extras -m package.train",
            UvRun(("python", "-m", "package.train"), ("--group", "dev", "--all-extras")),
        ),
        ("uv run -p 3.12 train.py --lr 1", UvRun(("python", "train.py", "--lr", "1"), (), "3.12")),
        ("uv -q run -- train.py", UvRun(("python", "train.py"))),
        ("/opt/bin/uv run train.py", UvRun(("python", "train.py"))),
    ],
)
def test_a_command_is_translated(command: str, translated: UvRun) -> None:
    assert uv_run(command.split()) == translated


def test_another_command_is_left_alone() -> None:
    assert uv_run(["python", "uv", "run"]) is None


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("uv sync", "otherwise than as `uv run`"),
        ("uv run --with einops train.py", "has --with, which labhand can't translate"),
        ("uv run --frozen", "names nothing to run"),
        ("uv run --extra", "has --extra"),
    ],
)
def test_what_cannot_be_translated_is_refused(command: str, problem: str) -> None:
    with pytest.raises(ContractError, match=problem):
        uv_run(command.split())
