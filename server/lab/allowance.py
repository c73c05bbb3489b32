"""What the whole lab may spend: refused with the figures when it doesn't fit. Reserved at launch, settled afterwards."""

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
    """Refuse what the allowance doesn't cover.

    Args:
        allowance: The person's.
        committed: Spent, and reserved for what is pending.
        wanted: What a launch would add.

    Raises:
        AllowanceError: It doesn't fit, or the end has come.
    """
    if allowance.ends is not None and time.time() >= allowance.ends:
        raise AllowanceError("The time that the person allowed this lab is over", "Only what runs is finished; ask the person")
    for most, has, adds, unit in _figures(allowance, committed, wanted):
        if has + adds > most:
            raise AllowanceError(
                f"This would take {_short(adds)} {unit}, and of the {_short(most)} allowed {_short(has)} are spent or reserved",
                "Launch fewer or shorter experiments, cancel queued ones, or ask the person to raise the allowance",
            )


def refuse_unpriced(lab: Lab, limits: Allowance, gpu: str, *, is_priced: bool) -> None:
    """Refuse what has no price yet, where dollars are limited, and have a dispatcher ask for it.

    Raises:
        AllowanceError: What it would cost isn't known.
    """
    if limits.usd is not None and not is_priced:
        lab.wake_dispatcher()
        raise AllowanceError(
            f"What {gpu} costs isn't known yet: the dispatcher is asking, and dollars are limited",
            "Call again in a moment; list_gpus shows the price, or why there is none. The person can set usd_per_hour",
        )


def left(allowance: Allowance, committed: Committed) -> str:
    """What is left, in words: `116 of 128 GPU-hours, 950 of 1,000 experiments`; empty where nothing is limited."""
    return ", ".join(
        f"{_short(max(0.0, most - has))} of {_short(most)} {unit}"
        for most, has, _, unit in _figures(allowance, committed, Committed(0, 0.0, 0.0))
    )


def changes(history: Sequence[AllowanceChange]) -> list[str]:
    """What the person changed, and when: `2026-11-23T07:00Z: experiments 100 → 200`."""
    return [f"{after.when[:16]}Z: {_compare(before.allowance, after.allowance)}" for before, after in pairwise(history)]


def _compare(before: Allowance, after: Allowance) -> str:
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in Allowance.model_fields}
    return ", ".join(f"{name} {_limit(had)} → {_limit(has)}" for name, (had, has) in pairs.items() if had != has)


def _limit(most: float | None) -> str:
    return "unlimited" if most is None else f"{most:.10g}"


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.4g}"


def _figures(allowance: Allowance, committed: Committed, wanted: Committed) -> list[tuple[float, float, float, str]]:
    """Limit, committed, wanted and unit of everything that is limited."""
    told = [
        (allowance.gpu_hours, committed.gpu_seconds / 3600, wanted.gpu_seconds / 3600, "GPU-hours"),
        (allowance.usd, committed.usd, wanted.usd, "dollars"),
        (allowance.experiments, committed.experiments, wanted.experiments, "experiments"),
    ]
    return [(most, has, adds, unit) for most, has, adds, unit in told if most is not None]
