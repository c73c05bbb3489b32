"""The pairs of a validation: the candidate and another source, both on one seed that no other validation or idea has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...domain import LAB, PENDING, PRIORITIES, Experiment, Purpose, Status, is_comparable
from ...ids import experiment_id
from ...seeds import SeedStream
from .. import facts
from ..database import Reader, Row, Transaction
from ..experiments.rows import find_experiment, last_used_number, save_experiments
from . import validations
from .validations import Stage, StageKind, Validation

_MEMBERS = (
    "SELECT 1 FROM paired JOIN experiments ON experiments.number = experiment"
    " WHERE validation = validations.number AND paired.stage = validations.stage"
)


@dataclass(frozen=True, slots=True)
class PairArm:
    """One experiment of a pair.

    Attributes:
        score: None until it is scored, if it failed, and if its score is out of range.
        metrics: Of its run, by name.
        flags: Of its source.
        output: The fingerprint of what its run printed; None if it isn't known.
    """

    number: int
    status: Status
    score: float | None
    stratum: int | None
    metrics: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"])
    flags: Sequence[str] = ()
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two experiments on one seed."""

    candidate: PairArm
    against: PairArm
    seed: int

    @property
    def is_scored(self) -> bool:
        """Whether both have a score, in one stratum."""
        scores = (self.candidate.score, self.against.score)
        return None not in scores and self.candidate.stratum == self.against.stratum

    @property
    def unfinished(self) -> list[int]:
        """The numbers of the experiments that are queued or running."""
        return [arm.number for arm in (self.candidate, self.against) if arm.status in PENDING]


async def queue(
    tx: Transaction, validation: Validation, stage: Stage, count: int, now: float, *, extends: bool = False
) -> dict[str, str]:
    """Queue more pairs of a stage.

    Args:
        tx: The transaction.
        validation: The validation.
        stage: The stage.
        count: The number of pairs.
        now: Unix time.
        extends: The runs may go on from those of the stage before. So its pairs have the seeds of that stage's pairs as long as
            there are any, and then the next seeds of its own stream, as all pairs have otherwise.

    Returns:
        The commit of each new experiment, by id.
    """
    champion = None if stage.kind is StageKind.REPORT else await validations.experiment_of(tx, validation.champion)
    arms = (
        await _arm(tx, validation, stage, validation.commit, validation.candidate, now),
        await _arm(tx, validation, stage, stage.against, champion, now),
    )
    number = await last_used_number(tx)
    queued = await of_stage(tx, validation.number, stage.place)
    shared = await _seeds_before(tx, validation, stage, queued) if extends else []
    fresh: list[Experiment] = []
    for place, drawn in enumerate(await _seeds(tx, validation, stage, shared, len(queued), count), len(queued)):
        for arm in arms:
            number += 1
            fresh.append(replace(arm, number=number, replicate=place, seed=drawn))
    await save_experiments(tx, fresh)
    await tx.many(
        "INSERT INTO pairs (validation, stage, place, candidate, against) VALUES (?, ?, ?, ?, ?)",
        [
            (validation.number, stage.place, candidate.replicate, candidate.number, against.number)
            for candidate, against in zip(fresh[::2], fresh[1::2], strict=True)
        ],
    )
    # The candidate comes last: that is what a plain `git log` shows.
    return {experiment.id: experiment.commit for experiment in (*fresh[1::2], *fresh[::2])}


async def _seeds(
    tx: Transaction, validation: Validation, stage: Stage, shared: Sequence[int], first: int, count: int
) -> list[int]:
    """Return the seeds of the next pairs of a stage: the shared ones, and behind them those of its own stream."""
    lab = await facts.fact(tx, facts.IDENTITY) or ""
    stream = SeedStream.of_pairs(lab, stage.setting, validation.id, stage.kind)
    return [*shared[:count], *map(stream.seed, range(first + len(shared), first + count))]


