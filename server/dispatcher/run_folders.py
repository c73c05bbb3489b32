"""Run folders as the dispatcher fills them: what to run, and the source. See docs/runs.md."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from itertools import chain, count
from pathlib import Path

from anyio import to_thread

from ...trainer.contract.checkpoints import hand_over
from ...trainer.contract.errors import ContractError
from ...trainer.contract.files import write_whole
from ...trainer.contract.run_folder import SOURCE, TREES, WEIGHTS, RunFolder
from ...trainer.contract.run_result import Number
from ...trainer.contract.run_spec import RunIdentity, RunSpec, TrainedWeights
from ...trainer.contract.trainer_folder.left_out import MAX_LEFT_OUT
from ...trainer.contract.trainer_toml.trainer_file import read_trainer
from ..domain import Purpose, Run
from ..errors import NoCapacityError
from ..ids import experiment_id, run_id
from ..settings import RUNS, SET_ASIDE, WHY_SET_ASIDE
from ..source.repository import Sources
from ..source.run_knobs import as_run
from ..source.trainer_folder import Source, Trainer
from ..store.running.runs import Attempt
from .pruning import is_unpruned, prune
from .shared_trees import write_sharing

_EVALUATED_TWICE = frozenset({Purpose.VALIDATION, Purpose.REPORT, Purpose.RECHECK})
"""A verdict that stands rests on scores that were shown to repeat."""

_RUN = re.compile(r"e(\d+)-(\d+)")
log = logging.getLogger(__name__)


class ForeignRunError(NoCapacityError):
    """A runner works in the folder that a run needs, for another run. The runner has to end before the folder is set aside."""


class RunFolders:
    """The folders of a lab's runs.

    Args:
        folder: The lab's data folder.
        sources: The repository that their sources come from.
        lab: The lab's identity.
        trainer: Tells runs where data lies, and what was left out of the source; None where nothing trains.
        keep_work: Keep the working folders of runs that are over.
    """

    def __init__(
        self, folder: Path, sources: Sources, lab: str, trainer: Trainer | None = None, *, keep_work: bool = False
    ) -> None:
        self._trainer = trainer
        self._keep_work = keep_work
        self._place = folder / RUNS
        self._trees = folder / TREES
        self._set_aside = folder / SET_ASIDE
        self._sources = sources
        self._lab = lab

    def of(self, run: Run) -> Path:
        """Return the path of a run's folder, which need not exist."""
        return self._place / run.id

    async def fill(self, attempt: Attempt, *, sandbox_required: bool, carries_weights: bool = False) -> Path:
        """Make a run's folder ready for a backend; again where a dispatcher died over it.

        Args:
            attempt: The run, and what it takes to start it.
            sandbox_required: Nothing of it may run without a sandbox.
            carries_weights: The backend brings weights that lie in the folder to where it runs.

        Returns:
            The folder.

        Raises:
            ForeignRunError: A runner works in the folder for another run.
        """
        path = self.of(attempt.run)
        folder = RunFolder(path)
        if conflict := self.conflict(attempt):
            if folder.is_claimed():
                raise ForeignRunError(f"A runner works in {path}, and {conflict}", "It is asked to end")
            await self.set_aside(attempt.run, conflict)
        path.mkdir(parents=True, exist_ok=True)
        if not folder.spec_file.exists():
            trained = await to_thread.run_sync(self._bring_weights, attempt.accused, folder) if carries_weights else None
            spec = _spec(attempt, trained, self._identity(attempt), sandbox_required=sandbox_required)
            folder.write_spec(spec if self._trainer is None else _with_trainer(spec, self._trainer))
        if not await self._has_source(folder, attempt):
            unfinished = path / f"{SOURCE}.new"
            for leftover in (unfinished, folder.source):
                await to_thread.run_sync(shutil.rmtree, leftover, True)  # noqa: FBT003 - ignore_errors
            await self._export(attempt.commit, unfinished, shares_trees=carries_weights)
            await to_thread.run_sync(_set_knobs, unfinished, attempt)
            unfinished.rename(folder.source)
        if carries_weights and not folder.was_claimed():
            await to_thread.run_sync(self._resume, attempt, folder)
        return path

    async def _export(self, commit: str, folder: Path, *, shares_trees: bool) -> None:
        """Write the source of a commit into a folder; where it is to be sent elsewhere, without links to shared folders."""
        if shares_trees:
            await to_thread.run_sync(write_sharing, await self._sources.read(commit), folder, self._trees)
        else:
            await self._sources.export(commit, folder)

    async def prune(self, experiment: int, attempts: int, *, holds_checkpoint: bool = False) -> None:
        """Remove what isn't kept of the folders of an experiment that is over; nothing where that was done before.

        Args:
            experiment: Its number.
            attempts: The number of its last run.
            holds_checkpoint: Hold the checkpoint of that run, if its trainer lets a longer run go on from it.
        """
        if not self._keep_work:
            for attempt in range(1, attempts + 1):
                folder = RunFolder(self._place / run_id(experiment, attempt))
                is_held = holds_checkpoint and attempt == attempts
                await to_thread.run_sync(partial(prune, folder, holds_checkpoint=is_held))

    async def unpruned(self) -> dict[int, int]:
        """Return the experiments of whose runs something is left that a finished one doesn't keep, with their last such run."""
        return {} if self._keep_work else await to_thread.run_sync(self._unpruned)

    def _unpruned(self) -> dict[int, int]:
        left: dict[int, int] = {}
        for path in self._place.iterdir() if self._place.is_dir() else ():
            match = _RUN.fullmatch(path.name)
            if match is not None and is_unpruned(folder := RunFolder(path)) and not folder.is_claimed():
                experiment, attempt = map(int, match.groups())
                left[experiment] = max(attempt, left.get(experiment, 0))
        return left

    def _resume(self, attempt: Attempt, folder: RunFolder) -> None:
        """Hand over what an earlier run has left, where its trainer writes checkpoints."""
        befores = self._befores(attempt)
        if not befores or folder.spec().resumed is not None:  # by an earlier dispatcher
            return
        try:
            trainer = read_trainer(folder.source)
        except ContractError:  # the runner explains it
            return
        if trainer.checkpoint is None:
            return
        for before in befores:
            before.find_work(trainer.data_paths)
            resumed = hand_over(before, folder, trainer.checkpoint)
            if resumed is not None:
                log.info("%s goes on from the checkpoint of %s, with %.1f s used", attempt.run.id, resumed.run, resumed.seconds)
                folder.write_spec(replace(folder.spec(), resumed=resumed))
                return

    def _befores(self, attempt: Attempt) -> list[RunFolder]:
        """Return the folders of the runs that a run may go on from: the one before it, then that of a shorter experiment."""
        run = attempt.run
        names = [run_id(run.experiment, run.attempt - 1)] if run.attempt > 1 else []
        names += [attempt.shorter] if attempt.shorter is not None else []
        return [RunFolder(self._place / name) for name in names]

    async def _has_source(self, folder: RunFolder, attempt: Attempt) -> bool:
        """Return whether the folder holds the source of the run's commit, all of it.

        A source that an earlier dispatcher laid out may have come back empty from a power failure: its files aren't flushed.
        """
        if not folder.source.exists():
            return False
        if folder.was_claimed():  # a runner reads it; after a power failure no runner lives, and the run is lost
            return True
        source = await self._sources.read(attempt.commit)
        return await to_thread.run_sync(lambda: _holds(folder.source, _as_run(source, attempt)))

    def conflict(self, attempt: Attempt) -> str:
        """Return why the folder with a run's name, or the result in it, isn't the run's; empty if it is, or there is none."""
        folder = RunFolder(self.of(attempt.run))
        if not folder.spec_file.exists():
            is_empty = not (folder.was_claimed() or folder.result_file.exists())
            return "" if is_empty else "it has no spec.json that says whose it is"
        try:
            identity = folder.spec().identity
        except ContractError as error:
            return error.problem
        expected = self._identity(attempt)
        if identity != expected:
            return f"its spec.json belongs to {_described(identity)}, and the run in the database to {_described(expected)}"
        result = folder.result_json()
        named = None if expected is None else asdict(expected)
        # One that names nobody was written into this folder after its spec.json, by an older runner or by an experiment.
        if result is None or result.get("identity", named) == named:
            return ""
        return f"its result.json belongs to {result.get('identity')!r:.200}, and its spec.json to {_described(expected)}"

    async def set_aside(self, run: Run, why: str) -> Path:
        """Move a folder that has the name of a run and isn't the run's out of the way.

        Args:
            run: The run.
            why: What `conflict` returned. It is written into the folder.

        Returns:
            Where the folder is now.
        """
        target = await to_thread.run_sync(self._move_aside, run, why)
        log.warning("The folder of %s is set aside as %s: %s", run.id, target, why)
        return target

    def _move_aside(self, run: Run, why: str) -> Path:
        self._set_aside.mkdir(exist_ok=True)
        names = chain([run.id], (f"{run.id}.{number}" for number in count(2)))
        target = next(path for path in map(self._set_aside.joinpath, names) if not path.exists())
        write_whole(self.of(run) / WHY_SET_ASIDE, f"{why}\n")
        self.of(run).rename(target)
        return target

    def _identity(self, attempt: Attempt) -> RunIdentity | None:
        """Return whose run it is; None for an experiment that was launched under a schema without nonces."""
        return RunIdentity(self._lab, attempt.commit, attempt.nonce) if attempt.nonce else None

    def _bring_weights(self, accused: str | None, folder: RunFolder) -> TrainedWeights | None:
        """Copy what an accused run has trained.

        Returns:
            What the training took; None where there is nothing to be evaluated again.
        """
        if accused is None:
            return None
        before = RunFolder(self._place / accused)
        result = before.result()
        if result is None or not all((before.path / name).is_file() for name in WEIGHTS):
            return None
        for name in WEIGHTS:
            shutil.copyfile(before.path / name, folder.path / name)
        return TrainedWeights(accused, _finite(result.seconds), _finite(result.measures), _finite(result.metrics))


