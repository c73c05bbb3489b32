"""What the lab runs again by itself: suspected scores, runs that it stopped, the baseline now and then, the champion."""

# ruff: noqa: S608  statements are put together of this module's own text; values are parameters

from __future__ import annotations

import json
from dataclasses import replace

from ...domain import LAB, PENDING, PRIORITIES, Experiment, Purpose, Status
from ..comparison.champions import Champion
from ..database import Reader, Transaction
from . import rows, workload
from .rows import save_experiments

_PENDING = json.dumps(sorted(PENDING))
_OF_CHAMPION = "(tree = ? OR (? AND purpose = 'baseline') OR (purpose = 'champion' AND base = ?))"
"""The replicates of a champion, as `comparison.strata` recognises them."""


async def next_replicate(reader: Reader, experiment: Experiment) -> int:
    """Return the first k that no experiment on this source has had in its setting."""
    row = await reader.row(
        "SELECT coalesce(max(replicate) + 1, 0) AS fresh FROM experiments WHERE tree = ? AND setting = ?",
        (experiment.tree, experiment.setting),
    )
    return int(row["fresh"]) if row else 0


async def newest_baseline(reader: Reader, setting: str) -> Experiment | None:
    """Return the newest replicate of the baseline in a setting, whatever its status; None if there is none."""
    row = await reader.row(
        "SELECT * FROM experiments WHERE setting = ? AND purpose = 'baseline' ORDER BY number DESC LIMIT 1", (setting,)
    )
    return rows.experiment_record(row) if row else None


async def newest_of_champion(reader: Reader, champion: Champion, trainer: str) -> Experiment | None:
    """Return the newest replicate of the champion that ran with a version of the trainer; None if none did.

    Args:
        reader: The database.
        champion: The champion.
        trainer: The trainer and the digest of its protected files: the beginning of a setting, up to the first slash.
    """
    row = await reader.row(
        f"SELECT * FROM experiments WHERE {_OF_CHAMPION} AND substr(setting, 1, ?) = ? ORDER BY number DESC LIMIT 1",
        (*_of(champion), len(trainer) + 1, f"{trainer}/"),
    )
    return rows.experiment_record(row) if row else None


async def unscored_replicates(reader: Reader, champion: Champion, setting: str) -> tuple[int, int]:
    """Return how many replicates of the champion are pending in a setting, and how many failed there."""
    row = await reader.row(
        "SELECT total(status IN (SELECT value FROM json_each(?))) AS pending, total(status = 'failed') AS failed"
        f" FROM experiments WHERE {_OF_CHAMPION} AND setting = ?",
        (_PENDING, *_of(champion), setting),
    )
    return (int(row["pending"]), int(row["failed"])) if row else (0, 0)


async def scored_since(reader: Reader, experiment: Experiment) -> int:
    """Return how many experiments of its setting have been scored since an experiment finished."""
    # Unary plus keeps SQLite from the indexes on settings and scores: few experiments have finished since.
    row = await reader.row(
        "SELECT count(*) FROM experiments WHERE finished_seq >"
        " (SELECT finished_seq FROM experiments WHERE number = ?) AND +setting = ? AND +score IS NOT NULL",
        (experiment.number, experiment.setting),
    )
    return int(row[0]) if row else 0


async def was_slowed_since(reader: Reader, experiment: Experiment) -> bool:
    """Returns whether the machine took steps away from a run of the setting since an experiment finished."""
    row = await reader.row(
        "SELECT 1 FROM experiments WHERE finished_seq > (SELECT finished_seq FROM experiments WHERE number = ?)"
        " AND +setting = ? AND doubt IN ('contended', 'slow') LIMIT 1",
        (experiment.number, experiment.setting),
    )
    return row is not None


async def is_busy(reader: Reader, setting: str) -> bool:
    """Return whether anything of a setting is queued or runs."""
    # `+setting` keeps SQLite from the index on settings, which holds finished experiments, too: few are pending.
    sql = "SELECT 1 FROM experiments WHERE status IN ('queued', 'starting', 'running', 'evaluating') AND +setting = ? LIMIT 1"
    return await reader.row(sql, (setting,)) is not None


async def reserve(reader: Reader, experiment: Experiment) -> float:
    """Return the GPU-seconds to reserve for running an experiment again, which may have been cut short the first time."""
    return max(experiment.gpu_seconds, await workload.mean_gpu_seconds(reader, experiment.setting) or 0.0)


async def queue_again(
    tx: Transaction, experiment: Experiment, *, number: int, purpose: Purpose, why: str, replicate: int, seed: int, now: float
) -> None:
    """Queue an experiment's source once more, as `number`, with high priority.

    Args:
        tx: The transaction.
        experiment: Whose source is run again.
        number: Of the new experiment.
        purpose: Of the new experiment.
        why: Its hypothesis.
        replicate: Its place in the stream of seeds.
        seed: The seed at that place.
        now: Unix time.
    """
    seconds = await reserve(tx, experiment)
    source = await tx.row("SELECT flags FROM sources WHERE commit_hash = ?", (experiment.commit,))
    again = replace(
        experiment,
        number=number,
        grid=None,
        variant="",
        purpose=purpose,
        hypothesis=why,
        theme=None,
        flags=json.loads(source["flags"]) if source else (),
        launched_by=LAB,
        launched_at=now,
        priority=PRIORITIES["high"],
        seed=seed,
        replicate=replicate,
        status=Status.QUEUED,
        gpu_seconds=seconds,
        usd=experiment.usd * seconds / experiment.gpu_seconds if experiment.gpu_seconds else 0.0,
    )
    await save_experiments(tx, [again])


async def suspect(tx: Transaction, experiment: int, must_beat: float) -> None:
    """Write down what another seed has to score better than for an experiment to count."""
    await tx.execute("UPDATE experiments SET must_beat = ? WHERE number = ?", (must_beat, experiment))


async def unanswered_suspicions(tx: Transaction) -> list[Experiment]:
    """Return suspected experiments whose source was never run again, and has no other seed that is scored or may still be."""
    suspected = await tx.rows(
        # The index holds suspected experiments only, which are few. Without the hint SQLite may read the whole table.
        "SELECT * FROM experiments AS suspected INDEXED BY experiments_suspected WHERE must_beat IS NOT NULL AND NOT EXISTS ("
        " SELECT 1 FROM experiments AS other WHERE other.tree = suspected.tree AND other.setting = suspected.setting"
        " AND other.number <> suspected.number"
        " AND (other.purpose = 'recheck' OR other.status NOT IN ('failed', 'cancelled', 'stopped')))"
    )
    return [rows.experiment_record(row) for row in suspected]


def _of(champion: Champion) -> tuple[str, bool, int | None]:
    return champion.tree, champion.experiment is None, champion.experiment
