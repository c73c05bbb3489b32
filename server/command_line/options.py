"""Options that several commands have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ..lab_place import FILE, FOLDER, find_root, is_root


def _existing_lab(given: Path | None) -> Path | None:
    """Refuse a `--root` that names no lab, so that a typing error makes none."""
    has_data_elsewhere = given is not None and given.is_dir() and "LABHAND_DATA_DIR" in os.environ
    if given is None or is_root(given) or has_data_elsewhere:
        return given
    problem = f"{given} has neither {FILE} nor {FOLDER}" if given.is_dir() else f"there is no folder {given}"
    around = find_root(given)
    remedy = f"Do you mean {around}?" if is_root(around) else f"`labhand init {given}` makes a lab there."
    raise typer.BadParameter(f"no lab: {problem}. {remedy}")


Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        callback=_existing_lab,
        help=f"The lab's folder; by default the first folder from here upwards that has {FILE}",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON, for programs")]


def lab_root(given: Path | None) -> Path:
    """Return the lab's folder: the given one, or the first from the working directory upwards."""
    return given.resolve() if given is not None else find_root(Path.cwd())