def _with_trainer(spec: RunSpec, trainer: Trainer) -> RunSpec:
    return replace(spec, trainer_folder=str(trainer.folder), left_out=trainer.left_out[:MAX_LEFT_OUT])


def _finite(numbers: Mapping[str, Number | None]) -> Mapping[str, Number]:
    return {name: value for name, value in numbers.items() if value is not None}


def _set_knobs(folder: Path, attempt: Attempt) -> None:
    """Set the knobs for the budget and the seed in a source that was laid out."""
    before: Source = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    for path, data in _as_run(before, attempt).items():
        if data is not before[path]:
            (folder / path).write_bytes(data)


def _as_run(source: Source, attempt: Attempt) -> Source:
    return as_run(source, attempt.budget_seconds, attempt.clock, attempt.seed)


def _holds(folder: Path, source: Source) -> bool:
    """Return whether the files of a source lie in a folder as they are."""
    try:
        return all((folder / path).read_bytes() == data for path, data in source.items())
    except OSError:
        return False


def _described(identity: RunIdentity | None) -> str:
    if identity is None:
        return "a run of labhand 0.2 or earlier"
    return f"lab {identity.lab}, commit {identity.commit[:12]}, nonce {identity.nonce[:8]}"


def _spec(attempt: Attempt, trained: TrainedWeights | None, identity: RunIdentity | None, *, sandbox_required: bool) -> RunSpec:
    return RunSpec(
        run=attempt.run.id,
        experiment=experiment_id(attempt.run.experiment),
        seed=attempt.seed,
        budget_seconds=attempt.budget_seconds,
        clock=attempt.clock,
        device="cpu" if attempt.clock == "cpu" else "cuda",
        sandbox_required=sandbox_required,
        sealed=attempt.purpose is Purpose.REPORT,
        trained=trained,
        evaluate_twice=attempt.purpose in _EVALUATED_TWICE,
        identity=identity,
        is_baseline=attempt.purpose is Purpose.BASELINE,
    )
