"""`labhand study`: factors as they are typed, and a search with real runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from labhand.server.commands.study import parse_factor
from labhand.server.errors import BadInputError
from labhand.server.main import app
from typer.testing import CliRunner

PARABOLA = Path(__file__).parents[2] / "trainers" / "parabola"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab whose slots are no other test's."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    shutil.copytree(PARABOLA, tmp_path / "lab" / "parabola")
    (tmp_path / "lab" / "labhand.toml").write_text('trainer = "./parabola"\n[allowance]\nexperiments = 10\n')
    return tmp_path / "lab"


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("DEPTH=2,12", ("DEPTH", [2, 12])),
        ("LR = 0.01, 1e-1", ("LR", [0.01, 0.1])),
        ("ACT=relu,gelu", ("ACT", ["relu", "gelu"])),
        ("SIZE=2**10,2**12", ("SIZE", ["2**10", "2**12"])),
        ("BETAS=[[0.8, 0.95], [0.9, 0.98]]", ("BETAS", [[0.8, 0.95], [0.9, 0.98]])),
    ],
)
def test_factors_are_read_as_they_are_typed(text: str, factor: tuple[str, list[Any]]) -> None:
    assert parse_factor(text) == factor


@pytest.mark.parametrize("text", ["DEPTH", "=1,2", "DEPTH=", "BETAS=[1, 2"])
def test_what_is_no_factor_is_told_with_what_would_do(text: str) -> None:
    with pytest.raises(BadInputError, match="Write "):
        parse_factor(text)


def study(root: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["study", *arguments, "--root", str(root)])
    return done.exit_code, done.output


@pytest.mark.slow
def test_it_launches_waits_and_prints_the_best_until_the_space_is_exhausted(root: Path) -> None:
    code, told = study(root, "NAME=a,b,c,d", "--experiments", "9")
    assert code == 0, told
    assert "No more launches: Every cell of the factors" in " ".join(told.split())
    assert "the best of 8 experiments" in told  # four cells, and the baseline's replicates


@pytest.mark.slow
def test_the_allowance_ends_it(root: Path) -> None:
    code, told = study(root, "X=0,6", "--experiments", "9")
    assert code == 0, told
    assert "9 of 9 launched" not in told
    assert "of the 10 allowed" in " ".join(told.split())


def test_a_knob_that_is_not_there_is_refused_before_anything_runs(root: Path) -> None:
    code, told = study(root, "DEPTH=1,2")
    assert code == 2
    assert "There is no knob DEPTH in train.py" in " ".join(told.split())
