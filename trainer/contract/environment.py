"""What of an environment a runner inherits. What an experiment inherits of that is listed in `run/environment.py`."""

from __future__ import annotations

from collections.abc import Mapping

_KEYS = "SKYPILOT_"
"""SkyPilot puts the credentials of its API server, and addresses of the cluster, into variables that begin so."""


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables through which SkyPilot hands on credentials."""
    return {name: value for name, value in environment.items() if not name.startswith(_KEYS)}
