"""`labhand export`: a branch, a patch, or rows for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

from ...trainer.contract.files import write_whole
from ..errors import BadInputError
from ..lab.export.git_branch import export_branch, patch_of
from ..lab.export.json_lines import json_lines
from ..lab.lab import Lab
from ..lab.results.export import results_tsv
from .console import err, exit_on_error, out
from .show import with_lab

STANDARD_OUTPUT = Path("-")


def branch(root: Path, experiment: str, name: str, repository: Path | None) -> None:
    """Make a branch of a confirmed source in the person's repository."""
    made = with_lab(root, lambda lab: export_branch(lab, experiment, name, repository))
    out.print(made.message, markup=False, highlight=False, end="", soft_wrap=True)
    files = ", ".join(made.files) or "no file"
    err.print(
        f"Made the branch {made.branch} in {made.repository}: {made.commit[:12]} changes {files}. Your working tree and HEAD"
        f" are as they were; `git diff HEAD {made.branch}` shows it.",
        markup=False,
        soft_wrap=True,
    )


def patch(root: Path, experiment: str, file: Path) -> None:
    """Write what a confirmed source changed against the baseline as a patch."""
    _write(file, with_lab(root, lambda lab: patch_of(lab, experiment)), "--patch")


def rows(root: Path, form: str, file: Path) -> None:
    """Write every finished experiment as JSON Lines, or as autoresearch's results.tsv."""

    async def text(lab: Lab) -> str:
        if form == "tsv":
            return await results_tsv(lab)
        return "".join([f"{line}\n" async for line in json_lines(lab)])

    _write(file, with_lab(root, text), "--output")


def _write(file: Path, text: str, option: str) -> None:
    if file == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    with exit_on_error():
        try:
            write_whole(file, text)
        except OSError as error:
            raise BadInputError(f"{file} can't be written: {error.strerror}", f"Name another file with {option}") from error
    err.print(f"Wrote {file}.", markup=False, soft_wrap=True)
