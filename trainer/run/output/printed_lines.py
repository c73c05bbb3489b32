"""The lines of an experiment's output as a terminal would show them, and the numbers in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_LINE_CHARACTERS: Final = 10_000
"""Characters of a line that are searched."""
MAX_NUMBER_CHARACTERS: Final = 100

# Each expression here is linear: its repetitions can't match the same characters in two ways.
_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # titles, links
    r"|[ -/]*[0-~])"
)
_BREAKS: Final = re.compile(r"[\n\r\x08]+")
"""A carriage return and backspaces begin the line anew, as progress bars do."""
_BAR: Final = re.compile(r"[0-9]%\||[█━▏▎▍▌▋▊▉#=]{3}")
"""A progress bar: tqdm's percentage, or what others fill a bar with."""
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def printed_lines(output: str) -> list[str]:
    """The lines of an output, without terminal escapes, each cut to `MAX_LINE_CHARACTERS`.

    Text that a carriage return overwrote is a line of its own, and so is text behind a progress bar that didn't end its line.
    """
    text = without_escapes(output)
    lines = [line[:MAX_LINE_CHARACTERS].rstrip() for line in _BREAKS.split(text)]
    # Lines are taken apart only where there is a progress bar at all: a long output has hundreds of thousands of lines.
    return [part for line in lines for part in _parts(line)] if _BAR.search(text) else lines


def without_escapes(text: str) -> str:
    """The text without what colours it, moves the cursor or sets a title."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def _parts(line: str) -> Iterator[str]:
    yield line
    if _BAR.search(line):
        behind = re.split(r"[\]|%]", line)[-1].strip()
        if behind:
            yield behind


def as_number(text: str) -> float | None:
    """The value of a number in its usual form, such as `0.9979`, `-3`, `1e-3` or `nan`; None for anything else.

    `float` also takes underscores, the digits of other scripts and surrounding blanks, which no program prints a metric with.
    """
    if len(text) > MAX_NUMBER_CHARACTERS or not (_NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text)):
        return None
    return float(text)
