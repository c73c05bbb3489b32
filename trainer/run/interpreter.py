"""What runs a trainer's command where that isn't declared, and what is installed there: a stratum has to name what ran.

A bare `python` is the environment's interpreter (`environments`), which has answered already. Any other command is traced to an
interpreter (`python3`, `env python3`, the first line of a script), and that one is asked, in the run's sandbox. What can't be
traced is `unknown`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..contract.run_result import MeasuredDevice
from ..environments.command_environment import PYTHON_NAME
from ..environments.facts import MAX_SECONDS, QUESTION, InterpreterFacts, answer_in, keep_answer, kept_answer, read_answer
from .child import Child
from .environment import scrubbed
from .output.log import Log
from .run import Run

UNKNOWN: Final = "unknown"
_MAX_STEPS: Final = 4
"""Scripts that may stand between a command and its interpreter."""
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_LOG: Final = "interpreter.log"


def with_what_runs(run: Run, device: MeasuredDevice) -> MeasuredDevice:
    """Return the device with the torch and the environment of the interpreter that the trainer's command runs.

    Raises:
        CancelledError: The runner was asked to end.
    """
    # What an idea adds doesn't change the packages that it is added to: by those, results are comparable.
    environment = run.environment.base or run.environment
    device = replace(device, packages=run.environment.added)
    if (facts := environment.facts) is not None:
        return replace(device, torch=facts.torch, environment=facts.fingerprint)
    command = environment.words(run.trainer.command)
    if command[0] == sys.executable:
        return device
    interpreter = trace(command, run.folder.source)
    facts = None if interpreter is None else kept_answer(interpreter) or _ask(run, interpreter)
    if facts is None:
        return replace(device, torch=UNKNOWN, environment=UNKNOWN)
    if facts.executable == sys.executable:
        return device
    return replace(device, torch=facts.torch, environment=facts.fingerprint)


def trace(command: Sequence[str], folder: Path) -> Path | None:
    """Trace a command to the Python interpreter that it runs; None if that can't be told.

    Args:
        command: As `trainer.toml` has it.
        folder: Where it runs.

    Returns:
        The interpreter's file, by whose identity its answer is kept.
    """
    words: list[str] = [*command]
    for _ in range(_MAX_STEPS):
        if not words:
            return None
        name = Path(words[0]).name
        if name == "env":
            words = [word for word in words[1:] if word != "-S"]
            while words and _ASSIGNMENT.match(words[0]):
                words.pop(0)
            continue
        file = _find(words[0], folder)
        if file is None:
            return None
        if PYTHON_NAME.fullmatch(name):
            return file
        words = _first_line(file)
    return None


def _find(word: str, folder: Path) -> Path | None:
    if os.sep in word:
        file = folder / word
        return file if file.is_file() else None
    program = shutil.which(word)
    return None if program is None else Path(program)


def _first_line(script: Path) -> list[str]:
    """The command that a script's `#!` names; empty if it has none."""
    with suppress(OSError, ValueError), script.open("rb") as file:
        line = file.read(512).partition(b"\n")[0].decode("utf-8", "replace")
        if line.startswith("#!"):
            return shlex.split(line[2:])
    return []


def _ask(run: Run, interpreter: Path) -> InterpreterFacts | None:
    run.lay_out()
    place = run.folder.path / _LOG
    with Log(place) as log:
        environment = scrubbed(run.spec, run.folder.temporary)
        command = [str(interpreter), "-c", QUESTION]
        sandbox = run.confinement.for_training()
        # In the folder for temporary files, where no file of the trainer shadows a module.
        with Child(command, run.folder.temporary, environment, log, run.stop, sandbox=sandbox, group=run.group) as child:
            deadline = time.monotonic() + MAX_SECONDS
            while child.status is None and time.monotonic() < deadline:
                child.wait(0.2)
        printed = answer_in(log.text())
    place.unlink(missing_ok=True)
    facts = None if printed is None else read_answer(printed.encode())
    if facts is not None and printed is not None:
        keep_answer(interpreter, printed)
    return facts
