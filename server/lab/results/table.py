"""`get_results`: the table of experiments, filtered, ordered, and one page at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ...domain import FINISHED, PENDING, Status, Verdict
from ...errors import BadInputError, nearest
from ...schemas.results import SORT_KEYS, Results, ResultsQuery, Row
from ...source.trainer_folder import Trainer
from ...store.comparison import validations
from ...store.comparison.strata import all_strata
from ...store.experiments import metric_values, paging
from ...store.experiments.filter import Filter
from ...store.experiments.paging import SortSegment
from ...store.experiments.rows import find_experiments
from ..lab import Lab
from ..selection import kind_named, select
from ..status_line import lab_line
from .cursors import parse_page_cursor, parse_wait_cursor, write_page_cursor
from .experiment_rows import STRATUM_FACTS, Detail, tabulate
from .validation_rows import tabulate_validations

MAX_PAGE = 40_000
"""Characters of rows in one answer. The other rows are on the next page."""
MAX_ROWS: Mapping[Detail, int] = {"concise": 300, "detailed": 100}
"""Rows that are read for one page: about as many as fit."""

_COLUMNS: Mapping[str, Sequence[str]] = {"finished_at": ("finished_seq",), "cost": ("usd", "gpu_seconds")}


async def get_results(lab: Lab, query: ResultsQuery) -> Results:
    """Return the experiments that a query selects, as rows.

    The default order is the best score first, then experiments without a score, the newest first. If the experiments span
    strata, those of the newest stratum come first, each with its stratum: scores and gains are never ranked across strata.

    Raises:
        BadInputError: A filter has an unknown value, or a cursor belongs to another query.
        NotFoundError: An id doesn't exist.
    """
    wanted = await _filter(lab, query)
    strata = await all_strata(lab.db)
    sort_key = await _sort_key(lab, query)
    order = _order(query, lab.trainer, list(strata), sort_key)
    shown_metrics = () if sort_key in SORT_KEYS else (sort_key,)
    start = parse_page_cursor(query.cursor, query, order) if query.cursor is not None else None
    total = await paging.count(lab.db, wanted)
    limit = min(query.limit, MAX_ROWS[query.detail])
    places = await paging.page(lab.db, wanted, order, min(limit + 1, total), start)
    shown = places[:limit]
    experiments = await find_experiments(lab.db, [place.number for place in shown])
    facts = None if query.detail == "detailed" else STRATUM_FACTS
    common, rows = await tabulate(lab, experiments, strata, query.detail, wanted.grids or (), facts, shown_metrics)
    fitting = _fitting(rows)
    if fitting < len(rows):  # fewer rows may share more
        fewer = experiments[:fitting]
        common, rows = await tabulate(lab, fewer, strata, query.detail, wanted.grids or (), facts, shown_metrics)
    return Results(
        common=common,
        rows=rows,
        total=total,
        next_cursor=write_page_cursor(shown[fitting - 1], query) if len(places) > fitting else None,
        validations=await tabulate_validations(lab, await validations.numbered(lab.db, wanted.validations or ())),
        lab=await lab_line(lab),
    )


async def _filter(lab: Lab, query: ResultsQuery) -> Filter:
    selected = await select(lab, query.ids) if query.ids else Filter()
    return replace(
        selected,
        statuses=_statuses(query.status),
        verdicts=[Verdict(_check_choice("verdict", query.verdict, Verdict))] if query.verdict else (),
        gpu=await kind_named(lab, query.gpu),
        theme=query.theme,
        by=query.by,
        words=_words(query.search),
        finished_after=parse_wait_cursor(query.after).finished if query.after is not None else None,
    )


def _statuses(text: str | None) -> Sequence[Status]:
    groups = {"pending": PENDING, "finished": FINISHED}
    if not text:
        return ()
    name = _check_choice("status", text, [*Status, *groups])
    return sorted(groups[name]) if name in groups else (Status(name),)


def _check_choice(argument: str, text: str, choices: Iterable[str]) -> str:
    names = [str(choice) for choice in choices]
    if text.strip().lower() not in names:
        remedy = nearest(text, names, f"values of {argument}", lists_all=True)
        raise BadInputError(f"{argument}={text!r} is not a {argument}", remedy)
    return text.strip().lower()


def _words(search: str | None) -> Sequence[str]:
    if search is None:
        return ()
    words = [word for word in re.findall(r"\w+", search) if word.strip("_")]
    if not words:
        raise BadInputError(f"search={search!r} contains no word", "Search for words in hypotheses, changes or notes")
    return words


async def _sort_key(lab: Lab, query: ResultsQuery) -> str:
    """Return what the rows are sorted by: one of `SORT_KEYS`, or the name of a metric.

    Raises:
        BadInputError: It is neither.
    """
    key = query.sort_by or "score"
    if key in SORT_KEYS:
        return key
    if key == lab.trainer.metric.name:
        return "score"
    names = list(dict.fromkeys([*lab.trainer.other_metrics, *await metric_values.names(lab.db)]))
    if key not in names:
        remedy = nearest(key, [*SORT_KEYS, *names], "keys and metrics", lists_all=True)
        raise BadInputError(f"sort_by={key!r} is neither a key nor a metric of this lab", remedy)
    return key


def _order(query: ResultsQuery, trainer: Trainer, strata: Sequence[int], key: str) -> Sequence[SortSegment]:
    """Return the order of the rows. By gain is the same as by score within a stratum, and by launch the same as by number."""
    lower_is_better = trainer.metric.direction == "minimize"
    best_descends = {"score": not lower_is_better, "gain": True, "cost": False}.get(key, True)
    if key not in SORT_KEYS:
        best_descends = trainer.other_metrics.get(key) == "maximize"
    best = {"best": True, "worst": False, "ascending": not best_descends, "descending": best_descends}[query.order or "best"]
    if key in ("score", "gain"):
        return paging.best_first(strata, lower_is_better=lower_is_better, worst=not best)
    descending = best == best_descends
    if key not in SORT_KEYS:
        return paging.by_metric(strata, key, descending=descending)
    if key in _COLUMNS:
        return paging.by_columns(_COLUMNS[key], descending=descending)
    return paging.by_number(descending=descending)


def _fitting(rows: Sequence[Row]) -> int:
    """Return how many of the rows fit in one answer, at least one."""
    left = MAX_PAGE
    for number, row in enumerate(rows):
        left -= len(row.model_dump_json())
        if left < 0 and number > 0:
            return number
    return len(rows)
