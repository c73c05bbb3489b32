"""The metrics of an experiment beside its score, and the limits that its run broke, as rows show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ...domain import Experiment, Metric
from ...research.guards import values_of
from ..sanitize import cut

MAX_NAME = 80
"""Characters of a metric's name."""


def metrics_of(experiment: Experiment, names: Collection[str] | None = None) -> dict[str, float]:
    """Return the metrics of an experiment that it isn't judged by: all of them, or only the named ones."""
    values: Mapping[str, Any] = experiment.result.get("metrics") or {}
    return {
        cut(name, MAX_NAME): float(f"{value:.5g}")
        for name, value in values.items()
        if isinstance(value, int | float) and (names is None or name in names)
    }


def broken_guards(experiment: Experiment, metric: Metric) -> list[str]:
    """Return the limits that the run of an experiment broke, in short: `l0 48 > 32`; empty without a score."""
    if experiment.score is None:
        return []
    values = values_of(metric, experiment.score, experiment.result.get("metrics") or {})
    broken: list[str] = []
    for guard in metric.guards:
        value = values.get(guard.metric)
        if value is None:
            broken.append(f"{guard.metric} missing")
        elif guard.at_most is not None and value > guard.at_most:
            broken.append(f"{guard.metric} {value:.4g} > {guard.at_most:g}")
        elif guard.at_least is not None and value < guard.at_least:
            broken.append(f"{guard.metric} {value:.4g} < {guard.at_least:g}")
    return broken
