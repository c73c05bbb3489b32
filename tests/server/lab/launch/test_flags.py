"""Flags, from the change that earns them to the reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.server.lab.inspect.experiment import get_experiment
from labhand.server.lab.lab import Lab
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.results import ResultsQuery

from .. import builders, writing

pytestmark = pytest.mark.anyio

EDIT = {"find": "import random\n", "replace": "import random\nrandom.seed(42)\n"}
FLAG = "seed: random.seed(42) in train.py"


async def succeed(lab: Lab, id: str, score: float, **columns: object) -> None:
    """Let an experiment succeed, as far as tables look at it."""
    values = {
        "status": "succeeded",
        "score": score,
        "stratum": await builders.stratum(lab),
        "verdict": "inconclusive",
        "finished_seq": int(id[1:]),
        **columns,
    }
    async with lab.db.transaction() as tx:
        await tx.execute(
            f"UPDATE experiments SET {', '.join(f'{name} = ?' for name in values)} WHERE number = ?",  # noqa: S608
            [*values.values(), int(id[1:])],
        )


async def test_a_launch_says_what_its_change_touches_and_runs_it(tmp_path: Path) -> None:
    async with writing.opened(tmp_path) as lab:
        told = await writing.launch(lab, edits=[EDIT])
        assert told.flags == [FLAG]
        assert told.experiments
        plain = await writing.launch(lab, overrides={"X": 2.0})
        assert plain.flags == []


async def test_what_is_made_from_a_flagged_source_is_flagged_too(tmp_path: Path) -> None:
    async with writing.opened(tmp_path) as lab:
        first = await writing.launch(lab, edits=[EDIT])
        later = await writing.launch(lab, base=first.experiments[0], overrides={"X": 2.0})
        grid = await writing.launch_grid(lab, base=first.experiments[0], factors={"X": [3.0, 4.0]})
        assert later.flags == grid.flags == [FLAG]
        found = await writing.experiments(lab)
        assert [one.id for one in found if one.flags] == [*first.experiments, *later.experiments, *_ids(grid.experiments)]


async def test_a_row_has_the_kinds_and_one_experiment_all_of_them(tmp_path: Path) -> None:
    async with writing.opened(tmp_path) as lab:
        [id] = (await writing.launch(lab, edits=[EDIT])).experiments
        seen = {"flags": ["clock: claims 20 s, and used 31", "clock: odd"]}
        await succeed(lab, id, 1.9, doubt="unseeded", result=json.dumps(seen))
        [row] = (await get_results(lab, ResultsQuery(ids=[id]))).rows
        assert row.flags == ["seed", "clock", "unseeded"]
        [row] = (await get_results(lab, ResultsQuery(ids=[id], detail="detailed"))).rows
        assert row.flags == [FLAG, *seen["flags"], "unseeded"]
        assert (await get_experiment(lab, id)).flags == row.flags


def _ids(ranges: list[str]) -> list[str]:
    [span] = ranges
    first, last = span.split("-")
    return [f"e{number:04d}" for number in range(int(first[1:]), int(last[1:]) + 1)]
