"""A confirmed source as a branch in the person's own git repository, with the evidence in the commit's message.

The branch is made of objects and one reference: the working tree, the index and HEAD stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from ...domain import Verdict
from ...errors import BadInputError
from ...schemas.results import ValidationRow
from ...schemas.validation import ValidationRequest
from ...source.trainer_folder import Source, Trainer, built_in
from ...store.comparison import validations
from .. import references
from ..inspect.experiment import get_experiment
from ..lab import Lab
from ..references import Reference
from ..results.validation_rows import tabulate_validations
from ..sanitize import cut
from .person_repository import PersonRepository
from .reproduction import reproduction_lines

MAX_SUBJECT = 72
_BRANCH = re.compile(r"[\w][\w./-]{0,199}")


@dataclass(frozen=True, slots=True)
class ExportedBranch:
    """A branch that was made.

    Attributes:
        repository: The repository's folder.
        branch: The name.
        commit: Its commit, whose parent is the repository's HEAD.
        files: That differ from HEAD, relative to the repository.
        message: Of the commit.
    """

    repository: Path
    branch: str
    commit: str
    files: Sequence[str]
    message: str


async def export_branch(lab: Lab, name: str, branch: str = "", repository: Path | None = None) -> ExportedBranch:
    """Make a branch of a confirmed source in the repository of the trainer's folder.

    Args:
        lab: The lab.
        name: `champion`, or the id of an experiment that a validation has confirmed.
        branch: Its name; empty for `labhand/ID`.
        repository: A checkout of the trainer's folder; None for the folder itself.

    Raises:
        BadInputError: The source isn't confirmed, the folder is in no repository or is labhand's own, or the branch's name
            can't be used.
        ConflictError: The branch exists, or HEAD has other files than the lab's baseline.
    """
    reference, rows = await _confirmed(lab, name)
    message = await _message(lab, reference, rows)
    if repository is None:
        _refuse_labhands_own(lab.trainer)
    folder = lab.trainer.folder if repository is None else await to_thread.run_sync(repository.resolve)
    wanted = branch or f"labhand/{reference.name}"
    if not _BRANCH.fullmatch(wanted):
        raise BadInputError(f"{wanted!r:.60} can't be the name of a branch", "Use letters, digits, and . _ / -")
    baseline = await references.baseline(lab)
    files = lab.editable_files(reference.source)
    before = lab.editable_files(baseline.source)
    return await to_thread.run_sync(_make, folder, wanted, before, files, message)


def _refuse_labhands_own(trainer: Trainer) -> None:
    """Refuse the folder of a built-in trainer. Of an editable install, it lies in the checkout that labhand runs from."""
    if trainer.folder.is_relative_to(built_in()):
        raise BadInputError(
            f"The trainer {trainer.name} is labhand's own, and a branch would be made in labhand's checkout {trainer.folder}",
            "Name a checkout with your own copy of the trainer's folder, which `labhand init --copy` makes: --repo"
            " ../project/gpt; or write a patch with --patch champion.patch",
        )


async def patch_of(lab: Lab, name: str) -> str:
    """Return what a source changed against the baseline, as a patch that `git apply` takes in the trainer's folder.

    Raises:
        BadInputError: The source isn't confirmed.
    """
    reference, _ = await _confirmed(lab, name)
    baseline = await references.baseline(lab)
    return await lab.sources.diff(baseline.commit.hash, reference.commit.hash, most=1 << 30)


async def _confirmed(lab: Lab, name: str) -> tuple[Reference, Sequence[ValidationRow]]:
    """Return a source with its validations, of which one at least has confirmed it."""
    reference = await references.resolve(lab, name)
    tests = await validations.numbered(lab.db, list(range(1, (await validations.history(lab.db)).tests + 1)))
    experiment = reference.experiment
    own = [test for test in tests if experiment is not None and test.candidate == experiment.number]
    if not any(test.verdict is Verdict.CONFIRMED for test in own):
        candidate = reference.name if experiment is not None else "e0042"
        call = ValidationRequest(ids=[candidate]).as_call()
        raise BadInputError(f"{reference.name} is not confirmed by a validation", f"Only what is confirmed is exported: {call}")
    return reference, await tabulate_validations(lab, own)


async def _message(lab: Lab, reference: Reference, rows: Sequence[ValidationRow]) -> str:
    detail = await get_experiment(lab, reference.name, ["replicates"])
    metric = lab.trainer.metric
    lines = [
        cut(f"{metric.name}: {detail.changes}", MAX_SUBJECT),
        "",
        cut(detail.hypothesis, 500),
        "",
    ]
    for row in rows:
        against = f"{row.verdict.replace('_', ' ')} against {row.champion}"
        lines.append(f"{row.id}: {against}, p = {row.p}, level {row.level}, test {row.test} of the lab.")
        if row.gain is not None and row.interval:
            low, high = row.interval
            lines.append(f"Gain over the baseline: {row.gain:+g} {metric.name} ({low:+g} to {high:+g}, 95 % over seeds),")
            lines.append("from pairs of runs that were not part of the test.")
    if detail.score is not None:
        lines.append(f"Score {detail.score:g} ({metric.direction}) with seed {detail.seed}.")
    lines.append(f"Budget {detail.budget_seconds:g} s of {detail.gpu}, trainer {lab.trainer.name}.")
    lines += [f"The same source with other seeds: {', '.join(detail.replicates[:10])}."] if detail.replicates else []
    experiment = await references.find_experiment(lab, reference.name)
    lines += ["", *await reproduction_lines(lab, experiment, rows)]
    lines += ["", f"labhand-experiment: {reference.name}", f"labhand-lab: {lab.identity}", f"labhand-base: {detail.base}"]
    return "\n".join(lines) + "\n"


def _make(folder: Path, branch: str, before: Source, files: Source, message: str) -> ExportedBranch:
    repository = PersonRepository.around(folder)
    changed = sorted(path for path in before.keys() | files.keys() if before.get(path) != files.get(path))
    old, new = ({path: source.get(path) for path in changed} for source in (before, files))
    commit = repository.add_branch(branch, old, new, message)
    return ExportedBranch(repository.top, branch, commit, [f"{repository.prefix}{path}" for path in changed], message)
