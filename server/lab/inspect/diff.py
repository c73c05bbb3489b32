"""The difference between two sources, of which either may be the trainer folder."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff

from ...source.source_text import show
from ...source.trainer_folder import Source
from ..lab import Lab
from ..references import WORKDIR, Reference

MAX_CHARACTERS = 20_000


async def diff(lab: Lab, before: Reference, after: Reference, paths: Sequence[str] = (), most: int = MAX_CHARACTERS) -> str:
    """Return a unified diff between two sources.

    Args:
        lab: The lab.
        before: The old source.
        after: The new source.
        paths: Only these files; empty for all.
        most: Characters after which the diff is cut.
    """
    if WORKDIR not in (before.name, after.name):
        text = await lab.sources.diff(before.commit.hash, after.commit.hash, paths, most)
        if "\ufffd" not in text:  # git's text is in UTF-8; sources in another encoding are compared here
            return text
    text = "".join(_compare(before.source, after.source, path) for path in paths or sorted({*before.source, *after.source}))
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most} more characters; name a file\n"


def _compare(before: Source, after: Source, path: str) -> str:
    old, new = (show(path, side.get(path, b"")).splitlines(keepends=True) for side in (before, after))
    return "".join(unified_diff(old, new, f"a/{path}", f"b/{path}"))
