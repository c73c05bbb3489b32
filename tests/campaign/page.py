"""A report in Markdown as a list of lines, each of which has to be accounted for by a claim that was computed elsewhere."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, field

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>()#+!|~&$])")
_TOKEN = re.compile("\u27e8([^\u27e9|]*)\\|([^\u27e9]*)\u27e9")
_NUMBER = r"([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)"


class WrongClaimError(AssertionError):
    """The report says something else than the ledger."""


def num(value: float | None, *, digits: int | None = None, places: int | None = None) -> str:
    """A figure that the report shows rounded: to so many significant digits, or so many decimals. Empty for None.

    The report shows no more than four significant digits of anything.
    """
    if value is None:
        return ""
    if digits is not None:
        places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    assert places is not None
    return f"\u27e8{value!r}|{max(0.51 * 10.0**-places, 0.00051 * abs(value))!r}\u27e9"


@dataclass
class Page:
    """What a person reads, without code and without quotations.

    Attributes:
        lines: Number to text, those that no claim accounts for yet.
    """

    lines: dict[int, str] = field(default_factory=dict[int, str])

    @classmethod
    def of(cls, markdown: str) -> Page:
        """The lines of a report; rows of tables without their bars."""
        lines: dict[int, str] = {}
        fence = ""
        for number, line in enumerate(markdown.splitlines(), 1):
            if fence:
                fence = "" if line == fence else fence
                continue
            if opened := re.match(r"`{3,}", line):
                fence = opened[0]
                continue
            text = _plain(line)
            if text:
                lines[number] = text
        return cls(lines)

    def claim(self, told: str) -> None:
        """Find a line that says this, and account for it.

        Raises:
            WrongClaimError: No line says it.
        """
        expected = " ".join(told.split())
        for number, line in self.lines.items():
            if _says(line, expected):
                del self.lines[number]
                return
        shown = _TOKEN.sub(lambda token: f"{float(token[1]):.6g}", expected)
        near = difflib.get_close_matches(shown, list(self.lines.values()), n=1, cutoff=0.0)
        raise WrongClaimError(
            f"By the ledger:\n  {shown}\nthe report says, at the closest:\n  {near[0] if near else '(nothing)'}"
        )

    def row(self, *cells: object) -> None:
        """Claim a row of a table."""
        self.claim(" | ".join("" if cell is None else str(cell) for cell in cells))

    def drop(self, pattern: str) -> None:
        """Leave out lines that claim nothing of what was measured: headings, how to read, words that somebody wrote."""
        self.lines = {number: line for number, line in self.lines.items() if not re.fullmatch(pattern, line)}

    def unaccounted(self) -> list[str]:
        """What holds a figure and was claimed by nobody."""
        return [f"line {number}: {line}" for number, line in self.lines.items() if re.search(r"\d", line)]


def _plain(line: str) -> str:
    text = _ESCAPED.sub(lambda found: "\0" if found[1] == "|" else found[1], line)
    if text.startswith("|"):
        text = text.strip("|").replace("**", "")
    return " ".join(text.replace("\0", "|").split()).strip()


def _says(line: str, expected: str) -> bool:
    pattern, wanted, done = "", list[tuple[float, float]](), 0
    for token in _TOKEN.finditer(expected):
        pattern += re.escape(expected[done : token.start()]) + _NUMBER
        wanted.append((float(token[1]), float(token[2])))
        done = token.end()
    found = re.fullmatch(pattern + re.escape(expected[done:]), line)
    if found is None:
        return False
    shown = [float(text.replace(",", "")) for text in found.groups()]
    return all(abs(one - value) <= room for one, (value, room) in zip(shown, wanted, strict=True))
