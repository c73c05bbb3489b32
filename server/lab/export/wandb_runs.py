"""Experiments as offline runs of Weights & Biases, through its own library; `wandb sync` uploads them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from typing_extensions import override

from ....trainer.contract.files import write_whole
from ...domain import Status
from ...errors import BadInputError
from .exported_run import ExportedRun
from .optional_library import load_library
from .run_tracker import CURVE, NAMESPACE, RunTracker, SavedAs, config_of, values_of

EXTRA = "wandb"
SAVED = "labhand.json"
"""The file in a run's folder, written last, that says what was exported."""
MAX_TAG = 64
SECONDS = "seconds"
_QUIET: Mapping[str, Any] = {
    "mode": "offline",
    "silent": True,
    "console": "off",  # what labhand prints is not the run's output
    "save_code": False,
    "disable_git": True,
    "x_disable_stats": True,  # this machine is not the one that trained
    "x_disable_meta": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}


class WandbRuns(RunTracker):
    """A folder with an offline run for each experiment, as `wandb` lays it out: `wandb/offline-run-TIME-ID`.

    Knobs are the configuration, with the facts of the experiment under `labhand`; the curve is the history; the score and all
    other numbers are the summary. The id of a run is made of the lab's and the experiment's, so that W&B knows it again. A run
    that has changed is written anew if it was not synced; otherwise a second folder with the same id has what changed, without
    the history, and W&B resumes the run with it.
    """

    def __init__(self, folder: Path, project: str) -> None:
        """Find out which runs a folder has.

        Args:
            folder: The runs are in `wandb/` below it, where `wandb sync` looks for them.
            project: W&B's project.

        Raises:
            BadInputError: wandb isn't installed, or the folder can't be made.
        """
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        self._library = load_library("wandb", EXTRA)
        self._folder, self._project = folder, project
        try:
            (folder / "wandb").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInputError(f"{folder} can't be used: {error.strerror}", "Name another folder with --output") from error

    @override
    def save(self, run: ExportedRun) -> SavedAs:
        folders = sorted((self._folder / "wandb").glob(f"offline-run-*-{_run_id(run)}"))
        complete = [folder for folder in folders if (folder / SAVED).is_file()]
        if complete and json.loads((complete[-1] / SAVED).read_bytes())["digest"] == run.digest:
            return SavedAs.UNCHANGED
        synced = [folder for folder in complete if any(folder.glob("*.synced"))]
        for folder in folders:
            if folder not in synced:
                shutil.rmtree(folder)
        self._write(run, with_history=not synced)
        return SavedAs.UPDATED if complete else SavedAs.ADDED

    @override
    def close(self) -> None:
        self._library.teardown()

    def _write(self, run: ExportedRun, *, with_history: bool) -> None:
        written = self._library.init(
            project=self._project,
            id=_run_id(run),
            name=run.id,
            dir=str(self._folder),
            config=config_of(run),
            tags=_tags(run),
            notes="\n".join(filter(None, [run.hypothesis, run.reason])),
            group=run.grid,
            job_type=run.purpose,
            settings=self._library.Settings(**_QUIET),
        )
        folder = Path(written.settings.sync_dir)
        written.define_metric(CURVE, step_metric=SECONDS)
        for step, (seconds, loss) in enumerate(run.curve if with_history else ()):
            written.log({CURVE: loss, SECONDS: seconds}, step=step)
        written.summary.update(values_of(run))
        written.finish(exit_code=0 if run.status is Status.SUCCEEDED else 1)
        write_whole(folder / SAVED, json.dumps({"digest": run.digest, **asdict(run), "curve": len(run.curve)}))


def _run_id(run: ExportedRun) -> str:
    return f"{NAMESPACE}-{run.lab}-{run.id}"


def _tags(run: ExportedRun) -> list[str]:
    """Return what one filters by."""
    words = [run.verdict, run.status.value, run.stratum or "", run.theme]
    return list(dict.fromkeys(word[:MAX_TAG] for word in words if word))
