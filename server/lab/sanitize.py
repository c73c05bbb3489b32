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
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""What is drawn as nothing although its category doesn't say so: fillers, and selectors in which whole messages were hidden."""
_ODD = re.compile(r"[^\t\n -~]")
QUOTE = "| "


def clean(line: str) -> str:
    """A line without terminal escapes and characters that can't be seen; of what a carriage return overwrote, the last."""
    plain = _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]
    return plain if plain.isascii() and plain.isprintable() else "".join(filter(_is_seen, plain))


def reveal(code: str) -> str:
    """Code with what can't be seen in it written as Python would; all else stays as it is, line ends and form feeds too."""
    if code.isascii() and _ODD.search(code) is None:
        return code
    code = re.sub(r"\r(?!\n|\Z)", r"\\r", code)
    return "".join(letter if letter in "\r\n\f" or _is_seen(letter) else _written(letter) for letter in code)


def _is_seen(letter: str) -> bool:
    return letter == "\t" or not (unicodedata.category(letter) in _UNSEEN or _BLANK.match(letter))


def _written(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


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
