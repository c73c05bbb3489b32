"""Runs the commands of a page in one shell, as a reader types them, and compares what they print with what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

MARK = "@@@ "
_NUMBER = re.compile(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?")
_FRAME = re.compile(r"[│┃┏┓┗┛━┡┩┴┬┼─┌┐└┘├┤╇]+")


def run_session(commands: Sequence[str], cwd: Path, home: Path, seconds: float) -> list[str]:
    """Run commands one after the other in one shell. Returns what each printed, to either stream.

    Raises:
        AssertionError: One of them failed.
    """
    (home / ".gitconfig").write_text("[user]\n\tname = Reader\n\temail = reader@example.org\n", "utf-8")
    lines = [line for command in commands for line in (command, f'echo; echo "{MARK}$?"')]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "LABHAND_SLOTS": os.environ["LABHAND_SLOTS"],
        "PIP_NO_COMPILE": "0",  # pip's way to say no: what is imported is compiled then, which is the smaller part
    }
    done = subprocess.run(
        ["bash", "-c", "exec 2>&1\n" + "\n".join(lines)],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
        timeout=seconds,
    )
    parts = re.split(rf"\n{MARK}(\d+)\n", done.stdout)
    outputs, codes = parts[:-1:2], parts[1::2]
    assert codes == ["0"] * len(commands), done.stdout
    return outputs


def shape(line: str) -> str:
    """A line without its numbers, its frame and the width of its columns."""
    return " ".join(_NUMBER.sub("N", _FRAME.sub(" ", line)).split())


def missing_lines(shown: str, outputs: Iterable[str]) -> list[str]:
    """The lines that a page shows and no command printed, with other numbers. A line may be the beginning of the real one."""
    printed = Counter(shape(line) for output in outputs for line in output.splitlines())
    missing: list[str] = []
    for line in filter(str.strip, shown.splitlines()):
        wanted = shape(line)
        match = next((real for real in printed if printed[real] and real.startswith(wanted)), None)
        if match is None:
            missing.append(line)
        else:
            printed[match] -= 1
    return missing
