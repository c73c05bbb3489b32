"""`labhand proposals`, `approve` and `reject`: how the person decides about plans of spending."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import typer

from ..ids import plan_id
from ..lab.approval import decisions, plans, proposing
from ..lab.lab import Lab
from ..lab.sanitize import clean
from ..schemas.approval import PlanSummary
from .console import err, out, print_json
from .show import with_lab


def list_plans(root: Path, *, as_json: bool = False) -> None:
    """Print all plans, the oldest first."""
    found = with_lab(root, plans.summaries)
    if as_json:
        print_json({"plans": [plan.model_dump(mode="json") for plan in found]})
        return
    for plan in found:
        for line in _lines(plan):
            out.print(line, markup=False)
    if not found:
        err.print("Nothing was proposed yet.")


def _lines(plan: PlanSummary) -> Iterator[str]:
    decided = f" by {plan.decided_by}, {_clock(plan.decided_at)}" if plan.decided_by and plan.decided_at else ""
    yield clean(f"{plan.plan} {plan.state}{decided}{f': {plan.reason}' if plan.reason else ''}")
    for line in plans.as_text(plan).splitlines():
        yield f"     {clean(line)}"
    if plan.expires_at is not None:
        yield f"     Approved until {_clock(plan.expires_at)}"
    if plan.deed is not None:
        yield (
            f"     Used: {plan.deed.gpu_hours:.4g} of {plan.gpu_hours:.4g} GPU-hours, ${plan.deed.usd:,.2f} of"
            f" ${plan.usd:,.2f}, {plan.deed.experiments} experiments"
        )


def _clock(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))


def approve(root: Path, id: str, digest: str) -> None:
    """Approve a plan whose content the person has seen."""
    seen = digest or _show_and_ask(root, id, "Approve it?")
    plan = with_lab(root, lambda lab: decisions.approve(lab, id, seen, getpass.getuser(), "command"))
    err.print(f"{plan_id(plan.number)} is approved: the agent may launch what it says.")


def reject(root: Path, id: str, reason: str, digest: str) -> None:
    """Reject a plan whose content the person has seen."""
    seen = digest or _show_and_ask(root, id, "Reject it?")
    plan = with_lab(root, lambda lab: decisions.reject(lab, id, seen, getpass.getuser(), "command", reason))
    err.print(f"{plan_id(plan.number)} is rejected.")


def _show_and_ask(root: Path, id: str, question: str) -> str:
    """Show a plan, ask on the terminal, and return the digest of what was shown."""

    async def read(lab: Lab) -> PlanSummary:
        return await proposing.current(lab, id)

    plan = with_lab(root, read)
    for line in _lines(plan):
        err.print(line, markup=False)
    if plan.state != "open":
        return plan.digest  # the decision refuses it, and says why
    if not sys.stdin.isatty():
        err.print(f"Nothing was decided: without a terminal to ask on, add --digest {plan.digest}", markup=False)
        raise typer.Exit(2)
    if not typer.confirm(question, err=True):
        err.print("Nothing was decided.")
        raise typer.Exit(1)
    return plan.digest
