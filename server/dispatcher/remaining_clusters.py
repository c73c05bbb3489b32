"""Which clusters the infrastructure knows of, asked anew: not what the ledger says, nor what a dispatcher last heard."""

from __future__ import annotations

from pathlib import Path

from ..settings import RUNS, data_folder, load_settings
from .pool_backends import PoolBackends


async def remaining(root: Path) -> list[str]:
    """The names of the clusters of the lab at `root` that aren't gone.

    Raises:
        LabhandError: A backend can't tell.
        SettingsError: `labhand.toml` can't be used.
    """
    settings = load_settings(root)
    hired = {name: pool for name, pool in settings.pools.items() if pool.clusters is not None}
    folder = data_folder(root, settings).resolve() / RUNS
    pools = PoolBackends.of_settings(settings.model_copy(update={"pools": hired}), folder)
    async with pools.asking():
        return [cluster for name in hired for cluster in await pools.cluster_backends[name].remaining()]
