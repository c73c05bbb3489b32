"""`labhand export`: a branch, a patch, rows for other programs, or runs of a tracker."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from anyio import to_thread

from ...trainer.contract.files import write_whole
from ..errors import BadInputError
from ..lab.export.git_branch import export_branch, patch_of
from ..lab.export.json_lines import json_lines
from ..lab.export.mlflow_runs import MlflowRuns
from ..lab.export.parquet_file import write_parquet
from ..lab.export.run_tracker import RunTracker, SavedAs, track_runs
from ..lab.export.trackio_runs import TrackioRuns
from ..lab.export.wandb_runs import WandbRuns
from ..lab.lab import Lab
from ..lab.results.text_tables import results_tsv
from .console import err, exit_on_error, out, working
from .show import with_lab

STANDARD_OUTPUT = Path("-")
_NOT_IN_PROJECTS = re.compile(r"[^\w.-]+", re.ASCII)


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


def parquet(root: Path, file: Path | None) -> None:
    """Write every finished experiment to a Parquet file."""
    with exit_on_error():
        if file is None or file == STANDARD_OUTPUT:
            raise BadInputError("parquet writes a file, and none is named", "Name it: --output results.parquet")
    with working("Exporting"):
        count = with_lab(root, lambda lab: write_parquet(lab, file))
    err.print(f"Wrote {file}: {count} experiments.", markup=False, soft_wrap=True)


def tracked(root: Path, tracker: str, address: str, project: str, folder: Path | None) -> None:
    """Add every finished experiment to a tracker, or update it there.

    Args:
        root: The lab's folder.
        tracker: `mlflow`, `wandb` or `trackio`.
        address: Of MLflow's server; empty for the one that the environment names.
        project: In the tracker; empty for the name of the lab's folder.
        folder: Of W&B's or trackio's files; None for the current folder or trackio's own.
    """
    named = project or _NOT_IN_PROJECTS.sub("-", root.resolve().name) or "labhand"

    async def export(lab: Lab) -> Mapping[SavedAs, int]:
        opened = await to_thread.run_sync(lambda: _tracker(tracker, address, named, folder))
        return await track_runs(lab, opened)

    with working(f"Exporting to {tracker}"):
        counts = with_lab(root, export)
    done = ", ".join(f"{counts.get(way, 0)} {way}" for way in SavedAs)
    err.print(f"Exported to the project {named} of {tracker}: {done}.", markup=False, soft_wrap=True)
    if tracker == "wandb":
        place = folder or Path()
        err.print(f"Nothing was uploaded. `cd {shlex.quote(str(place))} && wandb sync` does.", markup=False, soft_wrap=True)


def _tracker(tracker: str, address: str, project: str, folder: Path | None) -> RunTracker:
    if tracker == "mlflow":
        return MlflowRuns(address, project)
    return WandbRuns(folder or Path(), project) if tracker == "wandb" else TrackioRuns(folder, project)


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
