"""An experiment's columns are written down once."""

from __future__ import annotations

import sqlite3
from dataclasses import fields, replace
from pathlib import Path

import pytest
from labhand.server.domain import Experiment, Purpose, Status
from labhand.server.store.experiments.rows import COLUMNS, find_experiment, save_experiments
from labhand.server.store.migrations import schema

from ...lab import builders

pytestmark = pytest.mark.anyio
READ_TOGETHER = {"failure", "failed", "doubt"}
"""Columns of which one field is made, or a part of one."""
NOT_READ = {"must_beat", "finished_seq", "nonce"}
"""Columns that only questions to the database use."""


def test_every_field_of_an_experiment_is_a_column_and_every_column_a_field() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(schema())
        in_schema = {row[1] for row in connection.execute("PRAGMA table_info(experiments)")}
    connection.close()

    assert {column.name for column in COLUMNS} == in_schema - READ_TOGETHER - NOT_READ
    assert {column.field for column in COLUMNS} == {field.name for field in fields(Experiment)} - {"failed"}


async def test_an_experiment_is_read_as_it_was_queued(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        number = await builders.experiment(lab, status=Status.QUEUED)
        queued = await find_experiment(lab.db, number)
        assert queued is not None
        another = replace(
            queued,
            number=number + 1,
            tree="another",
            purpose=Purpose.SPOT_CHECK,
            overrides={"DEPTH": 4, "BETAS": [0.8, 0.95]},
            flags=("seed: manual_seed(1) in train.py",),
            theme="depth",
        )
        async with lab.db.transaction() as tx:
            await save_experiments(tx, [another])

        assert await find_experiment(lab.db, number + 1) == another
