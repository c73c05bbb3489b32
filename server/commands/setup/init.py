"""`labhand init` and `labhand prepare`: create a lab, and prepare the trainer's data on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from ....trainer.contract.errors import ContractError
from ....trainer.contract.trainer_folder.data_links import DataLink, resolve_links
from ....trainer.contract.trainer_toml.trainer_file import TRAINER_FILE
from ...errors import BadInputError, ConflictError
from ...settings import FILE, load_settings
from ...source.repository import write_folder
from ...source.trainer_folder import Trainer, built_in, load_trainer, read_folder
from ..console import err, registration_command
from .trainer_checks import prepare_trainer

TEMPLATE = """\
trainer = {trainer}            # built in, or the path of a folder with a trainer.toml, such as "./gpt"
goal = ""                  # the goal of the research; shown to the agent in the briefing

[allowance]                # what the whole lab may spend; no tool can raise it
# gpu_hours = 128
# experiments = 1000

[pools.local]              # this machine: one slot for each GPU, or for each core if there is no GPU
backend = "local"
"""


def refuse_another_lab(folder: Path) -> Path:
    """Return the resolved folder of a new lab.

    Raises:
        ConflictError: There is a lab in it.
    """
    place = folder.resolve()
    if (place / FILE).exists():
        raise ConflictError(
            f"{place / FILE} exists already",
            f"Edit it, or choose another folder. To begin anew, remove it; a {TRAINER_FILE} that was proposed is read again"
            " unless you remove that too",
        )
    return place


def make_lab(folder: Path, trainer: str, *, copy: bool, is_tried: bool = False) -> None:
    """Write a first `labhand.toml` and, with `copy`, a copy of the trainer folder.

    The copy holds the same source as the original, so that it has the same protected files, and the same strata.

    Args:
        folder: Of the lab.
        trainer: A built-in trainer, or the path of a folder, relative to the current one.
        copy: Copy the trainer into the lab's folder, and let the lab train the copy.
        is_tried: The trainer has run on this machine.

    Raises:
        ConflictError: `labhand.toml` or the copy's folder exists already.
        SettingsError: The trainer doesn't exist or can't be used.
    """
    place = refuse_another_lab(folder)
    loaded = load_trainer(trainer, Path.cwd())
    original, links = loaded.folder, _links_for_copy(loaded) if copy else []
    place.mkdir(parents=True, exist_ok=True)
    if copy:
        target = place / original.name
        if target.exists():
            raise ConflictError(f"{target} exists already", "Move it, or leave out --copy")
        write_folder(read_folder(original), target)
        for link in links:
            (target / link.path).parent.mkdir(parents=True, exist_ok=True)
            (target / link.path).symlink_to(link.target)
        original = target
    trainer = _as_setting(original, place)
    (place / FILE).write_text(TEMPLATE.format(trainer=json.dumps(trainer, ensure_ascii=False)), "utf-8")
    check = "labhand doctor" if is_tried or loaded.folder.parent == built_in().resolve() else "labhand doctor --try"
    err.print(f"Wrote {place / FILE}. Next: {check}, then\n\n  {registration_command(place)}", soft_wrap=True)


def _as_setting(folder: Path, lab: Path) -> str:
    """Return how `labhand.toml` names a trainer's folder: its relative paths start from the lab's folder."""
    if folder.parent == built_in().resolve():
        return folder.name
    return f"./{folder.relative_to(lab).as_posix()}" if folder.is_relative_to(lab) else str(folder)


def _links_for_copy(trainer: Trainer) -> list[DataLink]:
    """Return the data that a copy of a trainer has to find at the same relative paths."""
    try:
        links = resolve_links(trainer.file.data_paths, str(trainer.folder))
    except ContractError as error:
        raise BadInputError(error.problem, error.remedy) from error
    relative = [link for link in links if link.is_relative]
    for link in relative:
        if ".." in Path(link.path).parts:
            raise BadInputError(
                f"A copy of {trainer.folder} doesn't find its data: [data] paths names {link.path!r}, relative to that folder",
                f'Name it there as "{link.target}", or leave out --copy',
            )
    return relative


def prepare_data(root: Path) -> None:
    """Make the trainer's environment and run its `prepare` command on this machine, as the first run would.

    Raises:
        LabhandError: Something failed; it has printed the reason.
    """
    settings = load_settings(root)
    prepare_trainer(settings, load_trainer(settings.trainer, root))
