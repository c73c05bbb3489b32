"""Runs that the lab ends early as doomed: which, why, and those that are run again to their end, to see its mistakes."""

# ruff: noqa: S608 - what is put into the statements are constants

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ...domain import Experiment
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
        run: That gave the score.
        is_reference: It is a replicate of what others are compared with.
    """

    run: str
    score: float
    is_reference: bool


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """An experiment that was stopped as doomed.

    Attributes:
        seconds: Of training, when it was judged.
        gpu_seconds: That its runs held.
        usual_gpu_seconds: That a scored one of its setting holds; None where none is scored.
        checked: What it scored when it was run again to its end; None where it wasn't, or isn't over.
        reference: The mean score of the reference in the stratum of that.
    """

    experiment: int
    seconds: float
    gpu_seconds: float
    usual_gpu_seconds: float | None
    checked: float | None
    reference: float | None


_TWIN = "other.tree = one.tree AND other.seed = one.seed AND other.budget_seconds = one.budget_seconds AND other.gpu = one.gpu"
_STOPPED = "stops JOIN experiments AS one ON one.number = stops.experiment AND one.status = 'stopped'"


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
    """Whether the same run was stopped before: who asks for it again wants to see its end."""
    sql = f"SELECT 1 FROM {_STOPPED} JOIN experiments AS other ON {_TWIN} WHERE other.number = ? AND one.number <> other.number"
    return await reader.row(sql, (experiment,)) is not None


async def ended(reader: Reader, setting: str, most: int) -> list[ScoredCurve]:
    """The newest scored experiments in the newest stratum of a setting, and of the reference; those in doubt are left out."""
    row = await reader.row(
        "SELECT stratum FROM experiments WHERE setting = ? AND stratum IS NOT NULL ORDER BY number DESC LIMIT 1", (setting,)
    )
    champion = await champions.of_stratum(reader, row["stratum"]) if row else None
    if row is None or champion is None:
        return []
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
    numbers = {reference["number"] for reference in references}
    return [_ended(each) for each in (*references, *(other for other in others if other["number"] not in numbers))]


async def unchecked(tx: Transaction) -> list[tuple[int, Experiment]]:
    """Stopped experiments that may be spot-checked, each with its place among all, that nobody ran again or is to run again."""
    rows = await tx.rows(
        f"SELECT one.*, stops.number AS place FROM {_STOPPED}"
        f" WHERE stops.number % {SPOT_CHECK} = 1 AND NOT EXISTS (SELECT 1 FROM experiments AS other WHERE {_TWIN}"
        " AND (other.purpose = 'spot_check' OR other.status NOT IN ('failed', 'cancelled', 'stopped'))) ORDER BY place"
    )
    return [(row["place"], experiment_record(row)) for row in rows]


async def stopped(reader: Reader, experiments: Sequence[int]) -> list[EarlyStop]:
    """Returns those of the experiments that were stopped as doomed, by number."""
    rows = await reader.rows(
        "SELECT one.number, one.setting, stops.seconds, one.gpu_seconds, other.score AS checked, strata.reference"
        f" FROM {_STOPPED} LEFT JOIN experiments AS other ON {_TWIN} AND other.purpose = 'spot_check'"
        " LEFT JOIN strata ON strata.number = other.stratum"
        " WHERE one.number IN (SELECT value FROM json_each(?)) ORDER BY one.number",
        (json.dumps(list(experiments)),),
    )
    # Once for each setting: a mean for each row would read the whole ledger as often as a run was stopped.
    usual = {setting: await workload.mean_gpu_seconds(reader, setting) for setting in {row["setting"] for row in rows}}
    return [
        EarlyStop(row["number"], row["seconds"], row["gpu_seconds"], usual[row["setting"]], row["checked"], row["reference"])
        for row in rows
    ]


def _ended(row: Row) -> ScoredCurve:
    return ScoredCurve(run_id(row["number"], row["attempts"]), row["score"], bool(row["is_reference"]))
