"""`labhand down` and `labhand up`: a person gives up all machines that the lab hires, and lets it hire again."""

from __future__ import annotations

import getpass
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import typer
from rich.markup import escape
from rich.table import Table

from ..dispatcher.remaining_clusters import remaining
from ..errors import LabhandError
from ..lab.fleet import scale
from ..lab.lab import Lab
from ..schemas.fleet import HeldCluster
from .console import err, out
from .show import with_lab

PATIENCE_SECONDS = 600.0
"""How long clusters may take to go; it takes SkyPilot seconds on Kubernetes and Slurm, a minute or two on a cloud."""
LOOK_SECONDS = 0.5
WAKE_SECONDS = 5.0
"""Between two looks at whether a dispatcher is at work: without one nothing is given up."""


def down(root: Path) -> None:
    """Give up all clusters, whatever runs on them, and show that none is left. Exit code 1 when one may be."""
    left = with_lab(root, give_up)
    for name in left:
        err.print(f"[red]{escape(name)} may still be up[/red], and cost money: sky down {escape(name)}")
    if left:
        raise typer.Exit(1)


def up(root: Path) -> None:
    """Let clusters come up again, as the queue needs."""
    pools = with_lab(root, scale.let_up)
    err.print(f"As the queue needs again: {', '.join(pools)}" if pools else "Nothing was given up.")


async def give_up(lab: Lab) -> list[str]:
    """Give up all clusters of a lab and wait until they are gone; gives the names of what may be left."""
    before = {one.name for one in await scale.held_clusters(lab)}
    pools = await scale.give_up(lab, getpass.getuser())
    if not pools and not before:
        err.print("This lab hires no machines.")
        return []
    err.print(f"Giving up {', '.join(pools)}. What is queued stays queued, until: labhand up")
    left = await _until_gone(lab, pools, time.monotonic() + PATIENCE_SECONDS)
    known = await scale.held_clusters(lab, ended=True)
    out.print(_table([one for one in known if one.name in before or one.status != "gone"]))
    nobodys = [one.name for one in known if one.status != "gone" and one.pool not in pools]
    if not left and not nobodys:
        asked = time.strftime("%H:%M:%S")
        out.print(f"Nothing of this lab is left running: SkyPilot was asked afresh at {asked}.", markup=False)
    return [*left, *nobodys]


async def _until_gone(lab: Lab, pools: Sequence[str], deadline: float) -> list[str]:
    """Wait until neither the ledger nor the backends themselves have a cluster; gives what is left at the deadline."""
    said, woken = "", time.monotonic()
    while True:
        held = [one for one in await scale.held_clusters(lab) if one.pool in pools]
        told = ", ".join(f"{one.name} {one.note or one.status}" for one in held)
        is_late = time.monotonic() >= deadline
        if not held or is_late:
            left = await _ask(lab, may_fail=not is_late)
            if not left or is_late:
                return left or [one.name for one in held]
            told = f"{', '.join(left)}, says SkyPilot"
        if told != said:
            said = told
            err.print(f"Left: {told}", markup=False)
        if time.monotonic() - woken >= WAKE_SECONDS:
            woken = time.monotonic()
            lab.wake_dispatcher()
        await anyio.sleep(LOOK_SECONDS)


async def _ask(lab: Lab, *, may_fail: bool) -> list[str]:
    """What the backends hold now, by name."""
    try:
        return await remaining(lab.root)
    except LabhandError as error:
        if may_fail:
            return [f"unknown ({error.problem})"]
        raise


def _table(held: Sequence[HeldCluster]) -> Table:
    table = Table(title="clusters", caption=f"in all ${sum(one.usd for one in held):.2f}", caption_justify="left")
    for name in ("cluster", "pool", "status"):
        table.add_column(name)
    for name in ("GPUs", "minutes", "cost"):
        table.add_column(name, justify="right")
    for one in held:
        table.add_row(one.name, one.pool, one.status, str(one.gpus), f"{one.seconds / 60:.1f}", f"${one.usd:.2f}")
    return table
