"""What experiments and agents wrote, made safe to show: cleaned, cut, and quoted as data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # titles, links
    r"|\x1b[ -/]*[0-~]"
)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: control and format characters, lone surrogates, separators of lines and paragraphs."""
QUOTE = "| "


def clean(line: str) -> str:
    """A line without terminal escapes and characters that can't be seen; of what a carriage return overwrote, the last."""
    plain = _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]
    return "".join(letter for letter in plain if letter == "\t" or unicodedata.category(letter) not in _UNSEEN)


def cut(text: str, most: int) -> str:
    """The beginning of a text, cleaned, on one line."""
    line = " ".join(clean(" ".join(text.split())).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def quote(lines: Iterable[str], most: int) -> list[str]:
    """Lines as data: each cleaned, cut to `most` characters, and behind a mark that no line can shake off."""
    quoted: list[str] = []
    for line in lines:
        plain = clean(line)
        more = f"… (+{len(plain) - most})" if len(plain) > most else ""
        quoted.append(f"{QUOTE}{plain[:most]}{more}")
    return quoted
