"""The difference between two sources that a person names, whole."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import BadInputError, NotFoundError, nearest
from ...schemas.inspect import SourceDiff
from .. import references
from ..lab import Lab
from ..references import CHAMPION, WORKDIR, Reference
from ..results.experiment_rows import base_name
from ..sanitize import reveal
from .diff import diff

MAX_CHARACTERS = 10_000_000
"""Characters of a diff: more than anyone reads, and less than what makes a process large."""


async def diff_sources(lab: Lab, first: str, second: str | None = None, files: Sequence[str] = ()) -> SourceDiff:
    """Return the difference from the first source to the second.

    Args:
        lab: The lab.
        first: An experiment's id, `champion`, `baseline` or `workdir`.
        second: Likewise; None to show what the first one changed: an experiment against its base, the trainer folder against
            the champion.
        files: Only these files; empty for all.

    Raises:
        BadInputError: A text is no such name, or the first source has no base to be compared with.
        NotFoundError: An experiment or a file doesn't exist.
    """
    before, after = await references.resolve(lab, first), None
    if second is None:
        before, after = await references.resolve(lab, _base_of(before)), before
    else:
        after = await references.resolve(lab, second)
    for path in files:
        if path not in before.source and path not in after.source:
            remedy = nearest(path, {*before.source, *after.source}, "files")
            raise NotFoundError(f"Neither {before.name} nor {after.name} has a file {path!r}", remedy)
    return SourceDiff(before=before.name, after=after.name, diff=reveal(await diff(lab, before, after, files, MAX_CHARACTERS)))


def _base_of(reference: Reference) -> str:
    if reference.experiment is not None:
        return base_name(reference.experiment)
    if reference.name == WORKDIR:
        return CHAMPION
    raise BadInputError(
        f"{reference.name} was made from no other source", f"Name two sources: labhand diff {reference.name} {CHAMPION}"
    )
