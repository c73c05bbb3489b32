"""Experiments as runs in trackio's local database, through its own library."""

from __future__ import annotations

import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, cast

from typing_extensions import override

from ...errors import BadInputError
from .exported_run import ExportedRun
from .optional_library import load_library
from .run_tracker import CURVE, NAMESPACE, RunTracker, SavedAs, config_of, values_of

EXTRA = "trackio"
FOLDER_VARIABLE = "TRACKIO_DIR"
REMOTE_VARIABLES = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL")
_QUIET = {"embed": False, "auto_log_gpu": False, "auto_log_cpu": False}  # this machine is not the one that trained


class TrackioRuns(RunTracker):
    """A project of trackio with a run for each experiment.

    Knobs are the configuration, with the facts of the experiment under `labhand`; the curve and, as its last step, the score
    and all other numbers are what was logged. A run is found again by `labhand.lab` and `labhand.id` in its configuration. One
    that has changed is deleted and written anew; one without `labhand.digest`, which is written last, is incomplete.
    """

    def __init__(self, folder: Path | None, project: str) -> None:
        """Read which runs a project has.

        Args:
            folder: Of trackio's databases; None for trackio's own.
            project: trackio's project.

        Raises:
            BadInputError: trackio isn't installed, is told to write elsewhere, or can't use the project's name.
        """
        for variable in REMOTE_VARIABLES:
            if os.environ.get(variable):
                remedy = f"Unset {variable}; `trackio sync` takes the project elsewhere afterwards"
                raise BadInputError(f"{variable} is set, and this export writes the database of this machine only", remedy)
        if folder is not None:
            os.environ[FOLDER_VARIABLE] = str(folder)  # trackio reads it when it is imported
        self._library = load_library("trackio", EXTRA)
        self._project = project
        self._known = self._read_known()

    @override
    def save(self, run: ExportedRun) -> SavedAs:
        known = self._known.get((run.lab, run.id))
        digest = _facts_of(known).get("digest") if known is not None else None
        if digest == run.digest:
            return SavedAs.UNCHANGED
        with redirect_stdout(StringIO()):  # it prints several lines for each run
            if known is not None:
                known.delete()
            self._write(run)
        return SavedAs.UPDATED if digest else SavedAs.ADDED

    def _read_known(self) -> dict[tuple[str, str], Any]:
        try:
            runs = list(self._library.Api().runs(self._project))
        except ValueError:  # there is no such project yet
            return {}
        named = [(run, _facts_of(run)) for run in runs]
        return {(facts["lab"], facts["id"]): run for run, facts in named if "lab" in facts and "id" in facts}

    def _write(self, run: ExportedRun) -> None:
        config = config_of(run)
        if run.curve:
            started = self._library.init(project=self._project, name=run.id, group=run.grid, config=config, **_QUIET)
            for step, (seconds, loss) in enumerate(run.curve):
                started.log({CURVE: loss, "seconds": seconds}, step=step)
            self._library.finish()
        config[NAMESPACE]["digest"] = run.digest
        # `must` resumes the newest run of this name: the one above.
        resume = "must" if run.curve else "never"
        ended = self._library.init(project=self._project, name=run.id, group=run.grid, config=config, resume=resume, **_QUIET)
        ended.log(values_of(run), step=len(run.curve))
        self._library.finish()


def _facts_of(run: Any) -> dict[str, Any]:  # noqa: ANN401 - trackio's
    """Return what stands under `NAMESPACE` in the configuration of a run; empty for a run of somebody else's."""
    config = cast("dict[str, object]", run.config or {})
    facts = config.get(NAMESPACE)
    return cast("dict[str, Any]", facts) if isinstance(facts, dict) else {}
