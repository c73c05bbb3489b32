"""`labhand audit`: whether the ledger still says what the run folders and the history of sources say."""

from __future__ import annotations

from pathlib import Path

import anyio
import typer

from ..lab.allowance import changes
from ..lab.manage.ledger_audit import Audit, audit
from .console import errors_told, out


def run_audit(root: Path) -> None:
    """Print what differs, and what is good to know. Exit code 1 when anything differs."""
    with errors_told():
        found = anyio.run(audit, root)
    for line in _lines(found):
        out.print(line, markup=False)
    if found.differences:
        raise typer.Exit(1)


def _lines(found: Audit) -> list[str]:
    told = [*found.differences]
    if found.unchecked:
        told.append(f"not checked, since their run folders are gone: {', '.join(found.unchecked)}")
    told += [f"the allowance was changed, {change}" for change in changes(found.allowances)]
    if len(found.evaluators) > 1:
        versions = ", ".join(f"{version} ({count} scores)" for version, count in found.evaluators.items())
        told.append(f"the evaluator was changed, its versions are strata of their own: {versions}")
    summary = f"{len(found.differences)} differences" if found.differences else "nothing differs"
    return [*told, f"{found.experiments} finished experiments: {summary}"]
