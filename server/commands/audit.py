"""`labhand audit`: whether the ledger still agrees with the run folders and the history of sources."""

from __future__ import annotations

from pathlib import Path

import anyio
import typer

from ..lab.allowance import changes
from ..lab.manage.ledger_audit import Audit, audit
from .console import errors_told, out


def run_audit(root: Path) -> None:
    """Print the differences and what else is worth knowing. Exit code 1 if anything differs."""
    with errors_told():
        result = anyio.run(audit, root)
    for line in _lines(result):
        out.print(line, markup=False)
    if result.differences:
        raise typer.Exit(1)


def _lines(result: Audit) -> list[str]:
    lines = [*result.differences]
    if result.unchecked:
        lines.append(f"not checked, since their run folders are gone: {', '.join(result.unchecked)}")
    lines += [f"the allowance was changed, {change}" for change in changes(result.allowances)]
    if len(result.evaluators) > 1:
        versions = ", ".join(f"{version} ({count} scores)" for version, count in result.evaluators.items())
        lines.append(f"the evaluator was changed, its versions are strata of their own: {versions}")
    summary = f"{len(result.differences)} differences" if result.differences else "nothing differs"
    return [*lines, f"{result.experiments} finished experiments: {summary}"]
