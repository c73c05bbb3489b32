"""`labhand audit`: compares the database with the run folders and the history of sources."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import anyio
import typer

from ..lab.allowance import changes
from ..lab.manage.database_audit import Audit, audit
from .console import exit_on_error, out, print_json, working


def run_audit(root: Path, *, as_json: bool) -> None:
    """Print what differs, changes of the allowance, and versions of the evaluator. Exit code 1 if anything differs."""
    with working("Comparing the database with the run folders"), exit_on_error():
        result = anyio.run(audit, root)
    if as_json:
        print_json({**asdict(result), "allowances": changes(result.allowances)})
    else:
        for line in _lines(result):
            out.print(line, markup=False)
    if result.differences:
        raise typer.Exit(1)


def _lines(result: Audit) -> list[str]:
    lines = [*result.differences]
    if result.unchecked:
        lines.append(f"not checked, because their run folders are gone: {', '.join(result.unchecked)}")
    lines += [f"the allowance was changed, {change}" for change in changes(result.allowances)]
    if len(result.evaluators) > 1:
        versions = ", ".join(f"{version} ({count} scores)" for version, count in result.evaluators.items())
        lines.append(f"the evaluator was changed, each version has its own strata: {versions}")
    summary = f"{len(result.differences)} differences" if result.differences else "nothing differs"
    return [*lines, f"{result.experiments} finished experiments: {summary}"]
