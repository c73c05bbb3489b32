"""Which experiments a caller's ids select: experiments, grids, validations and ranges, as a filter for the store."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import NotFoundError
from ..ids import experiment_id, grid_id, parse_ids, validation_id
from ..store.experiments import pages
from ..store.experiments.filter import Filter
from ..store.experiments.rows import newest_number
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
    unknown = [
        *map(experiment_id, await pages.unknown(lab.db, "experiments", experiments)),
        *map(grid_id, await pages.unknown(lab.db, "grids", grids)),
        *map(validation_id, await pages.unknown(lab.db, "validations", tests)),
    ]
    if unknown:
        newest = await newest_number(lab.db)
        last = f"The newest is {experiment_id(newest)}" if newest else "Nothing has been launched yet"
        raise NotFoundError(f"There is no {', '.join(unknown[:MAX_NAMED_UNKNOWN])}", f"{last}; get_results lists what exists")
    return Filter(experiments=experiments, grids=grids, validations=tests)


async def kind_named(lab: Lab, gpu: str | None) -> str | None:
    """Return a kind of GPU as the lab's pools write it, if they have it in other letters; otherwise as it is."""
    if gpu is None:
        return None
    kinds = {pool.gpu.casefold(): pool.gpu for pool in await lab.pools()}
    return kinds.get(gpu.strip().casefold(), gpu)
