"""A place with data, a cache and runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from .scoring import Scored, make_data, run_line


@pytest.fixture
def score_line(tmp_path: Path) -> Callable[..., Scored]:
    """Returns a function that runs the line trainer, with other files or another spec."""
    make_data(tmp_path / "data")
    return partial(run_line, tmp_path)
