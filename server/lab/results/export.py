"""The record as documents: a leaderboard to read, and a table for programs."""

from __future__ import annotations

import csv
import io
import re

from ...domain import Purpose, Verdict
from ...ids import experiment_id
from ...schemas.results import ResultsQuery, Row
from ...store.experiments import stats
from ...store.experiments.stats import ExportRow
from ..lab import Lab
from ..sanitize import clean
from .table import get_results

BEST = 20
GIB = 1 << 30
_MARKUP = re.compile(r"[\\|<>\[\]`!]")
"""What Markdown would take for a cell's end, a link, a picture or HTML."""
_COLUMNS = ("id", "stratum", "score", "gain", "verdict", "changes", "by")


async def leaderboard(lab: Lab) -> str:
    """The best experiments as a Markdown table, stratum by stratum."""
    found = await get_results(lab, ResultsQuery(status="succeeded", limit=BEST, detail="detailed"))
    common = found.common
    title = f"# {common['metric']}: the best of {found.total} ({common['direction']})"
    if not found.rows:
        return f"{title}\n\nNothing is scored yet.\n"
    facts = [f"{name} {common[name]}" for name in ("reference", "noise") if name in common]
    shared = {name: value for name, value in common.items() if name in _COLUMNS and name != "stratum"}
    shown = [row.model_copy(update=shared) for row in found.rows]
    columns = [name for name in _COLUMNS if any(getattr(row, name) is not None for row in shown)]
    lines = [
        title,
        "",
        *([", ".join(facts), ""] if facts else []),
        f"| {' | '.join(columns)} |",
        f"|{' --- |' * len(columns)}",
        *(f"| {' | '.join(_cell(row, name) for name in columns)} |" for row in shown),
    ]
    return "\n".join(lines) + "\n"


async def results_tsv(lab: Lab) -> str:
    """Every finished experiment as autoresearch keeps them, with its id: commit, metric, memory, status, description.

    `status` is `keep` for what the evidence speaks for and for the baseline, `crash` for what failed, else `discard`. A score
    that was not measured is empty.
    """
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
    table.writerow(["commit", lab.trainer.metric.name, "memory_gb", "status", "description", "id"])
    after = 0
    while block := await stats.finished(lab.db, after):
        table.writerows(_line(one) for one in block)
        after = block[-1].number
    return text.getvalue()


def _cell(row: Row, name: str) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    return f"{value:+g}" if name == "gain" else _MARKUP.sub(r"\\\g<0>", str(value))


def _line(one: ExportRow) -> list[str]:
    words = f"{one.hypothesis} ({one.changes})" if one.changes else one.hypothesis
    return [
        one.commit[:7],
        "" if one.score is None else f"{one.score:.6f}",
        "" if one.peak_memory_bytes is None else f"{one.peak_memory_bytes / GIB:.1f}",
        _status(one),
        " ".join(clean(" ".join(words.split())).split()),
        experiment_id(one.number),
    ]


def _status(one: ExportRow) -> str:
    if one.failure is not None:
        return "crash"
    kept = one.verdict in {Verdict.PROMISING, Verdict.CONFIRMED} or (one.purpose is Purpose.BASELINE and one.score is not None)
    return "keep" if kept else "discard"
