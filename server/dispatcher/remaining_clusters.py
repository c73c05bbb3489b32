"""Clusters that still exist, as the infrastructure itself reports them: the ledger and the dispatcher may be out of date."""

from __future__ import annotations

from pathlib import Path

from ..settings import RUNS, data_folder
from ..settings_in_force import settings_in_force
from .pool_backends import PoolBackends


async def remaining(root: Path) -> list[str]:
    """Returns the names of the clusters of the lab at `root` that still exist.

    Raises:
        LabhandError: A backend could not be asked.
        SettingsError: `labhand.toml` can't be used.
    """
    settings = settings_in_force(root).settings
    cluster_pools = {name: pool for name, pool in settings.pools.items() if pool.clusters is not None}
    backends = PoolBackends.of_settings(cluster_pools, data_folder(root, settings).resolve() / RUNS)
    async with backends.asking():
        return [cluster for name in cluster_pools for cluster in await backends.cluster_backends[name].remaining()]
