"""The run folder, as docs/runs.md describes it: claimed once, written so that a reader never sees half of anything.

Both halves use it: the dispatcher lays it out, a runner works in it, backends and hosts read it. What an experiment may have
written is read as plain files of a bounded size.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any, Final, Literal, cast, get_args

from .errors import ContractError
from .files import is_locked, read_bounded, what_is_no_plain_file, write_whole
from .json_objects import JsonError, decode, decode_strictly
from .run_result import MAX_BYTES as MAX_RESULT_BYTES
from .run_result import RunResult
from .run_spec import MAX_SPEC_BYTES, RunIdentity, RunSpec
from .trainer_folder.data_links import DataLink, nesting, place_link, resolve_links

SPEC: Final = "spec.json"
SOURCE: Final = "source"
WORK: Final = "work"
TEMPORARY: Final = "tmp"
ARTIFACTS: Final = "artifacts"
EVALUATION: Final = "evaluation"
CLAIM: Final = "claim"
PHASE: Final = "phase"
ALIVE: Final = "alive"
LOG: Final = "log.txt"
RUNNER_LOG: Final = "runner.log"
CURVE: Final = "curve.jsonl"
MODEL: Final = "model.pt"
CONFIG: Final = "config.json"
RESULT: Final = "result.json"
SEALED: Final = "sealed.json"
ORDER: Final = "order"
TREES: Final = "trees"
"""Beside the folder that holds the run folders: folders that the sources of several runs share."""

WEIGHTS: Final = (MODEL, CONFIG)
"""What training leaves."""
KEPT: Final = (LOG, RUNNER_LOG, CURVE, MODEL, CONFIG, SEALED, RESULT)
"""Files that a storage keeps of a run. The result comes last, and says that the others are complete."""
SIGNS_OF_LIFE: Final = (ALIVE, CURVE, LOG, PHASE, CLAIM, SPEC)
"""Files whose time of modification tells when a run last did anything."""

ActivePhase = Literal["starting", "running", "evaluating"]
"""The phases of a run that isn't over."""
_MAX_WORD_BYTES = 100
"""Of a file that holds a single word or number."""
_MAX_SEALED_BYTES = 1 << 20


