"""The trainer's `[prepare]` command: run once on each machine, and what it leaves is kept where the runs find it.

It runs in a copy of the protected files with a HOME of its own, in the environment of the trainer's commands. What it writes
there lies in the cache. A run sees it at the same relative paths, as links that it can read and not change.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from ..contract.files import cache_folder, locked
from ..contract.run_spec import RunSpec
from ..contract.trainer_folder.data_links import nesting, place_link, resolve_links
from ..contract.trainer_toml.trainer_file import TrainerFile
from ..environments.command_environment import CommandEnvironment
from ..environments.making import copy_protected
from .child import Child, Stop
from .environment import DEVICE_VARIABLE, for_command, for_preparation, home_in, scrubbed
from .failures.classify import of_exit
from .output.log import Log

_SHARED: Final = frozenset({".cache", ".config", ".local", ".local/share", ".local/state"})
"""Folders below a HOME that hold the folders of many programs: a run gets its own, with links inside."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a preparation left.

    Attributes:
        files: A folder with the files that it wrote, at their paths in the trainer's folder.
        home: Its HOME.
        done: A file that is there if the command succeeded.
    """

    files: Path
    home: Path
    done: Path

    def readable(self) -> list[str]:
        """What the sandbox opens for it."""
        return [str(path) for path in (self.files, self.home) if path.is_dir()]

    def link_into(self, work: Path, is_editable: Callable[[str], bool]) -> None:
        """Put links to the files into a working copy. An editable file stays as the experiment has it."""
        for path in _tops(self.files, lambda inside: (work / inside).is_dir()):
            inside = path.relative_to(self.files).as_posix()
            if not is_editable(inside):
                (work / inside).unlink(missing_ok=True)
                (work / inside).symlink_to(path)


def make_home(temporary: Path, read: Iterable[str], prepared: Prepared | None) -> None:
    """Make the HOME of a run: empty, but for links to what the run may read of the person's HOME and of the preparation's.

    Args:
        temporary: The run's folder for temporary files.
        read: Paths that the trainer's code may read.
        prepared: What the preparation left, if there was one.
    """
    home, real = home_in(temporary), Path("~").expanduser()
    (home / ".cache").mkdir(parents=True, exist_ok=True)
    links = {path: path.relative_to(real) for path in _below(read, real)}
    if prepared is not None and prepared.home.is_dir():
        links |= {path: path.relative_to(prepared.home) for path in _tops(prepared.home, lambda inside: inside in _SHARED)}
    for path, inside in sorted(links.items(), key=lambda link: len(link[1].parts)):
        _link(home, inside, path)


def _below(read: Iterable[str], real: Path) -> list[Path]:
    paths = [Path(path).expanduser() for path in read]
    return [path for path in paths if path.is_relative_to(real) and path != real]


def _link(home: Path, inside: Path, target: Path) -> None:
    place = home / inside
    if not place.parent.resolve().is_relative_to(home.resolve()):  # a folder above it is a link already, and holds it
        return
    with suppress(FileExistsError, NotADirectoryError):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def _tops(folder: Path, goes_inside: Callable[[str], bool], here: str = "") -> Iterator[Path]:
    """The topmost files and folders below a folder, without the folders whose content is taken one by one."""
    for entry in sorted(os.scandir(folder / here), key=lambda entry: entry.name):
        inside = f"{here}/{entry.name}".removeprefix("/")
        if entry.is_dir(follow_symlinks=False) and goes_inside(inside):
            yield from _tops(folder, goes_inside, inside)
        else:
            yield folder / inside


def prepare_once(
    environment: CommandEnvironment, source: Path, spec: RunSpec, log: Log, stop: Stop, *, again: bool = False
) -> Prepared | None:
    """Run the trainer's `[prepare]` command, unless that was done on this machine for the same protected files.

    The command is trusted, so it gets none of the files that experiments may change.

    Args:
        environment: Of the trainer's commands.
        source: The trainer's folder, as experiments get it.
        spec: For the variables of the command.
        log: Takes its output.
        stop: Ends it.
        again: Run it also if that was done.

    Returns:
        What it left; None if the trainer has nothing to prepare.

    Raises:
        RunFailedError: The command failed; the next run tries again.
        CancelledError: The runner was asked to end.
    """
    trainer = environment.trainer
    if not trainer.prepare:
        return None
    prepared = places_of(trainer, source, spec.trainer_folder)
    prepared.done.parent.mkdir(parents=True, exist_ok=True)
    with locked(prepared.done.with_suffix(".lock"), stop.check):
        if again or not prepared.done.exists():
            prepared.done.unlink(missing_ok=True)
            _prepare(environment, source, prepared, spec, log, stop)
            prepared.done.touch()
    return prepared


def what_is_prepared(trainer: TrainerFile, source: Path, trainer_folder: str | None) -> Prepared | None:
    """What the `[prepare]` command left on this machine; None if it didn't run for these files, or there is none."""
    prepared = places_of(trainer, source, trainer_folder) if trainer.prepare else None
    return prepared if prepared is not None and prepared.done.exists() else None


