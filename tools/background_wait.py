"""Names the command that waits in a shell: where an agent has one, waiting in the background costs it no call."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from ..server.ids import parse_ids
from ..server.lab_place import find_root
from ..server.own_program import own_program
from ..server.schemas.launch import GridLaunched, LaunchAnswer
from ..server.schemas.messages import Answer, changed
from ..server.schemas.monitor import Waited, WaitQuery
from ..server.schemas.validation import Validated
from .clients import has_shell
from .lab_context import LabContext

A = TypeVar("A", bound=Answer)
L = TypeVar("L", bound=LaunchAnswer)


def after_launch(ctx: LabContext, launched: L) -> L:
    """Return the answer of a launch with the command that waits for it, if anything new was launched."""
    fresh = {*parse_ids(launched.experiments).experiments} - {*parse_ids(launched.duplicates).experiments}
    if launched.dry_run or not fresh or not has_shell(ctx):
        return launched
    grid = launched.grid if isinstance(launched, GridLaunched) else ""
    return _with_command(ctx, launched, [grid] if grid else launched.experiments, "they have finished")


def after_validate(ctx: LabContext, validated: Validated) -> Validated:
    """Return the answer of `validate` with the command that waits for the verdict."""
    if validated.dry_run or not has_shell(ctx):
        return validated
    return _with_command(ctx, validated, [test.validation for test in validated.tests], "there is a verdict")


def after_wait(ctx: LabContext, query: WaitQuery, waited: Waited) -> Waited:
    """Return the answer of `wait` with the command that goes on waiting, if the time was over."""
    if not waited.timed_out or not query.ids or not has_shell(ctx):
        return waited
    until = ["--until", "any"] if query.until == "any" else []
    return _with_command(ctx, waited, [*query.ids, *until, "--after", waited.cursor], "they have finished")


def command(root: Path, arguments: Sequence[str]) -> str:
    """Return the command line of `labhand wait` for a shell in this process's folder, where the client's shell starts too."""
    where = [] if root == find_root(Path.cwd()) else ["--root", str(root)]
    return shlex.join([*own_program(), "wait", *arguments, *where])


def _with_command(ctx: LabContext, answer: A, arguments: Sequence[str], end: str) -> A:
    """Return an answer whose `next` names the command, after what it has said so far."""
    root = ctx.request_context.lifespan_context.root
    line = command(root, arguments)
    before: str = getattr(answer, "next", "")
    run = f"run `{line}` in the background: it ends when {end}"
    return changed(answer, next=f"{before}; or {run}" if before else f"{run[0].upper()}{run[1:]}")
