"""The allowance of the whole lab: a launch that doesn't fit is refused. Costs are reserved at launch and settled afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

from ..errors import AllowanceError
from ..settings import Allowance
from ..store.money.allowances import AllowanceChange
from ..store.money.spending import Committed
from .lab import Lab


def check(allowance: Allowance, committed: Committed, wanted: Committed) -> None:
    """Refuse a launch that the allowance doesn't cover.

    Args:
        allowance: The limits that the person set.
        committed: What is spent, and what is reserved for pending experiments.
        wanted: What the launch would add.

    Raises:
        AllowanceError: The launch exceeds a limit, or the allowed time is over.
    """
    if allowance.ends is not None and time.time() >= allowance.ends:
        raise AllowanceError(
            "The time that the person allowed for this lab is over",
            "Running experiments still finish. Ask the person for more time",
        )
    for limit, used, added, unit in _figures(allowance, committed, wanted):
        if used + added > limit:
            raise AllowanceError(
                f"This would take {_short(added)} {unit}, and of the {_short(limit)} allowed {_short(used)} are spent or"
                " reserved",
                "Launch fewer or shorter experiments, cancel queued ones, or ask the person to raise the allowance",
            )


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