class RunFolder:
    """The files of one run, by name.

    Args:
        path: Of the folder, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.spec_file = self.path / SPEC
        self.source = self.path / SOURCE
        self.work = self.path / WORK
        self.temporary = self.path / TEMPORARY
        self.artifacts = self.path / ARTIFACTS
        self.evaluation = self.path / EVALUATION
        self.log = self.path / LOG
        self.runner_log = self.path / RUNNER_LOG
        self.curve = self.path / CURVE
        self.model = self.path / MODEL
        self.config = self.path / CONFIG
        self.result_file = self.path / RESULT
        self.sealed = self.path / SEALED
        self.data_links: tuple[DataLink, ...] = ()
        self._claim: int | None = None
        self._spec: RunSpec | None = None

    def claim(self) -> bool:
        """Make this run ours for as long as the process lives.

        The file is locked before it gets its name, so that nobody finds a fresh claim unlocked.

        Returns:
            False if any process has claimed it before.
        """
        ours = self.path / f"{CLAIM}.{os.getpid()}"
        descriptor = os.open(ours, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, str(os.getpid()).encode())
        try:
            os.link(ours, self.path / CLAIM)
        except FileExistsError:
            os.close(descriptor)
            return False
        finally:
            ours.unlink()
        self._claim = descriptor
        return True

    def is_claimed(self) -> bool:
        """Whether the runner that has claimed the run lives."""
        return is_locked(self.path / CLAIM)

    def was_claimed(self) -> bool:
        """Whether a runner has ever claimed the run."""
        return (self.path / CLAIM).exists()

    def claimant(self) -> int | None:
        """The process that claimed the run, which means something only while it lives; None if there is no claim."""
        text = self._word(CLAIM)
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def spec(self) -> RunSpec:
        """What to run.

        Raises:
            ContractError: The file is missing, isn't JSON, or a key is missing or can't be used.
        """
        self._spec = RunSpec.parse(read_bounded(self.spec_file, MAX_SPEC_BYTES), str(self.spec_file))
        return self._spec

    def identity(self) -> RunIdentity | None:
        """Whose run it is, by the spec that this process has read before, or by `spec.json`; None if neither says."""
        try:
            return (self._spec or self.spec()).identity
        except ContractError:
            return None

    def write_spec(self, spec: RunSpec) -> None:
        """Write `spec.json`."""
        write_whole(self.spec_file, spec.as_text())

    def complete_spec(self, **place: Any) -> None:  # noqa: ANN401
        """Add to `spec.json` where the run goes: its `device`, `gpu`, `cores` and `gate`.

        Raises:
            ContractError: The file can't be used as it is.
        """
        self.write_spec(replace(self.spec(), **place))

    def link_data(self, paths: Sequence[str], trainer_folder: str | None) -> None:
        """Let `make_work` link this data into what it lays out. Where a path leaves the trainer folder, the copy lies deeper.

        Raises:
            ContractError: A path doesn't exist on this machine.
        """
        self.data_links = resolve_links(paths, trainer_folder)
        self.work = self.path / WORK / nesting(paths, trainer_folder)
        self.evaluation = self.path / EVALUATION / nesting(paths, trainer_folder)

    def find_work(self, paths: Sequence[str]) -> None:
        """Find out how deep the copy lies within `work/`, for a reader that links no data.

        Args:
            paths: The trainer's data paths.
        """
        with suppress(ContractError):
            self.work = self.path / WORK / nesting(paths, self.spec().trainer_folder)

    def make_work(self, leave_out: Callable[[str], bool] = lambda _: False) -> None:
        """Lay out what a command may change: a copy of the source, to work in, and a folder for temporary files.

        Args:
            leave_out: Returns for a file, relative to the source, whether the copy goes without it.
        """
        self._copy_source(self.work, leave_out)
        self.renew_temporary()

    def make_evaluation(self, leave_out: Callable[[str], bool]) -> None:
        """Lay out what a person's own evaluator runs in: a copy of the source without the files that experiments can change."""
        self._copy_source(self.evaluation, leave_out)

    def _copy_source(self, target: Path, leave_out: Callable[[str], bool]) -> None:
        def left_out(folder: str, names: list[str]) -> list[str]:
            here = Path(folder).relative_to(self.source)
            return [name for name in names if leave_out((here / name).as_posix())]

        rmtree(self.path / target.relative_to(self.path).parts[0], ignore_errors=True)
        copytree(self.source, target, symlinks=True, ignore=left_out)
        for link in self.data_links:
            if link.is_relative:
                place_link(link, target)

    def remove_evaluation(self) -> None:
        """Remove what `make_evaluation` laid out."""
        rmtree(self.path / EVALUATION, ignore_errors=True)

    def source_files(self) -> Iterator[tuple[str, Path]]:
        """The files of the source with their relative paths, and those of the folders that runs share."""
        for place, _, names in os.walk(self.source, followlinks=True):
            for name in names:
                path = Path(place, name)
                yield path.relative_to(self.source).as_posix(), path

    def shared_folders(self) -> list[Path]:
        """The folders outside of the run folder that its source has links to."""
        trees = self.path.parent.parent / TREES
        places = (Path(place, name) for place, names, _ in os.walk(self.source) for name in names)
        targets = (place.readlink() for place in places if place.is_symlink())
        return [target for target in targets if target.parent == trees]

    def renew_temporary(self) -> None:
        """Empty the folder for temporary files, so that no process finds there what an earlier one left."""
        rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()

    def used_bytes(self) -> int:
        """Bytes on the disk of all that the experiment may write."""
        places = (place for root in (self.work, self.temporary) for place in os.walk(root))
        return sum(_disk_bytes(Path(place, name)) for place, _, names in places for name in names)

    def take(self, name: str, max_bytes: int) -> str | None:
        """Move a file from the working copy into the folder, when no process of the experiment runs any more.

        Args:
            name: Of the file, there and here.
            max_bytes: That it may have.

        Returns:
            What is wrong with it; None if it was moved.
        """
        try:
            status = os.lstat(self.work / name)
        except OSError:
            return "is missing"
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            return "is no plain file of its own"
        if status.st_size > max_bytes:
            return f"is larger than {max_bytes} bytes"
        (self.work / name).replace(self.path / name)
        return None

    def set_phase(self, phase: ActivePhase) -> None:
        """Write down how far the run is."""
        write_whole(self.path / PHASE, phase)

    def phase(self) -> ActivePhase | None:
        """How far the run is; None before a runner has begun."""
        word = self._word(PHASE)
        return cast("ActivePhase", word) if word in get_args(ActivePhase) else None

    def phase_since(self) -> float:
        """When the run came into its phase, as a Unix time; now if it has none."""
        with suppress(OSError):
            return (self.path / PHASE).lstat().st_mtime
        return time.time()

    def last_sign_of_life(self) -> float | None:
        """When anything in the folder was last written, as a Unix time; None if there is nothing."""
        times: list[float] = []
        for name in SIGNS_OF_LIFE:
            with suppress(OSError):
                times.append((self.path / name).lstat().st_mtime)
        return max(times, default=None)

    def silent_seconds(self) -> float:
        """Seconds since the last sign of life; 0 if there was none."""
        last = self.last_sign_of_life()
        return 0.0 if last is None else max(0.0, time.time() - last)

    def write_result(self, result: RunResult) -> str:
        """Write the result, which is final, with the identity of the run, and return it as one line."""
        identity = self.identity()
        line = json.dumps(result.as_json() | {"identity": None if identity is None else asdict(identity)})
        for place in (self.result_file, self.result_file.with_name(f"{RESULT}.new")):
            if place.is_dir() and not place.is_symlink():  # an experiment without a sandbox can put anything there
                rmtree(place, ignore_errors=True)
        write_whole(self.result_file, line + "\n")
        return line

    def result_json(self) -> Mapping[str, Any] | None:
        """The content of `result.json`, decoded; None if there is no such file.

        Where something else lies there, it is a failed result that says what is wrong.
        """
        problem = what_is_no_plain_file(self.result_file, MAX_RESULT_BYTES)
        content = None if problem else read_bounded(self.result_file, MAX_RESULT_BYTES)
        if content is None:
            return RunResult.unreadable(self.path.name, f"{RESULT} {problem}").as_json() if problem else None
        try:
            return decode_strictly(content)
        except JsonError as error:
            return RunResult.unreadable(self.path.name, f"{RESULT}: {error}").as_json()

    def result(self) -> RunResult | None:
        """The run's result; None if there is none. One that can't be used, or is another run's, is a failed result."""
        values = self.result_json()
        return None if values is None else RunResult.read(values, self.path.name)

    def write_sealed(self, values: Mapping[str, Any]) -> None:
        """Write what came of the test split, for the person's report alone."""
        write_whole(self.sealed, json.dumps(values) + "\n")

    def sealed_json(self) -> Mapping[str, Any] | None:
        """What came of the test split; None if that wasn't asked for."""
        return decode(read_bounded(self.sealed, _MAX_SEALED_BYTES))

    def _word(self, name: str) -> str:
        """The content of a file that holds a single word; empty if it can't be read."""
        content = read_bounded(self.path / name, _MAX_WORD_BYTES)
        return "" if content is None else content.decode("ascii", "replace").strip()


def _disk_bytes(path: Path) -> int:
    with suppress(OSError):
        return 512 * path.lstat().st_blocks
    return 0
