"""Reads the parts of a Markdown page: fenced blocks, links, sections and tables."""

from __future__ import annotations

import re
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return [text for name, text in _FENCE.findall(page.read_text("utf-8")) if name == language]


def console_blocks(page: Path) -> list[list[str]]:
    """The commands of each block that shows a terminal, without the prompt."""
    return [[line.removeprefix("$ ") for line in text.splitlines()] for text in blocks(page, "console")]


def prose(page: Path) -> str:
    """A page's text without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    """The targets of a page's links and images, outside its code."""
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text("utf-8")))
    return _LINK.findall(text)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(page: Path, heading: str) -> str:
    """The text below a second-level heading, up to the next one."""
    _, _, rest = page.read_text("utf-8").partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


def table_rows(text: str) -> list[tuple[str, ...]]:
    """The rows of a Markdown table, without its header."""
    rows = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)
    return [tuple(cell.strip() for cell in row.split(" | ")) for row in rows if set(row) - set("-| ")][1:]
