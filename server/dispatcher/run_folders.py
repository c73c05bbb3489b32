"""Run folders as the dispatcher fills them: what to run, and the source. See docs/runs.md."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from anyio import to_thread

from ...trainer.contract.run_folder import SOURCE, WEIGHTS, RunFolder
from ...trainer.contract.run_result import Number
from ...trainer.contract.run_spec import RunSpec, TrainedWeights
from ..domain import Purpose, Run
from ..ids import experiment_id
from ..source.repository import Sources
from ..store.running.runs import Attempt


class RunFolders:
    """The folders of a lab's runs.

    Args:
        place: The folder that holds them.
        sources: The repository that their sources come from.
    """

    def __init__(self, place: Path, sources: Sources) -> None:
        self._place = place
        self._sources = sources

    def of(self, run: Run) -> Path:
        """Return the path of a run's folder, which need not exist."""
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
        path = self.of(attempt.run)
        path.mkdir(parents=True, exist_ok=True)
        folder = RunFolder(path)
        if not folder.spec_file.exists():
            trained = await to_thread.run_sync(self._bring_weights, attempt.accused, folder) if carries_weights else None
            folder.write_spec(_spec(attempt, trained, sandbox_required=sandbox_required))
        if not folder.source.exists():
            partial = path / f"{SOURCE}.new"
            await to_thread.run_sync(shutil.rmtree, partial, True)  # noqa: FBT003 - ignore_errors
            await self._sources.export(attempt.commit, partial)
            partial.rename(folder.source)
        return path

    def _bring_weights(self, accused: str | None, folder: RunFolder) -> TrainedWeights | None:
        """Copy what an accused run has trained.

        Returns:
            What the training took; None where there is nothing to be evaluated again.
        """
        if accused is None:
            return None
        before = RunFolder(self._place / accused)
        result = before.result()
        if result is None or not all((before.path / name).is_file() for name in WEIGHTS):
            return None
        for name in WEIGHTS:
            shutil.copyfile(before.path / name, folder.path / name)
        return TrainedWeights(accused, _finite(result.seconds), _finite(result.measures))


def _finite(numbers: Mapping[str, Number | None]) -> Mapping[str, Number]:
    return {name: value for name, value in numbers.items() if value is not None}


def _spec(attempt: Attempt, trained: TrainedWeights | None, *, sandbox_required: bool) -> RunSpec:
    return RunSpec(
        run=attempt.run.id,
        experiment=experiment_id(attempt.run.experiment),
        seed=attempt.seed,
        budget_seconds=attempt.budget_seconds,
        clock=attempt.clock,
        device="cpu" if attempt.clock == "cpu" else "cuda",
        sandbox_required=sandbox_required,
        sealed=attempt.purpose is Purpose.REPORT,
        trained=trained,
    )
