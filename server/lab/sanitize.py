"""Makes text from experiments and agents safe to show: cleaned, cut, and quoted as data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Linear: the repetitions can't match the same characters in two ways, and each match begins at an escape character.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # titles, links
    r"|[ -/]*[0-~])"
)
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: control and format characters, lone surrogates, separators of lines and paragraphs."""
_INVISIBLE_CHARACTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Invisible characters of other categories: fillers, and variation selectors, in which whole messages have been hidden."""
_NOT_PLAIN = re.compile(r"[^\t\n -~]")
QUOTE = "| "


def clean(line: str) -> str:
    """Return a line without terminal escapes, invisible characters, and text that a carriage return overwrites."""
    plain = _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]
    return plain if plain.isascii() and plain.isprintable() else "".join(filter(_is_visible, plain))


def reveal(code: str) -> str:
    """Return code with invisible characters as Python escapes. All else is unchanged, including line ends and form feeds."""
    if code.isascii() and _NOT_PLAIN.search(code) is None:
        return code
    code = re.sub(r"\r(?!\n|\Z)", r"\\r", code)
    return "".join(letter if letter in "\r\n\f" or _is_visible(letter) else _escape(letter) for letter in code)


def _is_visible(letter: str) -> bool:
    return letter == "\t" or not (unicodedata.category(letter) in _INVISIBLE_CATEGORIES or _INVISIBLE_CHARACTERS.match(letter))


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, at most `most` characters, cleaned and on one line."""
    line = " ".join(clean(" ".join(text.split())).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def quote(lines: Iterable[str], most: int) -> list[str]:
    """Return lines as data: each cleaned, cut to `most` characters, and behind a mark that the text can't remove."""
    quoted: list[str] = []
    for line in lines:
        plain = clean(line)
        more = f"… (+{len(plain) - most})" if len(plain) > most else ""
        quoted.append(f"{QUOTE}{plain[:most]}{more}")
    return quoted
