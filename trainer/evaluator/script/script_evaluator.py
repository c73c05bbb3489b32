"""Runs a person's own evaluator on what training left, and reads the score that it prints.

The script runs from a copy of the source without the files that experiments can change: nothing that training wrote has a name
under which the script could import it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ...contract.evaluator_version import script_version
from ...contract.failures import FailureKind
from ...contract.files import cache_folder, outside_path
from ...contract.run_result import EvaluatorIdentity
from ...contract.trainer_toml.evaluator import EvaluatorScript
from ...run.child import CancelledError
from ...run.environment import home_in
from ...run.failures.classify import RunFailedError, relevant_lines
from ...run.metrics.recorded_metrics import record
from ...run.metrics.score import Left, read_score
from ...run.output.log import Log
from ...run.output.printed_lines import as_number, printed_lines
from ...run.output.printed_summary import MAX_MEASURE
from ...run.run import Run
from .artifacts import take_artifacts
from .blame import of_script_exit, unsteady, without_score
from .data_identity import data_identity

VALIDATION, SEALED = "validation", "sealed"
"""Values of `LABHAND_SPLIT`."""
MAX_MEASURES: Final = 50
MAX_SHOWN_CHARACTERS: Final = 2**16
"""Of the script's output that go into the run's log."""
_MEASURE: Final = re.compile(r"([A-Za-z_][\w.]{0,59}):[ \t]*(\S+)")


class ScriptEvaluator:
    """An `Evaluator` that scores the artifacts of a run.

    Args:
        run: To be scored.
        script: `[evaluator]` of its trainer.
    """

    def __init__(self, run: Run, script: EvaluatorScript) -> None:
        self._run = run
        self._script = script
        self._artifacts: Sequence[str] = ()

    def check(self) -> None:
        """See `Evaluator`."""
        files = {name for name, _ in self._source_files()}
        if self._script.script(files) is None:
            shown = " ".join(self._script.command)
            raise RunFailedError(
                FailureKind.EVALUATOR_FAILED,
                f"command = {shown!r} under [evaluator] names no file of the trainer folder",
                (),
                "Tell the person: name a script that lies there, so that its content belongs to the evaluator's version.",
            )
        for path in (*self._script.read, *self._script.sealed_read):
            if not outside_path(path).exists():
                message = f"The evaluator reads {path}, and there is no {outside_path(path)} on this machine"
                step = "Tell the person: put the data there, or have the command of [prepare] in trainer.toml do that."
                raise RunFailedError(FailureKind.EVALUATOR_FAILED, message, (), step)
        _ = self._identity

    def take(self) -> None:
        """See `Evaluator`."""
        self._artifacts = take_artifacts(self._run, self._script.artifacts)

    def evaluate(self) -> float:
        """See `Evaluator`."""
        self._run.result.evaluator = self._identity
        if self._version() != self._identity.version:  # only where the kernel can't close these files
            raise RunFailedError(FailureKind.TAMPERING, "Files of the source that experiments can't change were changed")
        self._lay_out()
        score, output = self._score(VALIDATION, self._script.read)
        if self._run.spec.evaluate_twice or not self._mark.exists():
            again, _ = self._score(VALIDATION, self._script.read)
            if abs(score - again) > self._script.tolerance * max(abs(score), abs(again)):
                raise unsteady(score, again, self._script.tolerance)
            self._mark.parent.mkdir(parents=True, exist_ok=True)
            self._mark.touch()
        self._record(output)
        if not self._run.spec.sealed:
            self._run.folder.remove_evaluation()
        return score

    def seal(self) -> None:
        """See `Evaluator`."""
        self._run.result.close()
        if not self._script.sealed_read:
            return
        sealed: dict[str, Any] = {"score": None, "failure": None}
        try:
            sealed |= self._identity_on(self._script.sealed_read).as_json()
            sealed["score"], _ = self._score(SEALED, self._script.sealed_read)
        except RunFailedError as error:
            sealed["failure"] = error.failure.kind
        except CancelledError:
            return
        self._run.folder.remove_evaluation()
        self._run.folder.write_sealed(sealed)

    def _lay_out(self) -> None:
        """Make what the script runs in: the protected source, with what `[prepare]` made for it."""
        folder, is_editable = self._run.folder, self._run.trainer.is_editable
        folder.make_evaluation(is_editable)
        if self._run.prepared is not None:
            self._run.prepared.link_into(folder.evaluation, is_editable)

    def _record(self, output: str) -> None:
        """Write the other metrics that the script printed to the result, and further numbers to its measures."""
        metrics = self._run.trainer.metrics
        others = [metric for metric in metrics[1:] if metric.source == "evaluator"]
        record(self._run, others, Left.by(output, self._run.stop.check))
        self._run.result.measures |= _measures(output, {metric.name for metric in metrics})

    def _score(self, split: str, read: Sequence[str]) -> tuple[float, str]:
        """Run the script once.

        Returns:
            The score, and all that the script printed.
        """
        output = self._output(split, read)
        try:
            score = read_score(self._run.trainer.metric, Left.by(output, self._run.stop.check))
        except RunFailedError as error:
            raise without_score(error) from error
        return score, output

    def _output(self, split: str, read: Sequence[str]) -> str:
        """What the script prints. It goes into a log of its own, which nothing that training printed can be in.

        Raises:
            RunFailedError: The script failed, or ran for too long.
        """
        folder, allowed = self._run.folder, self._run.trainer.budget.evaluation_seconds
        folder.renew_temporary()
        home_in(folder.temporary).mkdir()
        place = folder.path / f"{split}.log"
        variables = {
            "LABHAND_ARTIFACTS": str(folder.artifacts),
            "LABHAND_DATA": os.pathsep.join(str(outside_path(path)) for path in read),
            "LABHAND_SPLIT": split,
        }
        environment = self._run.environment.base or self._run.environment  # without the packages that an idea adds
        command, sandbox = environment.words(self._script.command), self._run.confinement.for_script(read)
        place.unlink(missing_ok=True)  # an experiment without a sandbox may have put a link there
        with Log(place) as log:
            place.unlink()  # its content is read by the open file, and no other process has to see it
            clock = self._run.clock(allowed)
            run = replace(self._run, log=log, environment=environment)
            with run.child(command, folder.evaluation, sandbox, (), **variables) as child:
                while child.status is None and clock.left() > 0:
                    child.wait(clock.next_look())
                status = child.status
            output = log.text()
        if split == VALIDATION:
            self._run.log.write(f"\n[evaluator]\n{output[-MAX_SHOWN_CHARACTERS:]}".encode())
        if status is None:
            message = (
                f"The evaluator ran for longer than evaluation_seconds = {allowed:g} under [budget] in trainer.toml allows"
            )
            step = "Have training leave less to evaluate, or tell the person to raise evaluation_seconds."
            raise RunFailedError(FailureKind.TIMEOUT, message, relevant_lines(output), step)
        if status:
            raise of_script_exit(status, output, self._run.trainer, self._artifacts, has_scored=self._mark.exists())
        return output

    @cached_property
    def _identity(self) -> EvaluatorIdentity:
        """As it was before training."""
        return self._identity_on(self._script.read)

    def _identity_on(self, read: Sequence[str]) -> EvaluatorIdentity:
        return EvaluatorIdentity(self._version(), data_identity(read, self._run.stop.check))

    @property
    def _mark(self) -> Path:
        """A file that exists if this script has given the same score twice with this data on this machine."""
        return cache_folder() / "evaluators" / f"{self._identity.version}-{self._identity.data}"

    def _version(self) -> str:
        return script_version(self._run.trainer, self._source_files())

    def _source_files(self) -> list[tuple[str, bytes]]:
        """The files that experiments can't change, with their contents."""
        is_editable = self._run.trainer.is_editable
        return [
            (name, path.read_bytes())
            for name, path in self._run.folder.source_files()
            if not is_editable(name) and "__pycache__" not in path.parts
        ]


def _measures(output: str, metrics: Container[str]) -> dict[str, float]:
    """Numbers on lines of their own, such as `dead_features: 12`, without the metrics."""
    measures: dict[str, float] = {}
    for line in printed_lines(output):
        match = _MEASURE.fullmatch(line)
        number = as_number(match[2]) if match else None
        if match and number is not None and match[1] not in metrics and abs(number) < MAX_MEASURE:
            measures[match[1]] = number
    return dict(list(measures.items())[:MAX_MEASURES])
