"""Makes an environment: once on a machine, under a lock, in the cache, and outside of the sandbox.

A folder of the cache counts only if its marker is there, which is written last. What a killed process left is removed. The
tools that install inherit the lock, so that nobody removes a folder in which one of them still works.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from ..contract.errors import ContractError
from ..contract.files import POLL_SECONDS, cache_folder, try_lock, write_whole
from .recipe import CONSTRAINTS, Recipe

MAX_SECONDS: Final = 3600.0
"""How long the making of one environment may take."""
MARKER: Final = "labhand.json"
_NO_UV: Final = "uv isn't installed on this machine, and the environment is made with it"
_INSTALL_UV: Final = "pip install uv"
_LINK: Final = """
import pathlib, sys, sysconfig
lines = [f"import site; site.addsitedir({place!r})\\n" for place in sys.argv[1:]]
pathlib.Path(sysconfig.get_paths()["purelib"], "_labhand_base.pth").write_text("".join(lines))
"""
"""Makes an environment see the packages of other folders, also those that their own .pth files name."""
_MAX_LINES: Final = 12
"""Of a tool's output, in an error."""
_NOT_INHERITED: Final = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Maker:
    """How environments are made here.

    Attributes:
        say: Gets each line of what the tools print.
        on_wait: Called at least once a second while something is waited for. It may raise to give up.
    """

    say: Say = lambda _: None
    on_wait: Callable[[], None] = lambda: None

    def make(self, recipe: Recipe) -> Path:
        """Make an environment, unless it is there.

        Returns:
            Its interpreter.

        Raises:
            ContractError: It can't be made: with the last lines of what the tools printed.
        """
        folder = folder_of(recipe)
        if not is_made(recipe):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(folder.with_name(f"{folder.name}.lock")) as lock:
                if not is_made(recipe):
                    self._make(recipe, folder, lock)
        return folder / "bin" / "python"

    def _make(self, recipe: Recipe, folder: Path, lock: int) -> None:
        project = folder.with_name(f"{folder.name}.project")
        for leftover in (folder, project):
            shutil.rmtree(leftover, ignore_errors=True)
        copy_protected(recipe.project, project, recipe.is_editable)
        for name, content in recipe.files:
            (project / name).write_bytes(content)
        try:
            for command in _commands(recipe, folder):
                self._run(command, project, folder, lock)
            write_whole(folder / MARKER, json.dumps({"kind": recipe.kind, "options": recipe.options, "made_at": time.time()}))
        finally:
            shutil.rmtree(project, ignore_errors=True)
            if not (folder / MARKER).exists():
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self, path: Path) -> Generator[int]:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            while not try_lock(descriptor):
                self.on_wait()
                time.sleep(POLL_SECONDS)
            yield descriptor
        finally:
            os.close(descriptor)

    def _run(self, command: Sequence[str], project: Path, folder: Path, lock: int) -> None:
        self.say(f"$ {' '.join('…' if word == _LINK else word for word in command)}")
        try:
            tool = subprocess.Popen(
                command,
                cwd=project,
                env=_variables(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[lock],
            )
        except OSError as error:
            raise ContractError(f"{command[0]} can't be run: {error.strerror}", "Install it") from error
        assert tool.stdout is not None  # noqa: S101 - it is a pipe
        try:
            lines = self._listen(tool.stdout)
            status = tool.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(tool.pid, signal.SIGKILL)
            tool.wait()
            tool.stdout.close()
        if status:
            said = " | ".join(line.strip() for line in lines[-_MAX_LINES:] if line.strip())
            raise ContractError(f"The environment can't be made: {Path(command[0]).name} says: {said:.1500}", _remedy(said))

    def _listen(self, output: IO[bytes]) -> list[str]:
        """Pass on each line until the tool closes its output, and return all of them."""
        lines: list[str] = []
        deadline = time.monotonic() + MAX_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            rest = b""
            while True:
                self.on_wait()
                if time.monotonic() > deadline:
                    raise ContractError(
                        f"The environment wasn't made within {MAX_SECONDS / 60:.0f} minutes", "Run `labhand prepare` to see why"
                    )
                if not selector.select(0.5):
                    continue
                chunk = os.read(output.fileno(), 1 << 16)
                *whole, rest = (rest + chunk).split(b"\n")
                whole += [rest] if rest and not chunk else []
                for line in whole:
                    lines.append(line.decode("utf-8", "replace"))
                    self.say(lines[-1])
                if not chunk:
                    return lines


def copy_protected(project: Path, target: Path, is_editable: Callable[[str], bool]) -> None:
    """Copy the files of a trainer's folder that experiments can't change."""

    def left_out(folder: str, names: list[str]) -> list[str]:
        here = Path(folder).relative_to(project)
        return [name for name in names if is_editable((here / name).as_posix())]

    shutil.copytree(project, target, symlinks=True, ignore=left_out)


def folder_of(recipe: Recipe) -> Path:
    """Where the environment of a recipe lies, made or not."""
    return cache_folder() / "environments" / f"{recipe.kind}-{recipe.digest}"


def is_made(recipe: Recipe) -> bool:
    """Whether the environment of a recipe is complete."""
    return (folder_of(recipe) / MARKER).exists()


def find_uv() -> str | None:
    """The program uv: on the PATH, beside this interpreter, where its installers put it, or in the package `uv`."""
    places = [Path(sys.executable).parent, *(Path(place).expanduser() for place in ("~/.local/bin", "~/.cargo/bin"))]
    program = shutil.which("uv") or next((str(place / "uv") for place in places if os.access(place / "uv", os.X_OK)), None)
    if program is None and find_spec("uv") is not None:
        with suppress(FileNotFoundError):
            program = str(import_module("uv").find_uv_bin())
    return program


def check_lock(recipe: Recipe) -> None:
    """Check a lock file without the network.

    Raises:
        ContractError: uv isn't there, or the lock file doesn't agree with `pyproject.toml`.
    """
    uv = find_uv()
    if recipe.kind != "uv":
        return
    if uv is None:
        raise ContractError(_NO_UV, _INSTALL_UV)
    with TemporaryDirectory(prefix="labhand-") as name:
        project = Path(name) / "project"
        copy_protected(recipe.project, project, recipe.is_editable)
        try:
            done = subprocess.run(
                [uv, "lock", "--check", "--offline"], cwd=project, capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return
    said = " ".join(done.stderr.split())
    # Without the network, uv may lack what it would compare with: that isn't the lock's fault.
    if done.returncode and ("needs to be updated" in said or "Failed to parse" in said):
        raise ContractError(f"uv.lock doesn't agree with pyproject.toml: {said:.300}", "Run `uv lock` in the trainer's folder")


def _commands(recipe: Recipe, folder: Path) -> list[list[str]]:
    uv = find_uv()
    python = str(folder / "bin" / "python")
    if recipe.kind == "uv":
        if uv is None:
            raise ContractError(_NO_UV, _INSTALL_UV)
        chosen = ["--python", recipe.python] if recipe.python else []
        return [[uv, "sync", "--frozen", "--no-install-project", "--no-editable", "--no-progress", *chosen, *recipe.options]]
    base = recipe.python or sys.executable
    if recipe.kind == "packages":
        return _packages_commands(recipe, folder)
    needed = ["-r", *recipe.options]
    if uv is not None:
        return [
            [uv, "venv", "--quiet", "--no-project", "--python", base, str(folder)],
            [uv, "pip", "install", "--no-progress", "--python", python, *needed],
        ]
    return [[base, "-m", "venv", str(folder)], [python, "-m", "pip", "install", "--no-input", *needed]]


def _packages_commands(recipe: Recipe, folder: Path) -> list[list[str]]:
    """An environment that also sees the packages of another one. pip counts those as installed, and uv does not."""
    python = str(folder / "bin" / "python")
    link = [python, "-c", _LINK, *recipe.places]
    # Wheels alone: the code of a source distribution would be executed here, outside of the sandbox.
    install = ["install", "--no-input", "--only-binary", ":all:", "-c", CONSTRAINTS, *recipe.options]
    pip = [sys.executable, "-m", "pip", "--python", python] if find_spec("pip") is not None else [python, "-m", "pip"]
    return [[recipe.python, "-m", "venv", "--without-pip", str(folder)], link, [*pip, *install]]


def _variables(folder: Path) -> Mapping[str, str]:
    """Everything that this process has: the tools may need certificates, an address of an index, its password."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    # Runs can't write into the environment: without compiled files each of them would compile all that it imports.
    return inherited | {"UV_PROJECT_ENVIRONMENT": str(folder), "UV_COMPILE_BYTECODE": "1"}


def _remedy(said: str) -> str:
    if any(sign in said.lower() for sign in ("network", "dns", "connect", "resolve host", "offline", "name resolution")):
        return "Run `labhand prepare` while this machine reaches the package index, or set UV_INDEX_URL or PIP_INDEX_URL"
    return "Correct the file that names the packages, and run `labhand prepare`"
