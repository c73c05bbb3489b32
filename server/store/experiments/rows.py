"""Rows of the database as the records of `domain`."""

from __future__ import annotations

import json

from ...domain import Experiment, Failure, FailureDetail, Pool, Run, Status, Stratum, Verdict
from ..database import Row


def experiment(row: Row) -> Experiment:
    """A row of `experiments`, all columns selected."""
    failed = None
    if row["failure"] is not None:
        told = json.loads(row["failed"] or "{}")
        failed = FailureDetail(
            Failure(row["failure"]), told.get("message", ""), tuple(told.get("lines", ())), told.get("next_step", "")
        )
    result = json.loads(row["result"])
    return Experiment(
        number=row["number"],
        grid=row["grid"],
        variant=row["variant"],
        commit=row["commit_hash"],
        tree=row["tree"],
        base=row["base"],
        purpose=row["purpose"],
        hypothesis=row["hypothesis"],
        theme=row["theme"],
        changes=row["changes"],
        overrides=json.loads(row["overrides"]),
        launched_by=row["launched_by"],
        launched_at=row["launched_at"],
        priority=row["priority"],
        seed=row["seed"],
        replicate=row["replicate"],
        setting=row["setting"],
        gpu=row["gpu"],
        clock=row["clock"],
        budget_seconds=row["budget_seconds"],
        status=Status(row["status"]),
        attempts=row["attempts"],
        gpu_seconds=row["gpu_seconds"],
        usd=row["usd"],
        score=row["score"],
        stratum=row["stratum"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        gain=row["gain"],
        failed=failed,
        flags=(*json.loads(row["flags"]), *result.get("flags", ()), *([row["doubt"]] if row["doubt"] else [])),
        cancel_reason=row["cancel_reason"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=result,
    )


def run(row: Row) -> Run:
    """A row of `runs`."""
    return Run(
        id=row["id"],
        experiment=row["experiment"],
        attempt=row["attempt"],
        pool=row["pool"],
        handle=json.loads(row["handle"]),
        status=row["status"],
        created_at=row["created_at"],
        heartbeat_at=row["heartbeat_at"],
    )


def pool(row: Row) -> Pool:
    """A row of `pools`."""
    return Pool(
        name=row["name"],
        backend=row["backend"],
        gpu=row["gpu"],
        clock=row["clock"],
        slots=row["slots"],
        usd_per_hour=row["usd_per_hour"],
        note=row["note"],
        as_of=row["as_of"],
        taken=row["taken"],
        most_clusters=row["most_clusters"],
    )


def stratum(row: Row) -> Stratum:
    """A row of `strata`."""
    return Stratum(
        number=row["number"],
        facts=json.loads(row["facts"]),
        reference=row["reference"],
        replicates=row["replicates"],
        noise=row["noise"],
        degrees=row["degrees"],
    )