def places_of(trainer: TrainerFile, source: Path, trainer_folder: str | None) -> Prepared:
    """Where the `[prepare]` command leaves what it makes, whether it has run or not.

    Args:
        trainer: On the device that it is prepared for.
        source: The trainer's folder, as experiments get it.
        trainer_folder: The folder that the person works in.
    """
    key = _content_key(trainer, source)
    place = cache_folder() / "prepared"
    # The home outlives a change of a protected file, so that nothing is downloaded twice.
    of_trainer = sha256(f"{trainer.name}\0{trainer.prepare!r}".encode()).hexdigest()[:16]
    files = place / f"{key}.files" / nesting(trainer.data_paths, trainer_folder)
    return Prepared(files, place / f"{of_trainer}.home", place / f"{key}.done")


def _prepare(environment: CommandEnvironment, source: Path, prepared: Prepared, spec: RunSpec, log: Log, stop: Stop) -> None:
    trainer = environment.trainer
    temporary = prepared.done.with_suffix(".tmp")
    for leftover in (prepared.done.with_suffix(".files"), temporary):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir()
    copy_protected(source, prepared.files, trainer.is_editable)
    links = [link for link in resolve_links(trainer.data_paths, spec.trainer_folder) if link.is_relative]
    for link in links:
        place_link(link, prepared.files)
    prepared.home.mkdir(exist_ok=True)
    for path in _below(trainer.read, Path("~").expanduser()):  # what the person has already, where the runs see it, too
        _link(prepared.home, path.relative_to(Path("~").expanduser()), path)
    home = {"HOME": str(prepared.home), "XDG_CACHE_HOME": str(prepared.home / ".cache")}
    of_device = {DEVICE_VARIABLE: spec.device}
    variables = for_command(home | for_preparation() | of_device | environment.variables(prepared.files))
    words = environment.words(trainer.prepare)
    try:
        with Child(words, prepared.files, scrubbed(spec, temporary, **variables), log, stop) as child:
            while child.status is None:
                child.wait(1.0)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if child.status:
        raise of_exit(child.status, log.text(), "The trainer's [prepare] command")
    for link in links:  # a run has links of its own
        Path(os.path.normpath(prepared.files / link.path)).unlink(missing_ok=True)
    _leave_out_source(prepared.files, source)


def _leave_out_source(files: Path, source: Path) -> None:
    """Remove what is the same in the source, so that only what the command wrote is left."""
    for place, folders, names in os.walk(files, topdown=False):
        here = Path(place)
        for name in names:
            original = source / (here / name).relative_to(files)
            if original.is_file() and not (here / name).is_symlink() and filecmp.cmp(here / name, original, shallow=False):
                (here / name).unlink()
        for name in [*folders]:
            if (source / (here / name).relative_to(files)).is_dir():
                with suppress(OSError):  # it holds something new
                    (here / name).rmdir()


def _content_key(trainer: TrainerFile, source: Path) -> str:
    """Hash of the command and of the files that experiments can't change."""
    digest = sha256(repr(trainer.prepare).encode())
    if trainer.has_gpu_data:  # a machine with a GPU may have runs on its processor, too, whose data is another
        digest.update(b"\0gpu")
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_file() and not trainer.is_editable(name) and "__pycache__" not in path.parts:
            digest.update(f"{name}\0".encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]
