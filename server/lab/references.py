"""Resolves the names of sources: champion, baseline, workdir (the trainer folder), and ids of experiments."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from ..domain import Experiment
from ..errors import BadInputError, LabhandError, NotFoundError
from ..ids import experiment_id, parse_ids
from ..source.changes import MergeInput, take_folder
from ..source.repository import Commit, NewCommit, delta
from ..source.trainer_folder import FILE, Source, read_folder
from ..store import sources
from ..store.comparison import champions
from ..store.experiments import rows
from .lab import Lab

BASELINE = champions.BASELINE
CHAMPION = "champion"
WORKDIR = "workdir"


@dataclass(frozen=True, slots=True)
class Reference:
    """A source that a caller named.

    Attributes:
        name: The resolved name: `e0042`, `baseline` or `workdir`.
        commit: The parent of sources that are made from it; for the trainer folder, the baseline's commit.
        committed: The files of that commit.
        source: Its editable files, with the lab's protected ones.
        experiment: None for the baseline and the trainer folder.
    """

    name: str
    commit: Commit
    committed: Source
    source: Source
    experiment: Experiment | None = None

    @property
    def gpu(self) -> str | None:
        """The kind of device that the experiment asked for; None without an experiment."""
        return self.experiment.gpu if self.experiment else None


async def resolve(lab: Lab, name: str, folder: str | None = None) -> Reference:
    """Return the source that `name` stands for.

    Args:
        lab: The lab.
        name: `champion`, `baseline`, `workdir` or an experiment's id.
        folder: With `workdir`, another copy of the trainer folder, relative to the lab's root.

    Raises:
        BadInputError: The name is not one of these, or `folder` is not a copy of the trainer folder.
        NotFoundError: The experiment doesn't exist.
    """
    word = name.strip().lower()
    if word == WORKDIR:
        return await _workdir(lab, folder)
    if folder is not None:
        raise BadInputError(f"folder={folder!r} is set with base={name!r}", f'folder is only used with base="{WORKDIR}"')
    if word == BASELINE:
        return await baseline(lab)
    if word == CHAMPION:
        return await _champion(lab)
    return await of_experiment(lab, await find_experiment(lab, word))


async def baseline(lab: Lab) -> Reference:
    """Return the baseline: the trainer's source, as `baseline_source` says.

    Raises:
        LabhandError: The database has no baseline.
    """
    first = await champions.baseline(lab.db)
    if first is None:
        raise LabhandError(f"The lab in {lab.folder} has no baseline", "Its database was changed by hand: create a new lab")
    return await _read(lab, BASELINE, Commit(first.commit, first.tree))


async def of_experiment(lab: Lab, experiment: Experiment) -> Reference:
    """Return the source of an experiment."""
    return await _read(lab, experiment.id, Commit(experiment.commit, experiment.tree), experiment)


async def find_experiment(lab: Lab, name: str) -> Experiment:
    """Return the experiment with an id.

    Raises:
        BadInputError: `name` is not the id of an experiment.
        NotFoundError: The experiment doesn't exist.
    """
    numbers = parse_ids([name]).experiments
    if len(numbers) != 1:
        raise BadInputError(f"{name!r} is not the id of one experiment", "Give an id such as e0042")
    experiment = await rows.find_experiment(lab.db, numbers[0])
    if experiment is None:
        newest = await rows.newest_number(lab.db)
        remedy = f"The newest is {experiment_id(newest)}; get_results lists them" if newest else "Nothing has been launched yet"
        raise NotFoundError(f"There is no experiment {experiment_id(numbers[0])}", remedy)
    return experiment


async def brought_by(lab: Lab, experiment: Experiment) -> MergeInput:
    """Return what an experiment changed against its own base, to be merged into another source."""
    base = await baseline(lab)
    if experiment.base is not None:
        base = await of_experiment(lab, await find_experiment(lab, experiment_id(experiment.base)))
    return MergeInput(experiment.id, base.source, (await of_experiment(lab, experiment)).source)


async def is_known(lab: Lab, editable: Source) -> bool:
    """Return whether a source of the lab has these editable files, with the protected files of now or of the baseline."""
    first = await baseline(lab)
    protected = {path: data for path, data in first.committed.items() if not lab.trainer.is_editable(path)}
    candidates = [{**lab.protected, **editable}, {**protected, **editable}]
    batch = [
        NewCommit(delta(first.committed, source), (first.commit.hash,), "The trainer folder, for comparison")
        for source in candidates
    ]
    return await sources.has_any_tree(lab.db, [commit.tree for commit in await lab.sources.commit(batch)])


async def _champion(lab: Lab) -> Reference:
    best = await champions.champion(lab.db)
    if best is None or best.experiment is None:
        return await baseline(lab)
    return await of_experiment(lab, await find_experiment(lab, experiment_id(best.experiment)))


async def _workdir(lab: Lab, folder: str | None) -> Reference:
    first = await baseline(lab)
    source = await to_thread.run_sync(_read_workdir, lab, folder, first.source)
    return Reference(WORKDIR, first.commit, first.committed, source)


def _read_workdir(lab: Lab, folder: str | None, baseline: Source) -> Source:
    path = lab.trainer.folder if folder is None else lab.root / Path(folder).expanduser()
    if not (path / FILE).is_file():
        raise BadInputError(f"There is no {FILE} in {path}", "Set folder= to a copy of the trainer folder")
    if os.geteuid() != 0 and path.stat().st_uid not in {os.geteuid(), 0}:  # who could put links there to files of others
        raise BadInputError(f"{path} belongs to another user", "Send the change itself instead: as edits, files or patch")
    return take_folder(read_folder(path), baseline, lab.trainer)


async def _read(lab: Lab, name: str, commit: Commit, experiment: Experiment | None = None) -> Reference:
    committed = await lab.sources.read(commit.hash)
    return Reference(name, commit, committed, lab.with_protected(committed), experiment)
