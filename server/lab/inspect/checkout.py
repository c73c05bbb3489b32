"""`checkout`: writes an experiment's source to the trainer folder, where a person can read and run it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread

from ...errors import BadInputError, ConflictError, LabhandError
from ...schemas.inspect import CheckedOut
from ...schemas.launch import Launch
from ...settings import FILE
from ...source.repository import write_folder
from ...source.trainer_folder import Source, built_in, read_folder
from .. import references
from ..lab import Lab

_INSTALLED = frozenset({"site-packages", "dist-packages"})


async def checkout(lab: Lab, name: str) -> CheckedOut:
    """Replace the editable files of the trainer folder by those of a source. Changes that no experiment has are never lost.

    Args:
        lab: The lab.
        name: An experiment's id, `champion` or `baseline`.

    Raises:
        BadInputError: The trainer folder is part of an installed package, or `name` is not one of these.
        ConflictError: The folder holds changes that no experiment has.
        NotFoundError: The experiment doesn't exist.
    """
    folder = lab.trainer.folder
    _refuse_installed(folder, lab.settings.trainer, lab.root)
    reference = await references.resolve(lab, name)
    if reference.name == references.WORKDIR:
        raise BadInputError(
            "A checkout writes to the trainer folder, so that workdir can't be its source",
            "Name an experiment, champion or baseline",
        )
    target = lab.editable_files(reference.source)
    on_disk = lab.editable_files(await to_thread.run_sync(read_folder, folder))
    written = sorted(path for path, data in target.items() if on_disk.get(path) != data)
    removed = sorted(on_disk.keys() - target.keys())
    unsaved = await to_thread.run_sync(_existing, folder, [path for path in written if path not in on_disk])
    if (written or removed) and not await references.is_known(lab, on_disk):
        unsaved += [path for path in [*written, *removed] if path in on_disk]
    if unsaved:
        raise ConflictError(
            f"{', '.join(sorted(unsaved))} in {folder} would be lost: no experiment has this state of the folder",
            f"Save it first with {Launch(base=references.WORKDIR, hypothesis='The state of the trainer folder').as_call()}, or"
            " restore the files",
        )
    await to_thread.run_sync(write_files, folder, {path: target[path] for path in written}, removed)
    return CheckedOut(id=reference.name, folder=str(folder), written=written, removed=removed)


def _refuse_installed(folder: Path, trainer: str, root: Path) -> None:
    if not (folder.is_relative_to(built_in()) or _INSTALLED & set(folder.parts)):
        return
    copy = root / folder.name
    if (root / FILE).exists():
        remedy = f'copy it with `cp -r {folder} {copy}` and set trainer = "./{folder.name}" in {root / FILE}'
    else:
        remedy = f"run `labhand init --trainer {trainer} --copy {root}`, which makes {copy}"
    raise BadInputError(
        f"{folder} is part of an installed package, which a checkout must not change",
        f"A person can let this lab train a copy: {remedy}. Its experiments stay. read_source shows an experiment's source",
    )


def _existing(folder: Path, paths: list[str]) -> list[str]:
    """Return the paths that exist in the folder although the source doesn't include them, such as files that git ignores."""
    return [path for path in paths if (folder / path).exists()]


def write_files(folder: Path, files: Source, removed: Sequence[str]) -> None:
    """Write files to a folder and remove others.

    Raises:
        LabhandError: A file can't be written or removed; the text says what was done before.
    """
    done: list[str] = []
    try:
        for path, data in files.items():
            write_folder({path: data}, folder)
            done.append(f"{path} was written")
        for path in removed:
            (folder / path).unlink()
            done.append(f"{path} was removed")
    except OSError as error:  # a bare error would read as if nothing had been written
        raise LabhandError(
            f"The checkout stopped half way in {folder}: {', '.join(done) or 'nothing was written'}, then {error}",
            "Mend the cause and check the same source out again",
        ) from error
