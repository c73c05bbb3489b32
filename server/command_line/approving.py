"""The commands by which the person decides about plans of spending, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Root, lab_root

app = typer.Typer()
Plan = Annotated[str, typer.Argument(help="The plan: p003")]
Digest = Annotated[
    str, typer.Option(help="The plan's digest, as it was shown. Without it the plan is shown, and a terminal asks")
]


@app.command()
def proposals(*, root: Root = None, as_json: AsJson = False) -> None:
    """List plans of spending, with what was decided about them and what was made of them."""
    from ..commands import approve as approving

    approving.list_plans(lab_root(root), as_json=as_json)


@app.command()
def approve(plan: Plan, *, root: Root = None, digest: Digest = "") -> None:
    """Approve a plan of spending, after it was shown. No tool of the agent can do this."""
    from ..commands import approve as approving

    approving.approve(lab_root(root), plan, digest)


@app.command()
def reject(
    plan: Plan,
    reason: Annotated[str, typer.Argument(help="The reason, which the agent sees")] = "",
    *,
    root: Root = None,
    digest: Digest = "",
) -> None:
    """Reject a plan of spending, after it was shown."""
    from ..commands import approve as approving

    approving.reject(lab_root(root), plan, reason, digest)
