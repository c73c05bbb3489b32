"""The sections of a paper in Markdown, as Hugging Face serves it."""

from __future__ import annotations

import re

from .paper_text import Section

MAX_HEADING = 400
"""Characters of a heading. Longer lines would take long to be compared."""
_HEADING = re.compile(r"(#{1,6})\s+(\S.*?)\s*#*")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")


def markdown_sections(markdown: str) -> list[Section]:
    """Return the sections of a paper; comments and HTML tags, which no reader sees, are dropped."""
    found: list[tuple[int, str, list[str]]] = [(1, "Front matter", [])]
    fenced = False
    for line in _COMMENT.sub("", markdown).splitlines():
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        heading = None if fenced or len(line) > MAX_HEADING else _HEADING.fullmatch(line.strip())
        if heading:
            found.append((len(heading[1]), heading[2].strip("* "), []))
        else:
            found[-1][2].append(_TAG.sub("", line))
    top = min((level for level, _, _ in found[1:]), default=1)
    is_titled = len([level for level, _, _ in found[1:] if level == top]) == 1 and len(found) > 2
    shift = top if is_titled else top - 1  # the only heading of the highest level is the paper's title
    sections = [
        Section(level=max(1, level - shift), title=title, text=_paragraphs(lines))
        for place, (level, title, lines) in enumerate(found)
        if place or any(line.strip() for line in lines)
    ]
    return [section for section in sections if section.text or len(sections) > 1]


def _paragraphs(lines: list[str]) -> str:
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    return "\n".join(filter(None, (" ".join(block.split()) for block in blocks)))
