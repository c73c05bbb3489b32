"""What training left for a person's own evaluator: plain files only, moved out of the folder that training could write."""

from __future__ import annotations

import filecmp
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Final

from ...contract.failures import FailureKind
from ...contract.files import KINDS
from ...contract.trainer_toml.globs import covers
from ...run.failures.classify import RunFailedError
from ...run.run import Run

MAX_ARTIFACTS: Final = 10_000
MAX_FULL_ARTIFACTS: Final = 4
"""All artifacts together may have as many bytes as this many files of the largest size."""
_MAX_SHOWN: Final = 10
_STEP: Final = "Write plain files of their own, into the folder in which the command of trainer.toml starts."


def take_artifacts(run: Run, globs: tuple[str, ...]) -> list[str]:
    """Move the files that the globs match from the working copy to the run's artifacts, read-only.

    A protected file that came with the source, and that training didn't change, isn't an artifact: an old model beside the
    script would be scored in place of the one that training should have left.

    Args:
        run: All processes of its experiment have ended.
        globs: As `[evaluator] artifacts` has them. One that matches a folder stands for all files below.

    Returns:
        The paths of the artifacts, relative to the folder.

    Raises:
        RunFailedError: A glob matches nothing, or something that can't be taken: names it.
    """
    left = [path for path in _paths(run.folder.work) if not _came_with_source(run, path)]
    matched = {glob: [path for path in left if covers(path, [glob])] for glob in globs}
    missing = [glob for glob, paths in matched.items() if not paths]
    if missing:
        raise RunFailedError(FailureKind.CONTRACT_BROKEN, _missing(missing), _shown(run, left), _STEP)
    artifacts = sorted({path for paths in matched.values() for path in paths})
    _check(run, artifacts)
    rmtree(run.folder.artifacts, ignore_errors=True)
    for path in artifacts:
        target = run.folder.artifacts / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (run.folder.work / path).replace(target)
        target.chmod(0o444)
    return artifacts


def _paths(folder: Path) -> Iterator[str]:
    """Everything below a folder that is no folder itself, links to folders among them, relative to it."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        yield from ((here / name).relative_to(folder).as_posix() for name in (*names, *links))


def _came_with_source(run: Run, path: str) -> bool:
    original, now = run.folder.source / path, run.folder.work / path
    if run.trainer.is_editable(path) or not original.is_file() or not stat.S_ISREG(now.lstat().st_mode):
        return False
    return filecmp.cmp(original, now, shallow=False)


def _missing(globs: list[str]) -> str:
    return f"Training left no file that matches {', '.join(globs)}, which [evaluator] artifacts in trainer.toml asks for"


def _shown(run: Run, left: list[str]) -> list[str]:
    new = [path for path in left if not (run.folder.source / path).exists() and "__pycache__" not in path]
    if not new:
        return ["It left no new file at all."]
    more = f" and {len(new) - _MAX_SHOWN} more" if len(new) > _MAX_SHOWN else ""
    return [f"It left {', '.join(sorted(new)[:_MAX_SHOWN])}{more}."]


def _check(run: Run, artifacts: list[str]) -> None:
    """Check kinds and sizes before anything is moved."""
    if len(artifacts) > MAX_ARTIFACTS:
        raise _refused(f"Training left {len(artifacts)} artifacts, and {MAX_ARTIFACTS} are the most")
    largest, whole = run.confinement.file_bytes, 0
    for path in artifacts:
        status = (run.folder.work / path).lstat()
        kind = stat.S_IFMT(status.st_mode)
        if kind != stat.S_IFREG:
            raise _refused(f"The artifact {path} is {KINDS.get(kind, 'no plain file')}")
        if status.st_nlink > 1:
            raise _refused(f"The artifact {path} is a hard link: the file has {status.st_nlink} names")
        if status.st_size > largest:
            raise _refused(f"The artifact {path} has {status.st_size} bytes, and {largest} are the most")
        whole += status.st_size
    if whole > MAX_FULL_ARTIFACTS * largest:
        raise _refused(f"The artifacts have {whole} bytes together, and {MAX_FULL_ARTIFACTS * largest} are the most")


def _refused(message: str) -> RunFailedError:
    return RunFailedError(FailureKind.CONTRACT_BROKEN, message, (), _STEP)