async def _seeds_before(tx: Transaction, validation: Validation, stage: Stage, queued: Sequence[Pair]) -> list[int]:
    """Return the seeds of the scored pairs of the stage before, in their order, less those that this stage has."""
    taken = {pair.seed for pair in queued}
    before = await of_stage(tx, validation.number, stage.place - 1)
    return [pair.seed for pair in before if pair.is_scored and pair.seed not in taken]


async def of_stage(reader: Reader, validation: int, stage: int) -> list[Pair]:
    """Return the pairs of a stage in the order of their seeds."""
    rows = await reader.rows(
        "SELECT c.seed, c.number, c.status, c.score, c.stratum, c.result ->> '$.metrics' AS metrics, c.flags,"
        " c.result ->> '$.output' AS output, a.number AS a_number, a.status AS a_status, a.score AS a_score,"
        " a.stratum AS a_stratum, a.result ->> '$.metrics' AS a_metrics, a.flags AS a_flags,"
        " a.result ->> '$.output' AS a_output"
        " FROM pairs JOIN experiments AS c ON c.number = candidate"
        " JOIN experiments AS a ON a.number = against WHERE validation = ? AND stage = ? ORDER BY place",
        (validation, stage),
    )
    return [Pair(_pair_arm(row, ""), _pair_arm(row, "a_"), row["seed"]) for row in rows]


async def members(reader: Reader, validation: int) -> list[int]:
    """Return the numbers of all experiments of a validation."""
    rows = await reader.rows("SELECT experiment FROM paired WHERE validation = ? ORDER BY experiment", (validation,))
    return [row["experiment"] for row in rows]


async def need_a_look(reader: Reader) -> bool:
    """Return whether a validation waits for nothing that runs: all its pairs have finished, or one was cancelled."""
    sql = (
        # The index holds open validations only, which are few. Without the hint SQLite reads all of them at each look.
        "SELECT 1 FROM validations INDEXED BY validations_open WHERE finished_seq IS NULL"  # noqa: S608  this module's text
        f" AND (NOT EXISTS ({_MEMBERS} AND finished_seq IS NULL) OR EXISTS ({_MEMBERS} AND status = 'cancelled')) LIMIT 1"
    )
    return await reader.row(sql) is not None


async def _arm(
    tx: Transaction, validation: Validation, stage: Stage, commit: str, idea_of: int | None, now: float
) -> Experiment:
    """Return one side of a stage as an experiment without number and seed: the source of an experiment, or the baseline."""
    source = await tx.row("SELECT tree, flags FROM sources WHERE commit_hash = ?", (commit,))
    idea = await find_experiment(tx, idea_of) if idea_of is not None else None
    against = "the baseline" if stage.kind is StageKind.REPORT else "the champion"
    return Experiment(
        number=0,
        grid=None,
        variant="",
        commit=commit,
        tree=source["tree"] if source else "",
        base=idea.base if idea else None,
        purpose=Purpose.REPORT if stage.kind is StageKind.REPORT else Purpose.VALIDATION,
        hypothesis=f"{validation.id}: {experiment_id(validation.candidate)} against {against}",
        theme=None,
        changes=idea.changes if idea else "unchanged",
        overrides=idea.overrides if idea else {},
        flags=json.loads(source["flags"]) if source else (),
        launched_by=LAB,
        launched_at=now,
        priority=PRIORITIES["high"],
        seed=0,
        replicate=0,
        setting=stage.setting,
        gpu=validation.gpu,
        clock=validation.clock,
        budget_seconds=stage.budget_seconds,
        status=Status.QUEUED,
        attempts=0,
        gpu_seconds=stage.gpu_seconds,
        usd=stage.usd,
        plan=validation.plan,
    )


def _pair_arm(row: Row, prefix: str) -> PairArm:
    score = row[f"{prefix}score"]
    comparable = score if score is not None and is_comparable(score) else None
    return PairArm(
        number=row[f"{prefix}number"],
        status=Status(row[f"{prefix}status"]),
        score=comparable,
        stratum=row[f"{prefix}stratum"],
        metrics=json.loads(row[f"{prefix}metrics"] or "{}"),
        flags=json.loads(row[f"{prefix}flags"]),
        output=row[f"{prefix}output"],
    )
