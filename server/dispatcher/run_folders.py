"""Run folders as the dispatcher fills them: what to run, and the source. See docs/runs.md."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anyio import to_thread

from ..domain import Purpose, Run
from ..ids import experiment_id
from ..source.repository import Sources
from ..store.running.runs import Attempt

WEIGHTS = ("model.pt", "config.json")
"""What training leaves in a run's folder."""


class RunFolders:
    """The folders of a lab's runs.

    Args:
        place: Where they lie.
        sources: Where the sources come from.
    """

    def __init__(self, place: Path, sources: Sources) -> None:
        self._place = place
        self._sources = sources

    def of(self, run: Run) -> Path:
        """Where a run's folder is, or would be."""
        return self._place / run.id

    async def fill(self, attempt: Attempt, *, sandbox_required: bool, carries_weights: bool = False) -> Path:
        """Make a run's folder ready for a backend; again where a dispatcher died over it.

        Args:
            attempt: The run, and what it takes to start it.
            sandbox_required: Nothing of it may run without a sandbox.
            carries_weights: The backend brings weights that lie in the folder to where it runs.

        Returns:
            The folder.
        """
        folder = self.of(attempt.run)
        folder.mkdir(parents=True, exist_ok=True)
        spec = folder / "spec.json"
        if not spec.exists():
            trained = await to_thread.run_sync(self._bring_weights, attempt.accused, folder) if carries_weights else None
            _write_whole(spec, _spec(attempt, trained, sandbox_required=sandbox_required))
        if not (folder / "source").exists():
            half = folder / "source.new"
            await to_thread.run_sync(shutil.rmtree, half, True)  # noqa: FBT003 - ignore_errors
            await self._sources.export(attempt.commit, half)
            half.rename(folder / "source")
        return folder

    def _bring_weights(self, accused: str | None, folder: Path) -> Mapping[str, Any] | None:
        """Copy what an accused run has trained; gives what that took, None where there is nothing to be evaluated again."""
        if accused is None:
            return None
        before = self._place / accused
        if not all((before / name).is_file() for name in (*WEIGHTS, "result.json")):
            return None
        result = json.loads((before / "result.json").read_text("utf-8"))
        for name in WEIGHTS:
            shutil.copyfile(before / name, folder / name)
        return {"run": accused, "seconds": result["seconds"], "measures": result["measures"]}


def _spec(attempt: Attempt, trained: Mapping[str, Any] | None, *, sandbox_required: bool) -> str:
    spec: dict[str, Any] = {
        "run": attempt.run.id,
        "experiment": experiment_id(attempt.run.experiment),
        "seed": attempt.seed,
        "budget_seconds": attempt.budget_seconds,
        "clock": attempt.clock,
        "device": "cpu" if attempt.clock == "cpu" else "cuda",
        "cores": [],
        "gpu": None,
        "sandbox_required": sandbox_required,
        "sealed": attempt.purpose is Purpose.REPORT,
        "trained": trained,
    }
    return json.dumps(spec, indent=2)


def _write_whole(path: Path, text: str) -> None:
    half = path.with_suffix(".new")
    half.write_text(text, "utf-8")
    half.replace(path)
