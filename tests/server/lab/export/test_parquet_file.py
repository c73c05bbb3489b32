"""A Parquet file, read back by pyarrow."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from labhand.server.errors import BadInputError
from labhand.server.lab.export.exported_run import exported_runs
from labhand.server.lab.export.parquet_file import write_parquet
from labhand.server.lab.lab import Lab

from .. import builders
from .stored_lab import CURVE, judge_again, put_stored_lab

PARQUET: Any = import_module("pyarrow.parquet")  # it has no types
pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    put_stored_lab(tmp_path)
    opened = await Lab.open(tmp_path, wake=lambda _: None)
    yield opened
    await opened.close()


def names_with(folder: Path, word: str) -> list[str]:
    """The names in a folder that contain a word."""
    return [path.name for path in folder.iterdir() if word in path.name]


async def test_a_row_for_each_experiment_with_a_column_for_each_knob(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "results.parquet"
    count = await write_parquet(lab, file)
    runs = [run async for block in exported_runs(lab) for run in block]
    table = PARQUET.read_table(file)
    rows = table.to_pylist()
    assert count == len(rows) == len(runs)
    for row, run in zip(rows, runs, strict=True):
        assert (row["id"], row["score"], row["gain"], row["seed"]) == (run.id, run.score, run.gain, run.seed)
        assert (row["verdict"], row["reason"] or "", row["stratum"]) == (run.verdict, run.reason, run.stratum)
        assert row["knobs.X"] == run.knobs["X"]
        assert abs(row["finished_at"] - datetime.fromtimestamp(run.finished_at, UTC)) < timedelta(milliseconds=1)
    assert rows[0]["curve"] == [{"seconds": seconds, "loss": loss} for seconds, loss in CURVE]
    types = {name: str(table.schema.field(name).type) for name in ("knobs.X", "knobs.STEPS", "knobs.FAIL", "knobs.WEIGHTS")}
    assert types == {"knobs.X": "double", "knobs.STEPS": "int64", "knobs.FAIL": "bool", "knobs.WEIGHTS": "string"}
    assert rows[0]["knobs.WEIGHTS"] == "[1.0, 0.5]"
    assert table.schema.metadata[b"labhand.metric"] == b"val_loss"


async def test_a_second_export_replaces_the_file(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "results.parquet"
    await write_parquet(lab, file)
    judge_again(lab.folder, 0.25)
    count = await write_parquet(lab, file)
    rows = PARQUET.read_table(file).to_pylist()
    assert len(rows) == count
    assert (rows[0]["gain"], rows[0]["reason"]) == (0.25, "judged again")
    assert names_with(tmp_path, "results") == ["results.parquet"]


async def test_a_lab_without_experiments_gives_a_file_without_rows(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        assert await write_parquet(lab, tmp_path / "empty.parquet") == 0
    table = PARQUET.read_table(tmp_path / "empty.parquet")
    assert table.num_rows == 0
    assert {"id", "score", "curve"} <= set(table.column_names)


async def test_a_knob_of_several_kinds_is_json_and_a_large_number_is_no_failure(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for place, knobs in enumerate((r'{"A": 1, "B": 1, "C": null}', r'{"A": "x", "B": 18446744073709551616, "C": 2.5}')):
            commit = await builders.source(lab, {"train.py": f"X = {place}\n"})
            async with lab.db.transaction() as tx:
                await tx.execute("UPDATE sources SET knobs = ? WHERE commit_hash = ?", (knobs, commit[0]))
            await builders.experiment(lab, score=1.0, commit=commit)
        await write_parquet(lab, tmp_path / "mixed.parquet")
    rows = PARQUET.read_table(tmp_path / "mixed.parquet").to_pylist()
    assert [row["knobs.A"] for row in rows] == ["1", '"x"']
    assert [row["knobs.B"] for row in rows] == [1.0, float(2**64)]
    assert [row["knobs.C"] for row in rows] == [None, 2.5]


async def test_a_file_that_cannot_be_written_is_said(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"can't be written: No such file or directory\. Name another file with --output"):
        await write_parquet(lab, tmp_path / "no" / "results.parquet")
