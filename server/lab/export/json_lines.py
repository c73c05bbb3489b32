"""Every finished experiment as a line of JSON, with all that the tools tell of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from ...schemas.results import ResultsQuery, whole_row
from ..lab import Lab
from ..results.table import get_results

PAGE_ROWS = 100


async def json_lines(lab: Lab) -> AsyncGenerator[str]:
    """Yield a line for each finished experiment, the oldest first. What all rows share stands in each line.

    What a tool doesn't show, such as a score on the sealed test split, isn't in it.
    """
    query = ResultsQuery(status="finished", sort_by="id", order="ascending", limit=PAGE_ROWS, detail="detailed")
    while True:
        results = await get_results(lab, query)
        for row in results.rows:
            values = whole_row(row, results.common)
            facts = {"metric": results.common.metric, "direction": results.common.direction}
            filled = {name: value for name, value in (facts | values).items() if value not in (None, [], {})}
            yield json.dumps(filled, ensure_ascii=False)
        if results.next_cursor is None:
            return
        query = ResultsQuery.model_validate({**query.model_dump(exclude_unset=True), "cursor": results.next_cursor})
