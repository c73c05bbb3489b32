"""A fingerprint of what a run printed, without what differs between two runs that did the same: times, rates, paths, the seed.

It tells a trainer whose seed has no effect, which prints the same on every seed, from one whose metric is saturated: an
accuracy of 1 on every seed, behind losses that differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from .printed_lines import printed_lines

_NUMBER: Final = r"(?<![\w.,])[-+]?[\d.,]{1,40}(?:e[-+]?\d{1,3})?"
_VARYING: Final = re.compile(
    # Every alternative begins at the border of a word and is of bounded length, so that a hostile line takes linear time.
    r"(?<!\d)\d{4}-\d\d-\d\d|(?<!\d)\d{1,4}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?"  # dates and times of the day
    rf"|{_NUMBER}\s?(?:[num]?s|secs?|seconds?|min|minutes?|h|hours?|[kmg]?i?b)(?:/\w{{1,9}})?\b"  # with a unit
    rf"|{_NUMBER}\s?\w{{0,9}}/\s?(?:s|sec|second)\b|\b\w{{1,30}}/s(?:ec)?\W{{1,4}}[\d.,]{{1,40}}"  # rates
    r"|\b\w{0,30}(?:time|second|elapsed|sec|dt|eta|speed|per_s|throughput|mfu|flops|memory|vram|seed|pid|port|host)\w{0,30}"
    r"\W{1,4}[\d.,]{1,40}(?:e[-+]?\d{1,3})?"  # with a name that says so
    r"|/[^\s'\"]+|\b0x[0-9a-f]+",  # paths and addresses
    re.IGNORECASE,
)
_BARS: Final = re.compile(r"\d+%\|")
MIN_DIGITS: Final = 2
"""An output with fewer digits than this says too little to tell two runs apart."""
MAX_CHARACTERS: Final = 1 << 18
"""Of the end of the output that is compared."""


def fingerprint(output: str, seed: int) -> str | None:
    """The fingerprint of an output; None for one that has hardly any numbers.

    Args:
        output: All of it.
        seed: Of the run: it may be printed, and differs though nothing else does.
    """
    lines = _without_varying(printed_lines(output[-MAX_CHARACTERS:]), str(seed))
    if sum(map(str.isdigit, "".join(lines))) < MIN_DIGITS:
        return None
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def _without_varying(lines: Sequence[str], seed: str) -> list[str]:
    own = re.compile(rf"(?<![\w.]){seed}(?![\w.])")
    stripped = (_VARYING.sub("", own.sub("", line)) for line in lines if not _BARS.search(line))
    return [line.strip() for line in stripped if line.strip()]
