"""`labhand down` and `labhand up`: tear down all clusters of a lab, and allow clusters again."""

from __future__ import annotations

import getpass
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import typer
from rich.markup import escape
from rich.table import Table

from ..dispatcher.remaining_clusters import RemainingClusters, remaining
from ..errors import LabhandError
from ..lab.fleet import scale
from ..lab.lab import Lab
from ..schemas.fleet import HeldCluster
from .console import err, out
from .show import with_lab

PATIENCE_SECONDS = 600.0
"""Time limit for the clusters to end. SkyPilot needs seconds on Kubernetes and Slurm, and one or two minutes on a cloud."""
POLL_SECONDS = 0.5
WAKE_SECONDS = 5.0
"""Time between two checks that a dispatcher runs: without one, no cluster is torn down."""


def down(root: Path) -> None:
    """Tear down all clusters, whatever runs on them, and show that none is left. Exit code 1 if a cluster may be left."""
    left = with_lab(root, give_up)
    for name in left:
        err.print(f"[red]{escape(name)} may still be up[/red], and cost money: sky down {escape(name)}")
    if left:
        raise typer.Exit(1)


def up(root: Path) -> None:
    """Allow clusters again, as many as the queue needs."""
    pools = with_lab(root, scale.let_up)
    err.print(f"Clusters come up again as the queue needs: {', '.join(pools)}" if pools else "No pool was stopped.")


async def give_up(lab: Lab) -> list[str]:
    """Tear down all clusters of a lab, wait until they are gone, and return the names of those that may be left."""
    before = {cluster.name for cluster in await scale.held_clusters(lab)}
    pools = await scale.give_up(lab, getpass.getuser())
    if not pools and not before:
        err.print("No pool of this lab launches clusters.")
        return []
    err.print(f"Tearing down the clusters of {', '.join(pools)}. Queued experiments stay queued until you run: labhand up")
    answer = await _until_gone(lab, pools, time.monotonic() + PATIENCE_SECONDS)
    recorded = await scale.held_clusters(lab, ended=True)
    out.print(_table([cluster for cluster in recorded if cluster.name in before or cluster.status != "gone"]))
    without_pool = [cluster.name for cluster in recorded if cluster.status != "gone" and cluster.pool not in pools]
    left = [*answer.names, *without_pool]
    if not left:
        asked_at = time.strftime("%H:%M:%S")
        out.print(f"Nothing of this lab is left running, says SkyPilot, asked again at {asked_at}.", markup=False)
    if answer.commands:
        out.print(f"To ask the infrastructure itself: {'; '.join(answer.commands)}", markup=False, soft_wrap=True)
    return left


async def _until_gone(lab: Lab, pools: Sequence[str], deadline: float) -> RemainingClusters:
    """Wait until neither the database nor the backends have a cluster, and return those left, at the deadline at the latest."""
    printed, woken = "", time.monotonic()
    while True:
        held = [cluster for cluster in await scale.held_clusters(lab) if cluster.pool in pools]
        summary = ", ".join(f"{cluster.name} {cluster.note or cluster.status}" for cluster in held)
        is_late = time.monotonic() >= deadline
        if not held or is_late:
            answer = await _remaining_clusters(lab, may_fail=not is_late)
            if not answer.names or is_late:
                return RemainingClusters(answer.names or [cluster.name for cluster in held], answer.commands)
            summary = f"{', '.join(answer.names)}, says SkyPilot"
        if summary != printed:
            printed = summary
            err.print(f"Left: {summary}", markup=False)
        if time.monotonic() - woken >= WAKE_SECONDS:
            woken = time.monotonic()
            lab.wake_dispatcher()
        await anyio.sleep(POLL_SECONDS)


async def _remaining_clusters(lab: Lab, *, may_fail: bool) -> RemainingClusters:
    """Return the clusters that the backends see now."""
    try:
        return await remaining(lab.root)
    except LabhandError as error:
        if may_fail:
            return RemainingClusters([f"unknown ({error.problem})"], [])
        raise


def _table(held: Sequence[HeldCluster]) -> Table:
    table = Table(title="clusters", caption=f"total ${sum(cluster.usd for cluster in held):.2f}", caption_justify="left")
    for name in ("cluster", "pool", "status"):
        table.add_column(name)
    for name in ("GPUs", "minutes", "cost"):
        table.add_column(name, justify="right")
    for cluster in held:
        minutes, cost = f"{cluster.seconds / 60:.1f}", f"${cluster.usd:.2f}"
        table.add_row(cluster.name, cluster.pool, cluster.status, str(cluster.gpus), minutes, cost)
    return table
