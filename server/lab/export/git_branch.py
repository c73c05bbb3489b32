"""A confirmed source as a branch in the person's own git repository, with the evidence in the commit's message.

The branch is made of objects and one reference: the working tree, the index and HEAD stay as they are.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from ...domain import Verdict
from ...errors import BadInputError, ConflictError
from ...schemas.results import ValidationRow
from ...schemas.validation import ValidationRequest
from ...source import git
from ...source.trainer_folder import Source
from ...store.comparison import validations
from .. import references
from ..inspect.experiment import get_experiment
from ..lab import Lab
from ..references import Reference
from ..results.validation_rows import tabulate_validations
from ..sanitize import cut

MAX_SUBJECT = 72
MAX_FILES_NAMED = 8
_NO_COMMIT = "0" * 40
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
        BadInputError: The source isn't confirmed, the folder is in no repository, or the branch's name can't be used.
        ConflictError: The branch exists, or HEAD has other files than the lab's baseline.
    """
    reference, row = await _confirmed(lab, name)
    message = await _message(lab, reference, row)
    folder = lab.trainer.folder if repository is None else await to_thread.run_sync(repository.resolve)
    wanted = branch or f"labhand/{reference.name}"
    if not _BRANCH.fullmatch(wanted):
        raise BadInputError(f"{wanted!r:.60} can't be the name of a branch", "Use letters, digits, and . _ / -")
    baseline = await references.baseline(lab)
    files = lab.editable_files(reference.source)
    before = lab.editable_files(baseline.source)
    return await to_thread.run_sync(_make, folder, wanted, before, files, message)


async def patch_of(lab: Lab, name: str) -> str:
    """Return what a source changed against the baseline, as a patch that `git apply` takes in the trainer's folder.

    Raises:
        BadInputError: The source isn't confirmed.
    """
    reference, _ = await _confirmed(lab, name)
    baseline = await references.baseline(lab)
    return await lab.sources.diff(baseline.commit.hash, reference.commit.hash, most=1 << 30)


async def _confirmed(lab: Lab, name: str) -> tuple[Reference, ValidationRow]:
    """Return a source with the validation that confirmed it."""
    reference = await references.resolve(lab, name)
    tests = await validations.numbered(lab.db, list(range(1, (await validations.history(lab.db)).tests + 1)))
    experiment = reference.experiment
    own = [
        test
        for test in tests
        if test.verdict is Verdict.CONFIRMED and experiment is not None and test.candidate == experiment.number
    ]
    if not own:
        candidate = reference.name if experiment is not None else "e0042"
        call = ValidationRequest(ids=[candidate]).as_call()
        raise BadInputError(f"{reference.name} is not confirmed by a validation", f"Only what is confirmed is exported: {call}")
    [row] = await tabulate_validations(lab, own[-1:])
    return reference, row


async def _message(lab: Lab, reference: Reference, row: ValidationRow) -> str:
    detail = await get_experiment(lab, reference.name, ["replicates"])
    metric = lab.trainer.metric
    lines = [
        cut(f"{metric.name}: {detail.changes}", MAX_SUBJECT),
        "",
        cut(detail.hypothesis, 500),
        "",
    ]
    if row.gain is not None and row.interval:
        low, high = row.interval
        lines.append(
            f"Gain over the baseline: {row.gain:+g} {metric.name} ({low:+g} to {high:+g}, 95 % over seeds), from pairs"
        )
        lines.append("of runs that were not part of the test.")
    lines.append(f"Confirmed by {row.id} against {row.champion}: p = {row.p}, level {row.level}, test {row.test} of the lab.")
    if detail.score is not None:
        lines.append(f"Score {detail.score:g} ({metric.direction}) with seed {detail.seed}.")
    lines.append(f"Budget {detail.budget_seconds:g} s of {detail.gpu}, trainer {lab.trainer.name}.")
    lines += [f"Other seeds: {', '.join(detail.replicates[:10])}."] if detail.replicates else []
    lines += ["", f"labhand-experiment: {reference.name}", f"labhand-lab: {lab.identity}", f"labhand-base: {detail.base}"]
    return "\n".join(lines) + "\n"


