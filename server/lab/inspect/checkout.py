"""Checkout: an experiment's source written to the trainer folder, where a person can read and run it."""

from __future__ import annotations

from pathlib import Path

from anyio import to_thread

from ...errors import BadInputError, ConflictError
from ...schemas.inspect import CheckedOut
from ...source.repository import NewCommit, delta, write_folder
from ...source.trainer_folder import Source, built_in, read_folder
from ...store import sources
from .. import references
from ..lab import Lab
from ..references import Reference

_INSTALLED = frozenset({"site-packages", "dist-packages"})


async def checkout(lab: Lab, name: str) -> CheckedOut:
    """Make the editable files of the trainer folder those of a source. Nothing that isn't in the lab is lost.

    Args:
        lab: The lab.
        name: An experiment's id, `champion` or `baseline`.

    Raises:
        BadInputError: The trainer folder is part of an installed package, or `name` is no such name.
        ConflictError: The folder holds changes that no experiment has.
        NotFoundError: There is no such experiment.
    """
    folder = lab.trainer.folder
    _refuse_installed(folder)
    wanted = await references.resolve(lab, name)
    if wanted.name == references.WORKDIR:
        raise BadInputError("The trainer folder is what a checkout writes to", "Give an experiment's id, champion or baseline")
    target = _editable(lab, wanted.source)
    on_disk = _editable(lab, await to_thread.run_sync(read_folder, folder))
    written = sorted(path for path, data in target.items() if on_disk.get(path) != data)
    removed = sorted(on_disk.keys() - target.keys())
    unsaved = await to_thread.run_sync(_hidden, folder, [path for path in written if path not in on_disk])
    if (written or removed) and not await _is_known(lab, on_disk):
        unsaved += [path for path in [*written, *removed] if path in on_disk]
    if unsaved:
        raise ConflictError(
            f"{', '.join(sorted(unsaved))} in {folder} would be lost: no experiment has the folder as it stands",
            'Save it first by launch_experiment(base="workdir"), or put the files back as they were',
        )
    await to_thread.run_sync(_write, folder, {path: target[path] for path in written}, removed)
    return CheckedOut(id=wanted.name, folder=str(folder), written=written, removed=removed)


def _refuse_installed(folder: Path) -> None:
    if folder.is_relative_to(built_in()) or _INSTALLED & set(folder.parts):
        raise BadInputError(
            f"{folder} is part of an installed package, and stays as it is",
            f"Copy the trainer with `labhand init --trainer {folder.name} FOLDER`; read_source shows an experiment's source",
        )


def _editable(lab: Lab, source: Source) -> Source:
    return {path: data for path, data in source.items() if lab.trainer.is_editable(path)}


async def _is_known(lab: Lab, editable: Source) -> bool:
    """Whether some source of the lab has exactly these editable files, with the protected ones of now or of the baseline."""
    baseline: Reference = await references.baseline(lab)
    protected = {path: data for path, data in baseline.kept.items() if not lab.trainer.is_editable(path)}
    candidates = [{**lab.protected, **editable}, {**protected, **editable}]
    batch = [
        NewCommit(delta(baseline.kept, source), (baseline.commit.hash,), "The trainer folder, to compare")
        for source in candidates
    ]
    return await sources.has_any_tree(lab.db, [commit.tree for commit in await lab.sources.commit(batch)])


def _hidden(folder: Path, paths: list[str]) -> list[str]:
    """Files that are there although they count as no part of the source, such as those that git ignores."""
    return [path for path in paths if (folder / path).exists()]


def _write(folder: Path, files: Source, removed: list[str]) -> None:
    write_folder(files, folder)
    for path in removed:
        (folder / path).unlink()
