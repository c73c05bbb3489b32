"""Clusters that still exist, as the infrastructure itself reports them: the database and the dispatcher may be out of date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..settings import RUNS, data_folder
from ..settings_in_force import settings_in_force
from .pool_backends import PoolBackends


@dataclass(frozen=True, slots=True)
class RemainingClusters:
    """What the infrastructure answers.

    Attributes:
        names: The clusters that still exist.
        commands: With which a person asks the infrastructure without labhand and SkyPilot.
    """

    names: Sequence[str]
    commands: Sequence[str]


async def remaining(root: Path) -> RemainingClusters:
    """Return the clusters of the lab at `root` that still exist.

    Raises:
        LabhandError: A backend could not be asked.
        SettingsError: `labhand.toml` can't be used.
    """
    settings = settings_in_force(root).settings
    cluster_pools = {name: pool for name, pool in settings.pools.items() if pool.clusters is not None}
    backends = PoolBackends.of_settings(cluster_pools, data_folder(root, settings).resolve() / RUNS)
    own = [backends.cluster_backends[name] for name in cluster_pools]
    async with backends.asking():
        names = [cluster for backend in own for cluster in await backend.remaining()]
    return RemainingClusters(names, list(dict.fromkeys(command for backend in own for command in backend.check_commands())))
