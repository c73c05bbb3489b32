"""The next step: the first call of a fixed order that the lab would accept now, and that would bring something new.

Whether a launch or a validation would be accepted is found out by its dry run, so that no hint names a call that is refused.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...domain import ACTIVE, Experiment, Verdict
from ...errors import AllowanceError, LabhandError
from ...ids import id_ranges
from ...schemas.inspect import ExperimentQuery, SourceQuery
from ...schemas.launch import Launch
from ...schemas.messages import Request, changed
from ...schemas.monitor import WaitQuery
from ...schemas.results import ResultsQuery
from ...schemas.validation import ValidationRequest
from ...store.comparison import validations
from ...store.experiments import progress, workload
from ...store.experiments.filter import Filter
from ...store.money import plan_budgets, spending
from ...store.money.spending import Committed
from ...store.running.holds import active_holds
from .. import allowance, proposals
from ..lab import Lab
from ..launch import experiments as experiment_launch
from ..launch import validate as validation_launch
from ..references import BASELINE
from .alerts import MAX_RANGES

MAX_COMBINED = 3
"""Winners that one suggested launch combines."""
MAX_MERGES = 8
"""Merges that are tried for one suggestion."""
MAX_CANDIDATES = 5
"""Winners whose validation is tried for one suggestion."""


def hint(request: Request, why: str) -> str:
    """Return a call and its reason as one line: `wait(ids=["e0001"]): returns what finishes`."""
    return f"{request.as_call()}: {why}"


async def next_step(lab: Lab, winners: Sequence[Experiment], uncombined: Sequence[str]) -> str:
    """Return the call that is useful next, with its reason.

    Args:
        lab: The lab.
        winners: The best promising or confirmed experiments, the best first.
        uncombined: Ids of winners whose changes no source combines yet.
    """
    if pending := await pending_step(lab):
        return pending
    if await workload.only_failures(lab.db):
        first = Launch(base=BASELINE, hypothesis="The trainer as it is")
        if await _is_new_launch(lab, first):
            return hint(first, "measures the reference of all gains")
    combined = await _combination(lab, uncombined)
    if combined is not None:
        return hint(combined, "combines winners")
    candidate = await _validation(lab, winners)
    if candidate is not None:
        return hint(candidate, "tests the best promising experiment")
    return await _next_idea(lab)


async def pending_step(lab: Lab) -> str:
    """Return the call that concerns the unfinished experiments of the whole lab; empty if there are none, or none can start."""
    pending = await progress.pending(lab.db, Filter())
    numbers = {number for in_status in pending.values() for number in in_status}
    tests = [validation.id for validation in await validations.unfinished(lab.db)]
    if not numbers and not tests:
        return ""
    holds = await active_holds(lab.db)
    held = {number for hold in holds for number in hold.experiments}
    if holds and numbers <= held:
        return await held_step(lab, numbers)
    is_active = any(status in ACTIVE for status in pending)
    if not is_active and await _is_stopped(lab):
        return ""
    ranges = id_ranges(numbers - held)
    ids = [*tests, *ranges] if len(tests) + len(ranges) <= MAX_RANGES else [*tests, *ranges][:MAX_RANGES]
    return hint(WaitQuery(ids=ids), "for the pending experiments; if GPUs are idle, launch more")


async def held_step(lab: Lab, held: set[int]) -> str:
    """Return what to do about experiments that a series of failures keeps from starting: look at the newest failure."""
    failures = await progress.failures(lab.db, Filter())
    ids = ", ".join(id_ranges(held)[:MAX_RANGES])
    if not failures:
        return hint(ResultsQuery(ids=id_ranges(held)[:MAX_RANGES]), f"{ids} are held after failures")
    [example] = id_ranges([max(kind.example for kind in failures)])
    return hint(
        ExperimentQuery(id=example, include=["failure"]),
        f"shows why {ids} are held; attention says who can mend it. Then cancel the held experiments and launch again",
    )


async def _is_stopped(lab: Lab) -> bool:
    """Return whether the allowance, or what was approved, keeps queued experiments from starting."""
    limits, now = lab.allowance(), time.time()
    is_over = limits.ends is not None and now >= limits.ends
    is_used_up = bool(await spending.used_up(lab.db, limits, now))
    return is_over or is_used_up or plan_budgets.is_exhausted(await plan_budgets.budgets(lab.db, lab.approval(), now))


async def _is_new_launch(lab: Lab, request: Launch) -> bool:
    """Return whether the lab would accept a launch, and run something new for it."""
    try:
        priced = await experiment_launch.launch(lab, changed(request, dry_run=True), "")
    except LabhandError:
        return False
    return not priced.duplicates and not priced.approval


async def _combination(lab: Lab, uncombined: Sequence[str]) -> Launch | None:
    """Return the launch that merges the best winners that can be merged, two at least; None if no two can."""
    merged: list[str] = []
    for winner in uncombined[:MAX_MERGES]:
        try:
            await proposals.propose(lab, Launch(apply=[*merged, winner], hypothesis="-"))
        except LabhandError:  # it conflicts with the champion, or with a better winner
            continue
        merged.append(winner)
        if len(merged) == MAX_COMBINED:
            break
    if len(merged) < 2:
        return None
    request = Launch(apply=merged, hypothesis=f"The changes of {' and '.join(merged)} add up")
    return request if await _is_new_launch(lab, request) else None


async def _validation(lab: Lab, winners: Sequence[Experiment]) -> ValidationRequest | None:
    """Return the validation of the best promising experiment that can be validated now."""
    tested = await validations.tested_sources(lab.db)  # another seed of a tested source is no new candidate
    promising = [
        winner.id for winner in winners if winner.verdict is Verdict.PROMISING and (winner.tree, winner.stratum) not in tested
    ]
    for winner in promising[:MAX_CANDIDATES]:
        request = ValidationRequest(ids=[winner])
        try:
            priced = await validation_launch.validate(lab, changed(request, dry_run=True), "")
        except LabhandError:
            continue
        if not priced.approval:
            return request
    return None


async def _next_idea(lab: Lab) -> str:
    """Return the hint for a lab in which nothing waits to be combined or validated."""
    try:
        allowance.check(lab.allowance(), await spending.committed(lab.db, time.time()), Committed(1, 0.0, 0.0))
    except AllowanceError as error:
        return hint(ResultsQuery(), f"shows what was found. Nothing more can be launched: {error}")
    return hint(SourceQuery(), "code and knobs, for the next idea to launch")
