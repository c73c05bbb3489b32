"""What validations came to on the test split, from the files that the runs left for the report."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

from scipy import stats

from .page import Page, num
from .raw import Ledger, Row, interval


def claim_sealed(page: Page, ledger: Ledger, validation: Row, sign: int) -> None:
    """A sentence for each validation that had pairs run which decide nothing."""
    stages = ledger.rows("SELECT * FROM stages WHERE validation = ? AND kind = 'report'", validation["number"])
    pairs = ledger.rows(
        "SELECT candidate, against FROM pairs WHERE validation = ? AND stage = ?",
        validation["number"],
        stages[0]["place"] if stages else -1,
    )
    if not pairs or _is_self_reported(ledger):
        return
    told = [(_told(ledger, pair["candidate"]), _told(ledger, pair["against"])) for pair in pairs]
    gains = [
        sign * (theirs["score"] - ours["score"])
        for ours, theirs in told
        if all(ours.get(name) == theirs.get(name) for name in ("version", "data", "tokens"))
        and None not in (ours.get("score"), theirs.get("score"))
    ]
    start = f"On the sealed test split, e{validation['candidate']:04d} (v{validation['number']:03d})"
    end = "No tool shows this score: an agent could optimize for it."
    if len(gains) < 8:
        page.claim(f"{start} has no gain: {len(gains)} of its pairs are scored on the test split, and a gain needs 8. {end}")
        return
    low, high = interval(fmean(gains), float(stats.sem(gains)), len(gains) - 1)
    page.claim(
        f"{start} gains {num(fmean(gains), digits=3)} on the baseline ({num(low, digits=3)} to {num(high, digits=3)}, 95 % over"
        f" {len(gains)} seeds): {_meaning(low, high, stages[0]['low'])}. {end}"
    )


def _is_self_reported(ledger: Ledger) -> bool:
    """Whether experiments print their own score, so that there is no split to seal."""
    return any(json.loads(row["facts"]).get("self_reported") for row in ledger.rows("SELECT facts FROM strata"))


def _told(ledger: Ledger, experiment: int) -> dict[str, Any]:
    newest = ledger.rows("SELECT id FROM runs WHERE experiment = ? ORDER BY attempt DESC LIMIT 1", experiment)
    file = ledger.folder / "runs" / newest[0]["id"] / "sealed.json" if newest else Path("nowhere")
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def _meaning(low: float, high: float, on_validation: float | None) -> str:
    if on_validation is not None and high < on_validation:
        return "the gain is smaller than on the validation split: part of that gain holds only for the text of that split"
    if low > 0:
        return "the gain holds on text that no choice was based on"
    if high < 0:
        return "it is a loss on text that no choice was based on: don't trust the gain"
    return "so many seeds can't show whether the gain holds on text that no choice was based on"
