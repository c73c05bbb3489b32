"""Forked processes that have torch loaded: each does one thing with one script, beside others on the same core."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .arms import Arm

Task = Callable[[Path], Mapping[str, Any]]
"""What a child does with the folder of its script; what it returns must be JSON."""


def in_children(arms: Sequence[Arm], task: Task) -> list[Mapping[str, Any]]:
    """Do a task with each script, all at the same time, each in a process of its own.

    Raises:
        RuntimeError: One of them failed; its output is on standard error.
    """
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / arm.name for arm in arms]
        children = [_start(arm, folder, task) for arm, folder in zip(arms, folders, strict=True)]
        ends = [os.waitpid(child, 0)[1] for child in children]
        for arm, folder, status in zip(arms, folders, ends, strict=True):
            if status:
                sys.stderr.write((folder / "log").read_text("utf-8")[-4000:])
                raise RuntimeError(f"a run of {arm.name} failed with status {status}")
        return [json.loads((folder / "answer.json").read_text("utf-8")) for folder in folders]


def _start(arm: Arm, folder: Path, task: Task) -> int:
    arm.lay_out(folder)
    child = os.fork()
    if child == 0:
        os._exit(_in_child(folder, task))
    return child


def _in_child(folder: Path, task: Task) -> int:
    try:
        with (folder / "log").open("w", encoding="utf-8", buffering=1) as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            sys.stdout = sys.stderr = log
            (folder / "answer.json").write_text(json.dumps(task(folder)), "utf-8")
    except BaseException:  # noqa: BLE001 - the boundary of the process, which must not return into its parent's code
        (folder / "log").open("a", encoding="utf-8").write(traceback.format_exc())
        return 1
    return 0
