"""The pages, as handlers of requests: each asks the lab, and fills a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from pydantic import ValidationError
from starlette.requests import Request

from ..domain import FINISHED
from ..errors import BadInputError, NotFoundError
from ..ids import experiment_id, message_id
from ..lab.inspect.curves import get_curves
from ..lab.inspect.experiment import get_experiment
from ..lab.inspect.logs import read_log
from ..lab.inspect.provenance import get_provenance
from ..lab.lab import Lab
from ..lab.literature.citing import paper_uses
from ..lab.manage.notebook import read_notebook
from ..lab.results.table import get_results
from ..lab.steering.person_messages import newest_messages
from ..schemas.results import ResultsQuery, whole_row
from . import curves_picture
from .rendering import render

FILTERS = ("search", "status", "verdict", "theme", "by", "gpu")
COLUMNS = (
    ("id", "id"),
    ("verdict", ""),
    ("score", "score"),
    ("gain", "gain"),
    ("changes", ""),
    ("hypothesis", ""),
    ("by", ""),
    ("cost", "cost"),
)
"""Of the table, each with the key that it is sorted by."""
ROWS = 100
LOG_LINES = 200
MAX_COMPARED = 5
MAX_NOTES = 200
VERDICTS = ("promising", "confirmed", "not_shown", "inconclusive", "worse", "reference")
STATUSES = ("queued", "running", "succeeded", "failed", "stopped", "cancelled")


async def experiments_page(lab: Lab, request: Request) -> dict[str, Any]:
    """Return the values of the table: filtered, sorted, one page of it. The URL has all of them, so that it can be sent on."""
    asked = {name: request.query_params.get(name, "").strip() for name in (*FILTERS, "sort_by", "order", "cursor")}
    query = _query(asked)
    results = await get_results(lab, query)
    return {
        "filters": {name: asked[name] for name in FILTERS},
        "choices": {"verdict": VERDICTS, "status": STATUSES},
        "rows": [whole_row(row, results.common) for row in results.rows],
        "common": results.common,
        "total": results.total,
        "heads": [(title, _sort_link(asked, key) if key else "", _mark(asked, key)) for title, key in COLUMNS],
        "next_link": _link(asked | {"cursor": results.next_cursor}) if results.next_cursor else "",
        "max_compared": MAX_COMPARED,
    }


def _query(asked: Mapping[str, str]) -> ResultsQuery:
    given = {name: value for name, value in asked.items() if value}
    try:
        return ResultsQuery.model_validate({"limit": ROWS, "detail": "detailed", **given})
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise BadInputError(f"{name}={given.get(name, '')!r:.60} can't be used here", "Go back to all experiments") from error


def _sort_link(asked: Mapping[str, str], key: str) -> str:
    order = "ascending" if asked["sort_by"] == key and asked["order"] == "descending" else "descending"
    return _link({**asked, "sort_by": key, "order": order, "cursor": ""})


def _mark(asked: Mapping[str, str], key: str) -> str:
    if not key or asked["sort_by"] != key:
        return "none"
    return "ascending" if asked["order"] == "ascending" else "descending"


def _link(values: Mapping[str, str | None]) -> str:
    return "/experiments?" + urlencode({name: value for name, value in values.items() if value})


async def experiment_page(lab: Lab, id: str) -> dict[str, Any]:
    """Return the values of one experiment's page."""
    detail = await get_experiment(lab, id, ["all"])
    curves = await get_curves(lab, [detail.id], with_reference=True)
    names = [curve.id if curve.id == detail.id else f"reference {curve.id}" for curve in curves]
    try:
        log = "\n".join((await read_log(lab, detail.id, LOG_LINES)).lines)
    except NotFoundError as error:
        log = error.problem
    return {
        "experiment": detail,
        "curves_svg": curves_picture.draw(curves, names) if curves else Markup(),
        "log": log,
        "provenance": await get_provenance(lab, detail.id),
        "is_over": detail.status in FINISHED,
    }


async def compare_page(lab: Lab, ids: Sequence[str]) -> dict[str, Any]:
    """Return the values of a comparison: a column for each experiment, and their curves.

    Raises:
        BadInputError: There are fewer than two, or too many.
    """
    names = list(dict.fromkeys(ids))
    if not 2 <= len(names) <= MAX_COMPARED:
        raise BadInputError(
            f"{len(names)} experiments were chosen", f"Choose two to {MAX_COMPARED} in the table of experiments"
        )
    details = [await get_experiment(lab, name, ["diff", "failure"]) for name in names]
    curves = await get_curves(lab, [detail.id for detail in details])
    strata = {detail.stratum.id for detail in details if detail.stratum}
    return {
        "details": details,
        "curves_svg": curves_picture.draw(curves, [curve.id for curve in curves]) if curves else Markup(),
        "is_mixed": len(strata) > 1,
    }


async def notebook_page(lab: Lab) -> dict[str, Any]:
    """Return the values of the notebook: notes, the newest first, and papers."""
    notes = await read_notebook(lab, MAX_NOTES)
    return {
        "messages": [(message_id(message.number), message) for message in await newest_messages(lab, MAX_NOTES)],
        "notes": [(note, [experiment_id(number) for number in note.experiments]) for note in notes],
        "papers": await paper_uses(lab),
    }


def page(name: str, values: Mapping[str, Any], frame: Mapping[str, Any]) -> str:
    """Return a page: its template with its values, within the frame that all pages have."""
    return render(f"{name}.html", {**frame, **values, "place": name})
