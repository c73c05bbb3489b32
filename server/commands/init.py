"""`labhand init` and `labhand prepare`: what happens before the first experiment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ..errors import BadInputError, ConflictError, LabhandError
from ..settings import FILE, Settings, load_settings
from ..source.trainer_folder import load_trainer
from .console import err, plug_in_command

TEMPLATE = """\
trainer = "{trainer}"            # built in, or the path of a folder with a trainer.toml
goal = ""                  # what the research is for; shown to the agent in the briefing

[allowance]                # what the whole lab may spend; no tool can raise it
# gpu_hours = 128
# experiments = 1000

[pools.local]              # this machine: a slot a GPU, or a core where there is none
backend = "local"
"""


def make_lab(folder: Path, trainer: str, *, copy: bool) -> None:
    """Write a `labhand.toml` to begin with, and a copy of the trainer where asked.

    Raises:
        ConflictError: There is one already.
    """
    place = folder.resolve()
    if (place / FILE).exists():
        raise ConflictError(f"{place / FILE} is there already", "Edit it, or choose another folder")
    found = load_trainer(trainer, place)
    if copy:
        target = place / found.name
        if target.exists():
            raise ConflictError(f"{target} is there already", "Move it, or leave out --copy")
        shutil.copytree(found.folder, target, ignore=shutil.ignore_patterns("__pycache__", "__init__.py"))
        trainer = found.name if trainer != found.name else f"./{found.name}"
    place.mkdir(parents=True, exist_ok=True)
    (place / FILE).write_text(TEMPLATE.format(trainer=trainer), "utf-8")
    err.print(f"Wrote {place / FILE}. Next: labhand doctor, then\n\n  {plug_in_command(place)}", soft_wrap=True)


def prepare_data(root: Path) -> None:
    """Run the trainer's own preparation on this machine, with the interpreter that trains.

    Raises:
        LabhandError: It failed; what it printed stands above.
    """
    settings = load_settings(root)
    trainer = load_trainer(settings.trainer, root)
    if not trainer.prepare:
        err.print(f"The trainer {trainer.name} has nothing to prepare.")
        return
    python = training_python(settings)
    command = [python if word == "python" else word for word in trainer.prepare]
    if subprocess.run(command, cwd=trainer.folder, stdin=subprocess.DEVNULL, check=False).returncode:
        raise LabhandError(f"{' '.join(command)} failed in {trainer.folder}", "What it printed stands above")


def training_python(settings: Settings) -> str:
    """The interpreter that trains in this lab's first local pool."""
    for pool in settings.pools.values():
        if (python := pool.local_python) is not None:
            found = shutil.which(python)
            if found is None:
                raise BadInputError(f"There is no interpreter {python!r}", f"Mend python in {FILE}")
            return found
    return sys.executable
