"""The allowance of the whole lab: a launch that doesn't fit is refused. Costs are reserved at launch and settled afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from ..errors import AllowanceError
from ..settings import Allowance
from ..store.money.allowances import AllowanceChange
from ..store.money.spending import Committed
from .lab import Lab

TOLERANCE = 1e-9
"""What rounding may take from a quotient that is a whole number."""


def check(allowance: Allowance, committed: Committed, wanted: Committed, made_of: str = "") -> None:
    """Refuse a launch that the allowance doesn't cover.

    Args:
        allowance: The limits that the person set.
        committed: What is spent, and what is reserved for pending experiments.
        wanted: What the launch would add.
        made_of: What that consists of, where the caller can't see it from the request.

    Raises:
        AllowanceError: The launch exceeds a limit, or the allowed time is over.
    """
    if allowance.ends is not None and time.time() >= allowance.ends:
        raise AllowanceError(
            f"The allowance of this lab ended at {datetime.fromtimestamp(allowance.ends, UTC):%Y-%m-%d %H:%M} UTC",
            "Running experiments still finish. Ask the person to set a later `ends` in labhand.toml",
        )
    for limit, used, added, unit in _figures(allowance, committed, wanted):
        if used + added > limit:
            raise AllowanceError(
                f"This would take {_short(added)} {unit}{made_of and f' ({made_of})'}, and of the {_short(limit)} allowed"
                f" {_short(used)} are spent or reserved",
                "Launch fewer or shorter experiments, cancel queued ones, or ask the person to raise the allowance",
            )


def affordable_replicates(
    allowance: Allowance, committed: Committed, wanted: Committed, each: Committed, missing: int, *, needs_one: bool
) -> int:
    """Return how many replicates of the references the lab adds to a launch: all that are missing, if they fit.

    Otherwise it adds as many as fit in half of what is left, so that a small allowance has room for what the caller wants to
    try.

    Args:
        allowance: The limits that the person set.
        committed: What is spent, and what is reserved for pending experiments.
        wanted: What the launch itself would add.
        each: What each replicate would add.
        missing: The number of replicates that the stratum lacks.
        needs_one: Add one in any case: the reference has none, and without it no gain can be measured.
    """
    runs = missing
    for (limit, used, added, _), (_, _, one_run, _) in zip(
        _figures(allowance, committed, wanted), _figures(allowance, committed, each), strict=True
    ):
        if used + added + runs * one_run > limit:
            room = min(limit - used - added, (limit - used) / 2)
            runs = max(0, int(room / one_run + TOLERANCE))
    return max(runs, needs_one)


def refuse_unpriced(lab: Lab, limits: Allowance, gpu: str, *, is_priced: bool) -> None:
    """Refuse a GPU without a known price if dollars are limited, and have a dispatcher ask for the price.

    Raises:
        AllowanceError: The price is unknown.
    """
    if limits.usd is not None and not is_priced:
        lab.wake_dispatcher()
        raise AllowanceError(
            f"The price of {gpu} isn't known yet, and dollars are limited: the dispatcher is asking for it",
            "Call again in a moment. list_gpus shows the price, or why it is unknown. The person can set usd_per_hour",
        )


def left(allowance: Allowance, committed: Committed) -> str:
    """Return what is left as text: `116 of 128 GPU-hours, 950 of 1,000 experiments`; empty if nothing is limited."""
    return ", ".join(
        f"{_short(max(0.0, limit - used))} of {_short(limit)} {unit}"
        for limit, used, _, unit in _figures(allowance, committed, Committed(0, 0.0, 0.0))
    )


def changes(history: Sequence[AllowanceChange]) -> list[str]:
    """Return what the person changed, and when: `2026-11-23T07:00Z: experiments 100 → 200`."""
    return [f"{after.when[:16]}Z: {_compare(before.allowance, after.allowance)}" for before, after in pairwise(history)]


def _compare(before: Allowance, after: Allowance) -> str:
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in Allowance.model_fields}
    return ", ".join(f"{name} {_limit(old)} → {_limit(new)}" for name, (old, new) in pairs.items() if old != new)


def _limit(limit: float | None) -> str:
    return "unlimited" if limit is None else f"{limit:.10g}"


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.4g}"


def _figures(allowance: Allowance, committed: Committed, wanted: Committed) -> list[tuple[float, float, float, str]]:
    """Return limit, committed, wanted and unit of everything that is limited."""
    figures = [
        (allowance.gpu_hours, committed.gpu_seconds / 3600, wanted.gpu_seconds / 3600, "GPU-hours"),
        (allowance.usd, committed.usd, wanted.usd, "dollars"),
        (allowance.experiments, committed.experiments, wanted.experiments, "experiments"),
    ]
    return [(limit, used, added, unit) for limit, used, added, unit in figures if limit is not None]
