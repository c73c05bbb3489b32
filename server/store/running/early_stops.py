"""Runs that the lab ends early as doomed, and those of them that are run again to their end, to count mistakes."""

# ruff: noqa: S608 - what is put into the statements are constants

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ...domain import Experiment, is_comparable
from ...ids import run_id
from ...research.policy import SPOT_CHECK
from ..comparison import champions
from ..database import Reader, Row, Transaction
from ..experiments import cancellation, workload
from ..experiments.rows import experiment_record


@dataclass(frozen=True, slots=True)
class ScoredCurve:
    """A scored experiment, whose curve others are compared with.

    Attributes:
        run: The id of the run that was scored.
        is_reference: It is a replicate of the reference.
    """

    run: str
    score: float
    is_reference: bool


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """An experiment that was stopped as doomed.

    Attributes:
        seconds: Seconds of training when it was judged.
        gpu_seconds: GPU-seconds that its runs held.
        usual_gpu_seconds: GPU-seconds that a scored experiment of its setting holds on average; None if none is scored.
        checked: Its score when it was run again to its end; None if it wasn't, or hasn't finished.
        reference: The mean score of the reference in the stratum of that score.
    """

    experiment: int
    seconds: float
    gpu_seconds: float
    usual_gpu_seconds: float | None
    checked: float | None
    reference: float | None


_SAME_RUN = (
    "other.tree = doomed.tree AND other.seed = doomed.seed AND other.budget_seconds = doomed.budget_seconds"
    " AND other.gpu = doomed.gpu"
)
_STOPPED = "stops JOIN experiments AS doomed ON doomed.number = stops.experiment AND doomed.status = 'stopped'"


async def ask(tx: Transaction, experiment: int, reason: str, seconds: float, now: float) -> None:
    """Note that an experiment is to end as doomed, unless someone asked for its end before."""
    asked = await tx.execute(
        "INSERT INTO stops (number, experiment, reason, seconds, since)"
        " SELECT (SELECT coalesce(max(number), 0) + 1 FROM stops), number, ?, ?, ? FROM experiments"
        " WHERE number = ? AND cancel_reason IS NULL",
        (reason, seconds, now, experiment),
    )
    if asked:
        await cancellation.ask_to_end(tx, [experiment], reason)


async def withdraw(tx: Transaction, experiment: int) -> None:
    """Forget a stop: the run ended otherwise before it could be stopped."""
    await tx.execute("DELETE FROM stops WHERE experiment = ?", (experiment,))


async def was_stopped_before(reader: Reader, experiment: int) -> bool:
    """Return whether the same run was stopped before. Whoever launches it again wants to see its end."""
    sql = (
        f"SELECT 1 FROM {_STOPPED} JOIN experiments AS other ON {_SAME_RUN}"
        " WHERE other.number = ? AND doomed.number <> other.number"
    )
    return await reader.row(sql, (experiment,)) is not None


async def ended(reader: Reader, setting: str, most: int) -> list[ScoredCurve]:
    """Return the newest scored experiments of a setting's newest stratum, and of the reference, without those in doubt."""
    row = await reader.row(
        "SELECT stratum FROM experiments WHERE setting = ? AND stratum IS NOT NULL ORDER BY number DESC LIMIT 1", (setting,)
    )
    champion = await champions.champion(reader)
    if row is None or champion is None:
        return []
    # Unary plus keeps SQLite from the index on the stratum, which may hold every experiment: the conditions on the source, the
    # purpose or the order of finishing select the few rows that are wanted.
    scored = (
        "SELECT number, attempts, score, {} AS is_reference FROM experiments WHERE {} AND +stratum = ? AND must_beat IS NULL"
    )
    is_baseline = champion.experiment is None
    reference = "purpose = 'baseline' AND setting = ?" if is_baseline else "tree = ?"
    references = await reader.rows(
        f"{scored.format(1, reference)} AND score IS NOT NULL ORDER BY number DESC LIMIT ?",
        (setting if is_baseline else champion.tree, row["stratum"], most),
    )
    others = await reader.rows(
        f"{scored.format(0, 'finished_seq IS NOT NULL')} AND +score IS NOT NULL ORDER BY finished_seq DESC LIMIT ?",
        (row["stratum"], most),
    )
    numbers = {scored_row["number"] for scored_row in references}
    different = (scored_row for scored_row in others if scored_row["number"] not in numbers)
    return [_ended(scored_row) for scored_row in (*references, *different) if is_comparable(scored_row["score"])]


async def unchecked(tx: Transaction) -> list[tuple[int, Experiment]]:
    """Return the stopped experiments that may be spot-checked, that nobody has run again or queued again, with their places."""
    rows = await tx.rows(
        f"SELECT doomed.*, stops.number AS place FROM {_STOPPED}"
        f" WHERE stops.number % {SPOT_CHECK} = 1 AND NOT EXISTS (SELECT 1 FROM experiments AS other WHERE {_SAME_RUN}"
        " AND (other.purpose = 'spot_check' OR other.status NOT IN ('failed', 'cancelled', 'stopped'))) ORDER BY place"
    )
    return [(row["place"], experiment_record(row)) for row in rows]


async def stopped(reader: Reader, experiments: Sequence[int]) -> list[EarlyStop]:
    """Return those of the experiments that were stopped as doomed, by number."""
    rows = await reader.rows(
        "SELECT doomed.number, doomed.setting, stops.seconds, doomed.gpu_seconds, other.score AS checked, strata.reference"
        f" FROM {_STOPPED} LEFT JOIN experiments AS other ON {_SAME_RUN} AND other.purpose = 'spot_check'"
        " LEFT JOIN strata ON strata.number = other.stratum"
        " WHERE doomed.number IN (SELECT value FROM json_each(?)) ORDER BY doomed.number",
        (json.dumps(list(experiments)),),
    )
    # Once for each setting: a mean for each row would read the whole database as often as a run was stopped.
    usual = {setting: await workload.mean_gpu_seconds(reader, setting) for setting in {row["setting"] for row in rows}}
    return [
        EarlyStop(row["number"], row["seconds"], row["gpu_seconds"], usual[row["setting"]], row["checked"], row["reference"])
        for row in rows
    ]


def _ended(row: Row) -> ScoredCurve:
    return ScoredCurve(run_id(row["number"], row["attempts"]), row["score"], bool(row["is_reference"]))
