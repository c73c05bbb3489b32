"""That a command is at work shows on a terminal, and nowhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .terminals import PATIENCE_SECONDS, SHOW_CURSOR, on_terminal, read_until

PROGRAM = """
import sys, time, typer
from labhand.server.commands.console import working
with working("Reading [the] lab"):
    time.sleep(float(sys.argv[1]))
    typer.echo("the answer")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "shows"), [("1.5", True), ("0", False)])
def test_on_a_terminal_what_takes_long_shows_that_it_is_at_work(seconds: str, *, shows: bool) -> None:
    with on_terminal(sys.executable, "-c", PROGRAM, seconds) as (process, terminal):
        seen = read_until(terminal, "never shown")
        assert process.wait(PATIENCE_SECONDS) == 0
    assert "the answer" in seen
    assert ("Reading [the] lab" in seen) is shows
    assert (SHOW_CURSOR in seen) is shows


def test_without_a_terminal_nothing_but_the_answer_is_printed() -> None:
    command = [sys.executable, "-c", PROGRAM, "0.7"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    assert (done.stdout, done.stderr) == ("the answer\n", "")
