"""What an interpreter finds installed: it is asked itself, and its answer is kept until something is installed there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from ..contract.errors import ContractError
from ..contract.files import cache_folder, read_bounded, write_whole
from ..contract.json_objects import decode

MAX_SECONDS: Final = 60.0
"""How long an interpreter may take to answer."""
MAX_ANSWER_BYTES: Final = 1 << 20
MARK: Final = "LABHAND_INTERPRETER "
QUESTION: Final = f"""
import json, os, platform, site, sys
try:
    from importlib import metadata
    torch = metadata.version("torch")
except Exception:
    torch = None
places = [place for place in sys.path if place and os.path.isdir(place)]
ends = (".dist-info", ".egg-info", ".egg-link")
packages = sorted({{name for place in places for name in os.listdir(place) if name.endswith(ends)}})
finders = [module for name, module in list(sys.modules.items()) if name.startswith("__editable__")]
editable = [os.path.dirname(path) for module in finders for path in getattr(module, "MAPPING", {{}}).values()]
print({MARK!r} + json.dumps({{"executable": sys.executable, "python": platform.python_version(), "torch": torch,
    "packages": packages, "places": {{place: os.stat(place).st_mtime_ns for place in places}}, "prefix": sys.prefix,
    "base_prefix": sys.base_prefix, "editable": editable,
    "user_base": site.getuserbase() if site.ENABLE_USER_SITE else ""}}))
"""
"""Works in Python 3.6 and later: the trainer's interpreter may be older than labhand's."""


@dataclass(frozen=True, slots=True)
class InterpreterFacts:
    """What an interpreter says of itself.

    Attributes:
        executable: Its path.
        python: Its version.
        torch: The version of torch there; None if it isn't installed.
        packages: The names of the folders that describe the installed packages, with versions.
        places: The folders in which it looks for modules, with the times at which they changed last, in nanoseconds.
        prefix: The folder of its environment.
        base_prefix: The folder of the Python that the environment was made with.
        editable: Folders of packages that are installed in development mode.
        user_base: The folder of packages that the user installed for themselves; empty if it isn't used.
    """

    executable: str
    python: str
    torch: str | None
    packages: tuple[str, ...]
    places: Mapping[str, int]
    prefix: str
    base_prefix: str
    editable: tuple[str, ...]
    user_base: str

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the installed packages, by name."""
        described = [name.removesuffix(".dist-info").rpartition("-") for name in self.packages if name.endswith(".dist-info")]
        return {name: version for name, _, version in described if name}

    @property
    def fingerprint(self) -> str:
        """Name of the version and of all that is installed, for a stratum."""
        content = "\n".join([self.python, *self.packages])
        return f"python-{self.python}-{sha256(content.encode()).hexdigest()[:12]}"


def kept_answer(file: Path) -> InterpreterFacts | None:
    """What the interpreter in a file answered before, if nothing was installed there since."""
    try:
        facts = read_answer(read_bounded(_key(file), MAX_ANSWER_BYTES))
        is_current = facts is not None and all(Path(place).stat().st_mtime_ns == at for place, at in facts.places.items())
    except OSError:
        return None
    return facts if is_current else None


def keep_answer(file: Path, printed: str) -> None:
    """Keep the answer of the interpreter in a file, as it printed it, for the next time."""
    with suppress(OSError):
        key = _key(file)
        key.parent.mkdir(parents=True, exist_ok=True)
        write_whole(key, printed, flush=False)


def answer_in(output: str) -> str | None:
    """The answer to `QUESTION` in the output of an interpreter, which may have printed more."""
    printed = [line for line in output.splitlines() if line.startswith(MARK)]
    return printed[-1].removeprefix(MARK) if printed else None


def ask(file: Path) -> InterpreterFacts:
    """Ask an interpreter that a person has named, or take what it answered before. It runs outside of the sandbox.

    Raises:
        ContractError: It can't be run, or doesn't answer.
    """
    if (facts := kept_answer(file)) is not None:
        return facts
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [file, "-c", QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            env=clean,
            timeout=MAX_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ContractError(f"{file} can't be run as a Python interpreter: {error}", "Name another interpreter") from error
    printed = answer_in(done.stdout.decode("utf-8", "replace"))
    facts = None if printed is None else read_answer(printed.encode())
    if facts is None or printed is None:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it printed nothing"]
        raise ContractError(f"{file} doesn't work as a Python interpreter: {last[0]:.300}", "Repair it, or name another one")
    keep_answer(file, printed)
    return facts


def read_answer(content: bytes | None) -> InterpreterFacts | None:
    """Read an answer; None for one of another shape: code that an experiment controls may have written it."""
    facts = decode(content)
    if facts is None or not isinstance(facts.get("torch"), str | None):
        return None
    texts = {name: facts.get(name) for name in ("executable", "python", "prefix", "base_prefix", "user_base")}
    lists = {name: _texts(facts.get(name)) for name in ("packages", "editable")}
    places = _times(facts.get("places"))
    if places is None or None in lists.values() or not all(isinstance(text, str) for text in texts.values()):
        return None
    return InterpreterFacts(torch=facts["torch"], places=places, **cast("dict[str, Any]", texts | lists))


def _texts(value: object) -> tuple[str, ...] | None:
    values = cast("list[object]", value) if isinstance(value, list) else [None]
    return tuple(cast("list[str]", values)) if all(isinstance(each, str) for each in values) else None


def _times(value: object) -> Mapping[str, int] | None:
    if not isinstance(value, dict):
        return None
    values = cast("dict[object, object]", value)
    is_right = all(isinstance(place, str) and isinstance(at, int) for place, at in values.items())
    return cast("dict[str, int]", values) if is_right else None


def _key(file: Path) -> Path:
    """Where the answer of an interpreter is kept, by the identity of its file. A virtual environment's link isn't resolved."""
    status = file.stat()
    identity = f"{file.absolute()}\0{status.st_dev}\0{status.st_ino}\0{status.st_size}\0{status.st_mtime_ns}\0{QUESTION}"
    return cache_folder() / "interpreters" / f"{sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.json"