def _make(folder: Path, branch: str, before: Source, files: Source, message: str) -> ExportedBranch:
    repository, prefix = _repository(folder)
    head = _git(repository, "rev-parse", "--verify", "HEAD^{commit}", why="has no commit yet").decode().strip()
    if git.attempt("show-ref", "--verify", "--quiet", f"refs/heads/{branch}", cwd=repository, isolated=False).status == 0:
        raise ConflictError(f"{repository} has a branch {branch} already", "Give another name with --name, or delete it")
    changed = sorted(path for path in before.keys() | files.keys() if before.get(path) != files.get(path))
    _refuse_differing(repository, head, prefix, {path: before.get(path) for path in changed})
    tree = _tree(repository, head, {f"{prefix}{path}": files.get(path) for path in changed})
    commit = _git(repository, "commit-tree", tree, "-p", head, "-F", "-", data=message.encode()).decode().strip()
    _git(repository, "update-ref", f"refs/heads/{branch}", commit, _NO_COMMIT)
    return ExportedBranch(repository, branch, commit, [f"{prefix}{path}" for path in changed], message)


def _repository(folder: Path) -> tuple[Path, str]:
    """Return the repository that a folder is in, and the folder's path within it, with a slash at its end unless empty."""
    answer = git.attempt("rev-parse", "--show-toplevel", "--show-prefix", cwd=folder, isolated=False)
    if answer.status != 0:
        raise BadInputError(
            f"{folder} is in no git repository, so there is nothing to make a branch in",
            "Name a checkout with --repo, or write a patch with --patch FILE",
        )
    top, _, prefix = answer.output.decode().partition("\n")
    return Path(top), prefix.strip()


def _refuse_differing(repository: Path, head: str, prefix: str, before: Mapping[str, bytes | None]) -> None:
    """Refuse files that HEAD has otherwise than the baseline: the branch would undo what the person has changed there."""
    differing = [path for path, data in before.items() if _at(repository, head, f"{prefix}{path}") != data]
    if differing:
        more = f" and {len(differing) - MAX_FILES_NAMED} more" if len(differing) > MAX_FILES_NAMED else ""
        raise ConflictError(
            f"HEAD of {repository} has another {', '.join(differing[:MAX_FILES_NAMED])}{more} than the lab's baseline",
            "Check out the commit that the lab was made from, or write a patch with --patch FILE and apply it there",
        )


def _at(repository: Path, commit: str, path: str) -> bytes | None:
    answer = git.attempt("cat-file", "blob", f"{commit}:{path}", cwd=repository, isolated=False)
    return answer.output if answer.status == 0 else None


def _tree(repository: Path, head: str, files: Mapping[str, bytes | None]) -> str:
    """Write a tree: that of HEAD, with other files. The index is one of its own, which is removed."""
    with tempfile.TemporaryDirectory(prefix="labhand-index-") as place:
        own_index = {"GIT_INDEX_FILE": os.path.join(place, "index")}  # noqa: PTH118 - a variable's value
        _git(repository, "read-tree", head, variables=own_index)
        modes = _modes(repository, head)
        lines: list[str] = []
        for path, data in files.items():
            if data is None:
                lines.append(f"0 {_NO_COMMIT}\t{path}")
                continue
            blob = _git(repository, "hash-object", "-w", "--stdin", data=data).decode().strip()
            lines.append(f"{modes.get(path, '100644')} {blob}\t{path}")
        _git(
            repository,
            "update-index",
            "-z",
            "--index-info",
            data="".join(f"{each}\0" for each in lines).encode(),
            variables=own_index,
        )
        return _git(repository, "write-tree", variables=own_index).decode().strip()


def _modes(repository: Path, commit: str) -> dict[str, str]:
    listed = _git(repository, "ls-tree", "-r", "-z", "--full-tree", commit).decode("utf-8", "surrogateescape")
    return {path: about.split()[0] for about, _, path in (line.partition("\t") for line in listed.split("\0") if line)}


def _git(repository: Path, *arguments: str, data: bytes = b"", variables: dict[str, str] | None = None, why: str = "") -> bytes:
    answer = git.attempt(*arguments, cwd=repository, data=data, variables=variables, isolated=False)
    if answer.status != 0:
        problem = f"{repository} {why}" if why else f"git {arguments[0]} failed in {repository}: {answer.complaint[-500:]}"
        raise BadInputError(problem, "Correct that, or write a patch with --patch FILE")
    return answer.output
