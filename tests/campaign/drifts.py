"""The drift of the baseline's scores, recomputed by SciPy: in the figures of the noise, and as the warning of a report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .page import Page, num
from .raw import Ledger


@dataclass(frozen=True)
class Drift:
    """The trend of the baseline's scores, and whether it is one that a reader is warned of."""

    change: float
    seconds: float
    p: float
    runs: int
    is_suspected: bool


def drift_of(ledger: Ledger) -> Drift | None:
    """The trend by SciPy; None where there are fewer than six runs, or less than an hour of them."""
    of_baseline = (e for e in ledger.scored if e["purpose"] == "baseline" or e["tree"] == ledger.baseline_tree)
    ran = [(e["finished_at"], e["score"]) for e in of_baseline]
    seconds = max(at for at, _ in ran) - min(at for at, _ in ran) if ran else 0.0
    if len(ran) < 6 or seconds < 3600:
        return None
    times, scores = np.array(ran, dtype=float).T
    times -= times.min()
    fit = stats.linregress(times, scores)
    slope, p = float(fit.slope), float(fit.pvalue)
    sd = float(np.sqrt(((scores - fit.intercept - slope * times) ** 2).sum() / (len(ran) - 2)))
    change = slope * seconds
    return Drift(change, seconds, p, len(ran), p < 0.0001 and abs(change) >= sd)


def drift_figures(trend: Drift | None) -> str:
    if trend is None:
        return ""
    per_day = num(trend.change / trend.seconds * 86400, digits=2)
    return f", drift per day {per_day}, drift p {num(trend.p, digits=2)}, drift runs {trend.runs}"


def claim_drift(page: Page, trend: Drift | None) -> None:
    """Claim the warning, if there has to be one."""
    if trend is not None and trend.is_suspected:
        change, hours, p = num(trend.change, digits=2), num(trend.seconds / 3600, digits=2), num(trend.p, digits=1)
        page.claim(
            f"The baseline's scores drift: {change} in {hours} h, {trend.runs} runs (p {p}). Check the machine, the driver and"
            " the data before you trust a gain."
        )
