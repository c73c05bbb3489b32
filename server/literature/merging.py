"""Merges what several sources found: one row for each paper, those on which sources agree first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ..schemas.messages import changed
from .paper import Paper

RANK_OFFSET = 60
"""Reciprocal rank fusion: each source gives the paper at rank r (from 1) the points 1 / (60 + r)."""
MIN_TITLE = 12
"""Characters of a folded title from which on it tells papers apart."""


def merge(found: Mapping[str, Sequence[Paper]]) -> list[Paper]:
    """Return the papers that sources found, the best first.

    Args:
        found: By source, the best first. Where two sources have a field, that of the first one counts.
    """
    merged: list[Paper] = []
    points: list[float] = []
    for papers in found.values():
        for rank, paper in enumerate(papers, 1):
            place = next((place for place, known in enumerate(merged) if same(known, paper)), None)
            if place is None:
                merged.append(paper)
                points.append(0.0)
                place = len(merged) - 1
            else:
                merged[place] = join(merged[place], paper)
            points[place] += 1 / (RANK_OFFSET + rank)
    order = sorted(range(len(merged)), key=lambda place: -points[place])
    return [merged[place] for place in order]


def same(one: Paper, other: Paper) -> bool:
    """Return whether two records are of one paper: by arXiv's id, then by DOI, then by title, year and first author."""
    for mine, theirs in ((one.arxiv, other.arxiv), (one.doi, other.doi)):
        if mine and theirs:
            return mine == theirs
    title = folded(one.title)
    if len(title) < MIN_TITLE or title != folded(other.title):
        return False
    if one.year is not None and other.year is not None and abs(one.year - other.year) > 1:
        return False
    return not (one.authors and other.authors) or _surname(one.authors[0]) == _surname(other.authors[0])


def join(first: Paper, second: Paper) -> Paper:
    """Return a paper with what either record knows; where both know a field, the first record's counts."""
    added: dict[str, Any] = {
        name: getattr(second, name)
        for name in Paper.model_fields
        if name != "origins" and getattr(first, name) in ("", None, ()) and getattr(second, name) not in ("", None, ())
    }
    if first.citations is not None and second.citations is not None and second.citations > first.citations:
        added["citations"] = second.citations  # services miss citations, and seldom invent them
    origins = {**first.origins, **{name: second.origins.get(name, "") for name in added}}
    return changed(first, **added, origins=origins)


def folded(title: str) -> str:
    """Return a title as it is compared: without case, punctuation and spaces."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", title).casefold())


def _surname(author: str) -> str:
    family, comma, _ = author.partition(",")
    return folded(family if comma else author.split()[-1] if author.split() else "")
