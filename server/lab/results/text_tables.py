"""Exports: a leaderboard in Markdown for readers, and a TSV table for programs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from ...domain import Purpose, Verdict
from ...ids import experiment_id, parse_ids
from ...schemas.results import Common, ReferenceSummary, ResultsQuery, Row
from ...store.comparison.champions import name
from ...store.experiments import stats
from ...store.experiments.stats import ExportRow
from ..lab import Lab
from ..sanitize import clean
from .table import get_results

MAX_LEADERS = 20
MAX_PAGE = 8_000
"""Characters of a part of results.tsv that a client shows to a model: some 2,000 tokens."""
TSV_URI = "labhand://results.tsv"
GIB = 1 << 30
_MARKUP = re.compile(r"[\\|<>\[\]`!]")
"""Characters that Markdown takes for the end of a cell, a link, a picture or HTML."""
_COLUMNS = ("id", "stratum", "score", "gain", "verdict", "base", "changes", "by")


async def leaderboard(lab: Lab) -> str:
    """Return the best experiments as a Markdown table, stratum by stratum."""
    results = await get_results(lab, ResultsQuery(status="succeeded", limit=MAX_LEADERS, detail="detailed"))
    common = results.common
    title = f"# {common.metric}: the best of {results.total} ({common.direction})"
    if not results.rows:
        return f"{title}\n\nNothing is scored yet.\n"
    facts = [*_about(common.reference), *([] if common.noise is None else [f"noise {common.noise}"])]
    cells = [[_cell(row, name, common) for name in _COLUMNS] for row in results.rows]
    shown = [place for place in range(len(_COLUMNS)) if any(row[place] for row in cells)]
    lines = [
        title,
        "",
        *([", ".join(facts), ""] if facts else []),
        f"| {' | '.join(_COLUMNS[place] for place in shown)} |",
        f"|{' --- |' * len(shown)}",
        *(f"| {' | '.join(row[place] for place in shown)} |" for row in cells),
    ]
    return "\n".join(lines) + "\n"


async def results_tsv(lab: Lab) -> str:
    """Return every finished experiment in the format of autoresearch's results.tsv, with its id.

    The columns are commit, metric, memory in GB, status, description, the other metrics, and id. The description is the
    hypothesis with what was changed, and on which experiment if not on the baseline. `status` is `keep` for promising and
    confirmed experiments and the baseline, `crash` for failures, and otherwise `discard`. A score that was not measured is
    empty.
    """
    return await _tsv(lab, 0, None, repeats=True)


async def results_page(lab: Lab, after: int) -> str:
    """Return a part of `results_tsv` that a client can show to a model, `MAX_PAGE` characters at most.

    Where the row above has the same hypothesis, as in a grid, a description is only what was changed.

    Args:
        lab: The lab.
        after: The number of the experiment after which the part begins; 0 for the first part.

    Returns:
        The header and the rows. If more rows follow, the last line is a comment that names the resource with the next ones.
    """
    header, *rows = (await _tsv(lab, after, MAX_PAGE, repeats=False)).splitlines(keepends=True)
    text, last = header, after
    for row in rows:
        if len(text) + len(row) > MAX_PAGE:
            return f"{text}# more rows: {TSV_URI}/{experiment_id(last)}\n"
        text += row
        [last] = parse_ids([row.rstrip("\n").rpartition("\t")[2]]).experiments
    return text


async def _tsv(lab: Lab, after: int, min_characters: int | None, *, repeats: bool) -> str:
    """Return the table after an experiment: all of it, or at least so many characters of it and one row."""
    hypothesis = ""
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
    others = list(lab.trainer.other_metrics)
    table.writerow(["commit", lab.trainer.metric.name, "memory_gb", "status", "description", *others, "id"])
    while (block := await stats.finished(lab.db, after)) and (min_characters is None or text.tell() <= min_characters):
        for experiment in block:
            names_hypothesis = repeats or not experiment.changes or experiment.hypothesis != hypothesis
            table.writerow(_tsv_line(experiment, others, names_hypothesis=names_hypothesis))
            hypothesis = experiment.hypothesis
        after = block[-1].number
    return text.getvalue()


def _about(reference: ReferenceSummary | None) -> list[str]:
    """Return the reference that gains are against, with the spread between its seeds: `reference e0057: 1.951 ± 0.004`."""
    if reference is None:
        return []
    if reference.score is None:
        return [f"reference {reference.id}: no score"]
    spread = "" if reference.sd is None else f" ± {reference.sd:g}"
    return [f"reference {reference.id}: {reference.score:g}{spread}"]


def _cell(row: Row, name: str, common: Common) -> str:
    """Return a row's value as Markdown. A value that all rows share stands in `common`."""
    value = getattr(row, name)
    if value is None and name not in ("id", "stratum"):
        value = getattr(common, name)
    if value is None:
        return ""
    return f"{value:+g}" if name == "gain" else _MARKUP.sub(r"\\\g<0>", str(value))


def _tsv_line(experiment: ExportRow, others: Sequence[str], *, names_hypothesis: bool) -> list[str]:
    on_base = "" if experiment.base is None else f" on {name(experiment.base)}"
    changed = f"({experiment.changes}{on_base})" if experiment.changes else ""
    description = f"{experiment.hypothesis} {changed}" if names_hypothesis else changed
    return [
        experiment.commit[:7],
        "" if experiment.score is None else f"{experiment.score:.6f}",
        "" if experiment.peak_memory_bytes is None else f"{experiment.peak_memory_bytes / GIB:.1f}",
        _status(experiment),
        " ".join(clean(" ".join(description.split())).split()),
        *("" if (value := experiment.metrics.get(other)) is None else f"{value:.6g}" for other in others),
        experiment_id(experiment.number),
    ]


def _status(experiment: ExportRow) -> str:
    if experiment.failure is not None:
        return "crash"
    is_kept = experiment.verdict in {Verdict.PROMISING, Verdict.CONFIRMED} or (
        experiment.purpose is Purpose.BASELINE and experiment.score is not None
    )
    return "keep" if is_kept else "discard"
