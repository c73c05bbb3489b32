"""`labhand study`: runs the optimiser without an agent, as a baseline for agents. It proposes, launches and waits in turn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ..errors import AllowanceError, BadInputError
from ..lab.lab import Lab
from ..lab.launch import grid as grids
from ..lab.launch.suggest import ExhaustedError
from ..lab.monitor import waiting
from ..lab.results.table import get_results
from ..lab.status_line import lab_line
from ..schemas.launch import GridLaunch
from ..schemas.monitor import WaitQuery
from ..schemas.results import ResultsQuery
from .console import err, out, results_table
from .show import with_lab

CALLER = "study"
MAX_SHOWN = 10
WAIT_SECONDS = 3600.0


def run_study(root: Path, factors: Sequence[str], experiments: int, base: str) -> None:
    """Run experiments that the optimiser proposes, as slots become free, and print the best of them.

    Args:
        root: The lab's folder.
        factors: Such as `DEPTH=2,12`: two numbers are a range, anything else is the list of all values.
        experiments: Number of experiments to launch.
        base: The source in which the knobs are set.

    Raises:
        BadInputError: A factor can't be read.
    """
    space = dict(map(parse_factor, factors))
    with_lab(root, lambda lab: _study(lab, space, experiments, base))


def parse_factor(text: str) -> tuple[str, list[Any]]:
    """Return the knob and the values of `DEPTH=2,12` or `ADAM_BETAS=[[0.8, 0.95], [0.9, 0.98]]`.

    Raises:
        BadInputError: The text isn't a factor.
    """
    name, sign, values = text.partition("=")
    if not sign or not name.strip() or not values.strip():
        raise BadInputError(f"{text!r} is not a factor", "Write DEPTH=2,12 for a range, ACTIVATION=relu,gelu,silu for a list")
    if values.lstrip().startswith("["):
        try:
            listed = json.loads(values)
        except ValueError as error:
            raise BadInputError(
                f"{values!r} is not a JSON list: {error}", "Write ADAM_BETAS='[[0.8, 0.95], [0.9, 0.98]]'"
            ) from error
        return name.strip(), listed
    return name.strip(), [_value(value.strip()) for value in values.split(",")]


def _value(text: str) -> Any:  # noqa: ANN401 - a knob has a value of any type
    try:
        return json.loads(text)
    except ValueError:
        return text


async def _study(lab: Lab, factors: Mapping[str, list[Any]], experiments: int, base: str) -> None:
    launched: list[str] = []
    left, after = experiments, None
    while left > 0:
        line = await lab_line(lab)
        size = min(left, max(1, line.idle_gpus - line.queued))
        try:
            grid = await grids.launch_grid(lab, _batch(factors, base, size), CALLER)
        except (AllowanceError, BadInputError) as error:
            if not launched or not isinstance(error, (AllowanceError, ExhaustedError)):
                raise
            err.print(f"No more launches: {error}", markup=False)
            break
        left -= grid.total
        launched += [*grid.experiments, *grid.baseline]
        err.print(f"{experiments - left} of {experiments} launched. {grid.tells}", markup=False)
        after = await _wait(lab, launched, after, "any")
    await _wait(lab, launched, after, "all")
    results = await get_results(lab, ResultsQuery(ids=launched, limit=MAX_SHOWN))
    out.print(results_table(f"the best of {results.total} experiments", results.rows, results.common.model_dump()))


def _batch(factors: Mapping[str, list[Any]], base: str, size: int) -> GridLaunch:
    return GridLaunch(
        hypothesis="Proposed by the optimiser from what has run so far",
        factors=dict(factors),
        design="optimiser",
        size=size,
        base=base,
        theme=CALLER,
    )


async def _wait(lab: Lab, ids: Sequence[str], after: str | None, until: Literal["all", "any"]) -> str | None:
    """Wait until one more of the experiments has finished, or all that can finish. Return the cursor."""
    while True:
        query = WaitQuery(ids=list(ids), until=until, after=after, timeout_seconds=WAIT_SECONDS)
        answer = await waiting.wait(lab, query, CALLER)
        # With an unchanged cursor, the pending experiments are held.
        is_over = until == "any" or not answer.pending or answer.cursor == after
        after = answer.cursor
        if is_over and not answer.timed_out:
            return after
