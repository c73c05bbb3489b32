"""Which Python a trainer's command runs in, and what is installed there: a stratum has to name what ran.

A bare `python` is the runner's own interpreter. Any other command is traced to an interpreter (`python3`, `env python3`, the
first line of a script such as torchrun, `uv run`), and that one is asked, in the run's sandbox. What can't be traced is
`unknown`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from ..contract.files import cache_folder, read_bounded, write_whole
from ..contract.json_objects import decode
from ..contract.run_result import MeasuredDevice
from .child import Child
from .environment import scrubbed
from .log import Log
from .run import Run

UNKNOWN: Final = "unknown"
SECONDS: Final = 60.0
"""How long an interpreter may take to answer."""
MAX_ANSWER_BYTES: Final = 1 << 20
_MAX_STEPS: Final = 4
"""Scripts that may stand between a command and its interpreter."""
_PYTHON: Final = re.compile(r"python(?:[0-9][0-9.]*)?")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_LOG: Final = "interpreter.log"
_MARK: Final = "LABHAND_INTERPRETER "
_QUESTION: Final = f"""
import json, os, platform, sys
from importlib import metadata
places = [place for place in sys.path if place and os.path.isdir(place)]
ends = (".dist-info", ".egg-info", ".egg-link")
packages = sorted({{name for place in places for name in os.listdir(place) if name.endswith(ends)}})
try:
    torch = metadata.version("torch")
except metadata.PackageNotFoundError:
    torch = None
print({_MARK!r} + json.dumps({{"executable": sys.executable, "python": platform.python_version(), "torch": torch,
    "packages": packages, "places": {{place: os.stat(place).st_mtime_ns for place in places}}}}))
"""


@dataclass(frozen=True, slots=True)
class Tracing:
    """A command traced to its interpreter.

    Attributes:
        words: What starts the interpreter.
        file: The interpreter's file, by whose identity its answer is kept; None if only `words` as a whole find it.
    """

    words: tuple[str, ...]
    file: Path | None


def with_what_runs(run: Run, device: MeasuredDevice) -> MeasuredDevice:
    """Return the device with the torch and the environment of the interpreter that the trainer's command runs.

    Raises:
        CancelledError: The runner was asked to end.
    """
    command = run.trainer.command
    if command[0] in {"python", sys.executable}:
        return device
    tracing = trace(command, run.folder.source)
    facts = None if tracing is None else _kept_answer(tracing) or _ask(run, tracing)
    if facts is None:
        return replace(device, torch=UNKNOWN, environment=UNKNOWN)
    if facts["executable"] == sys.executable:
        return device
    packages = "\n".join([facts["python"], *cast("list[str]", facts["packages"])])
    environment = f"python-{facts['python']}-{sha256(packages.encode()).hexdigest()[:12]}"
    return replace(device, torch=facts["torch"], environment=environment)


def trace(command: Sequence[str], folder: Path) -> Tracing | None:
    """Trace a command to the Python interpreter that it runs; None if that can't be told.

    Args:
        command: As `trainer.toml` has it.
        folder: Where it runs.
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
        if name == "uv":
            return _of_uv(words)
        file = _find(words[0], folder)
        if file is None:
            return None
        if _PYTHON.fullmatch(name):
            return Tracing((str(file),), file)
        words = _first_line(file)
    return None


def _of_uv(words: Sequence[str]) -> Tracing | None:
    """`uv run OPTIONS` up to what it runs, with `python` in its place."""
    for place, word in enumerate(words[2:], 2):
        if (
            words[1] == "run"
            and (word.endswith(".py") or _PYTHON.fullmatch(Path(word).name))
            and words[place - 1] != "--python"
        ):
            return Tracing((*words[:place], "python"), None)
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


def _key(file: Path) -> Path:
    """Where the answer of an interpreter is kept, by the identity of its file. A virtual environment's link isn't resolved."""
    status = file.stat()
    identity = f"{file.absolute()}\0{status.st_dev}\0{status.st_ino}\0{status.st_size}\0{status.st_mtime_ns}"
    return cache_folder() / "interpreters" / f"{sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.json"


def _kept_answer(tracing: Tracing) -> Mapping[str, Any] | None:
    """What the interpreter answered before, if nothing was installed there since."""
    if tracing.file is None:
        return None
    try:
        facts = _checked(decode(read_bounded(_key(tracing.file), MAX_ANSWER_BYTES)))
        is_current = facts is not None and all(Path(place).stat().st_mtime_ns == at for place, at in facts["places"].items())
    except OSError:
        return None
    return facts if is_current else None


def _ask(run: Run, tracing: Tracing) -> Mapping[str, Any] | None:
    run.folder.make_work()
    folder = run.folder.work if tracing.file is None else run.folder.temporary  # where no file shadows a module
    environment = scrubbed(run.spec, run.folder.temporary)
    place = run.folder.path / _LOG
    with Log(place) as log:
        command = [*tracing.words, "-c", _QUESTION]
        sandbox = run.confinement.for_training()
        with Child(command, folder, environment, log, run.stop, sandbox=sandbox, group=run.group) as child:
            deadline = time.monotonic() + SECONDS
            while child.status is None and time.monotonic() < deadline:
                child.wait(0.2)
        printed = [line for line in log.text().splitlines() if line.startswith(_MARK)]
    place.unlink(missing_ok=True)
    facts = _checked(decode(printed[-1].removeprefix(_MARK).encode())) if printed else None
    if facts is not None and tracing.file is not None:
        with suppress(OSError):
            key = _key(tracing.file)
            key.parent.mkdir(parents=True, exist_ok=True)
            write_whole(key, json.dumps(facts), flush=False)
    return facts


def _checked(facts: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """An answer of the right shape; None for any other."""
    if facts is None or not isinstance(facts.get("torch"), str | None):
        return None
    texts: list[object] = [facts.get("executable"), facts.get("python"), *_list(facts.get("packages"))]
    is_complete = isinstance(facts.get("packages"), list) and isinstance(facts.get("places"), dict)
    return facts if is_complete and all(isinstance(text, str) for text in texts) else None


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
