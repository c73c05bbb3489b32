"""Which experiments a caller's ids select: experiments, grids, validations and ranges, as a filter for the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import NotFoundError
from ..ids import experiment_id, grid_id, parse_ids, validation_id
from ..store.experiments import paging
from ..store.experiments.filter import Filter
from ..store.experiments.paging import NumberedTable
from .lab import Lab

MAX_NAMED_UNKNOWN = 5
"""How many unknown ids an error names."""


async def select(lab: Lab, ids: Iterable[str]) -> Filter:
    """Return the filter that selects the experiments with these ids, and those of the grids and validations.

    Args:
        lab: The lab.
        ids: `e0042`, `g007`, `v003`, and ranges such as `e0001-e0008`.

    Raises:
        BadInputError: A text is not an id.
        NotFoundError: An id doesn't exist in this lab.
    """
    experiments, grids, tests = parse_ids(ids)
    unknown: list[str] = []
    newest: list[str] = []
    tables: list[tuple[NumberedTable, list[int], Callable[[int], str]]] = [
        ("experiments", experiments, experiment_id),
        ("grids", grids, grid_id),
        ("validations", tests, validation_id),
    ]
    for table, numbers, name in tables:
        missing = await paging.unknown(lab.db, table, numbers)
        unknown += map(name, missing)
        if missing:
            last = await paging.newest(lab.db, table)
            newest.append(f"the newest of the {table} is {name(last)}" if last else f"there are no {table} yet")
    if unknown:
        more = f" and {len(unknown) - MAX_NAMED_UNKNOWN} more" if len(unknown) > MAX_NAMED_UNKNOWN else ""
        remedy = "; ".join(newest)
        raise NotFoundError(
            f"There is no {', '.join(unknown[:MAX_NAMED_UNKNOWN])}{more}",
            f"{remedy[0].upper()}{remedy[1:]}. get_results lists what exists",
        )
    return Filter(experiments=experiments, grids=grids, validations=tests)


async def kind_named(lab: Lab, gpu: str | None) -> str | None:
    """Return a kind of GPU as the lab's pools write it, if they have it in other letters; otherwise as it is."""
    if gpu is None:
        return None
    kinds = {pool.gpu.casefold(): pool.gpu for pool in await lab.pools()}
    return kinds.get(gpu.strip().casefold(), gpu)
