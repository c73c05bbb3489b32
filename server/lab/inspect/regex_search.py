"""Search by a caller's regular expression, in a process of limited time.

Python's engine takes exponential time for some expressions and can't be interrupted. In the server's own process one such
search would hold all of its clients for good.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from subprocess import DEVNULL

import anyio

from ...errors import BadInputError

SEARCH_CPU_SECONDS = 2
"""CPU time that a search may take."""
SEARCH_SECONDS = 20.0
"""Wall clock that a search may take, on a machine that is busy."""
MAX_EXPRESSION = 1000
"""Characters of a regular expression."""

_WORKER = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
request = json.load(sys.stdin.buffer)
pattern = re.compile(request["expression"])
def places(lines):
    return [number for number, line in enumerate(lines) if pattern.search(line)]
json.dump({{file: places(lines) for file, lines in request["files"].items()}}, sys.stdout)
"""


async def search_lines(expression: str, files: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[int]]:
    """Return the lines in which a regular expression matches: their positions, counted from 0, by file.

    Raises:
        BadInputError: The expression is invalid, or the search takes longer than `SEARCH_CPU_SECONDS` of CPU time.
    """
    _check(expression)
    request = json.dumps({"expression": expression, "files": {file: list(lines) for file, lines in files.items()}})
    command = [sys.executable, "-I", "-S", "-c", _WORKER.format(seconds=SEARCH_CPU_SECONDS)]
    output = b""
    with anyio.move_on_after(SEARCH_SECONDS):
        done = await anyio.run_process(command, input=request.encode("utf-8", "replace"), stderr=DEVNULL, check=False)
        output = done.stdout if done.returncode == 0 else b""
    if not output:
        raise BadInputError(
            f"search={expression!r} took more than {SEARCH_CPU_SECONDS} s as a regular expression and was ended",
            "Search for a text (regex=false), or leave out repetitions such as .* that stand side by side or in one another",
        )
    places: dict[str, list[int]] = json.loads(output)
    return places


def _check(expression: str) -> None:
    if len(expression) > MAX_EXPRESSION:
        raise BadInputError(f"search has {len(expression)} characters", f"A regular expression has {MAX_EXPRESSION} at most")
    try:
        re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadInputError(
            f"search={expression!r} is no regular expression: {error}", "Correct it, or search for it as a text (regex=false)"
        ) from None
