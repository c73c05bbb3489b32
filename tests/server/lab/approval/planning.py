"""Labs in which a person approves what is launched, and short words for plans and decisions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from labhand.server.lab.approval import decisions, proposing
from labhand.server.lab.lab import Lab
from labhand.server.schemas.approval import PlannedDesign, PlanRequest, PlanSummary
from labhand.server.store.money.plan_budgets import Amount, PlanUse, uses

from ..builders import Woken
from ..writing import lay_out

PRICE = 3.0
"""US dollars for an hour of a slot."""


@asynccontextmanager
async def lab(
    root: Path, approval: str = "above_gpu_hours = 0", more: str = "", woken: Woken | None = None
) -> AsyncGenerator[Lab]:
    """An open lab with two slots that cost `PRICE`, whose `[approval]` says so."""
    lay_out(root)
    write(root, approval, more)
    opened = await Lab.open(root, wake=woken or Woken())
    try:
        yield opened
    finally:
        await opened.close()


def write(root: Path, approval: str, more: str = "") -> None:
    """Write `labhand.toml`."""
    pool = f'[pools.local]\nbackend = "local"\nslots = 2\nusd_per_hour = {PRICE}\n'
    table = f"[approval]\n{approval}\n" if approval else ""
    (root / "labhand.toml").write_text(f'trainer = "trainer"\nbudget_seconds = 0.2\n{more}\n{table}{pool}', "utf-8")


def request(gpu_hours: float = 1.0, success: str = "A gain", **more: str | None) -> PlanRequest:
    """A plan of one design."""
    design = PlannedDesign(launch="Everything", gpu_hours=gpu_hours, gpu=more.pop("gpu", None))
    return PlanRequest(questions=["Does it help?"], designs=[design], success=success, **more)


async def proposed(lab: Lab, gpu_hours: float = 1.0, success: str = "A gain", **more: str | None) -> PlanSummary:
    """Propose a plan."""
    return await proposing.propose(lab, request(gpu_hours, success, **more), "agent")


async def approved(lab: Lab, gpu_hours: float = 1.0, success: str = "A gain", **more: str | None) -> PlanSummary:
    """Propose a plan, and approve it on the command line."""
    plan = await proposed(lab, gpu_hours, success, **more)
    await decisions.approve(lab, plan.plan, plan.digest, "eve", "command")
    return await proposing.current(lab, plan.plan)


async def used(lab: Lab, plan: int, now: float) -> PlanUse:
    """What was made of a plan; of 0, what is part of none."""
    return (await uses(lab.db, now)).get(plan, PlanUse(Amount(), Amount()))
