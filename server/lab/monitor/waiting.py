"""`wait`: returns what is new since a cursor as soon as the experiments have finished or something needs attention."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from math import inf

import anyio
from anyio import to_thread
from anyio.lowlevel import checkpoint_if_cancelled

from ...domain import Status, Verdict
from ...ids import id_ranges
from ...schemas.messages import changed
from ...schemas.monitor import Pending, Waited, WaitQuery
from ...store.comparison import validations
from ...store.comparison.strata import all_strata
from ...store.comparison.validations import Validation, ValidationFilter
from ...store.experiments import paging, progress
from ...store.experiments.filter import Filter
from ...store.experiments.rows import find_experiments
from ...store.running.holds import active_holds
from ..lab import Lab
from ..results.cursors import WaitCursor, parse_wait_cursor
from ..results.experiment_rows import STRATUM_FACTS, tabulate
from ..results.failure_classes import failure_classes
from ..results.validation_rows import tabulate_validations
from ..selection import select
from ..status_line import lab_line
from ..waiting_lock import waiting
from . import alerts
from .alerts import MAX_RANGES, Attention
from .briefing import suggest
from .next_step import held_step, hint
from .reported import ReportedCursors

POLL_SECONDS = 0.25
"""Interval at which the database is checked for a new version."""
MAX_SNAPSHOT_SECONDS = 5.0
"""Longest interval between two snapshots if the database doesn't change: a run that falls silent writes nothing."""
MAX_PROGRESS_SECONDS = 15.0
"""Longest interval between two reports of progress. They are due a little earlier, because a snapshot takes time."""
PROGRESS_SECONDS = 0.8 * MAX_PROGRESS_SECONDS
MAX_WAIT_SECONDS = 3600.0
"""Longest wait of one query."""
MAX_START_SECONDS = 10.0
"""How long a dispatcher may take to start before its absence is reported."""
MAX_ROWS = 10
"""If no more experiments have finished, an answer shows all of them."""
BEST_ROWS = 6
"""Otherwise it shows the best, which the next step is chosen from, and counts all by verdict. `get_results` has the others."""

OnProgress = Callable[[int, int, str], Awaitable[None]]
"""Called with the number of finished experiments, their total, and a text."""


@dataclass(frozen=True, slots=True)
class WaitLimit:
    """How long a wait may take.

    Attributes:
        default_seconds: If the query doesn't say how long.
        max_seconds: Whatever the query says.
    """

    default_seconds: float = 50.0
    max_seconds: float = MAX_WAIT_SECONDS

    def seconds(self, query: WaitQuery) -> float:
        """Return how long a query waits."""
        wanted = self.default_seconds if query.timeout_seconds is None else query.timeout_seconds
        return min(wanted, self.max_seconds)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The state of the experiments and validations that are waited for.

    Attributes:
        finished: How many experiments finished since the cursor.
        last: `finished_seq` of the last finished experiment.
        pending: Numbers of the unfinished experiments, by status, those of validations included.
        held: Experiments that a failure storm keeps from starting, in the whole lab.
        attention: Alerts that concern the unfinished experiments, or everyone.
        testing: Unfinished validations, without those in `decided`.
        tested: Validations that finished since the cursor.
        decided: Unfinished validations whose verdict or promotion is new: only their longer horizons or the pairs for the gain
            still run. These runs aren't waited for, unless the cursor has the verdict.
    """

    finished: int
    last: int
    pending: Mapping[Status, Sequence[int]]
    held: Collection[int]
    attention: Sequence[Attention]
    testing: Sequence[Validation]
    tested: Sequence[Validation]
    decided: Sequence[Validation]

    @property
    def news(self) -> list[Validation]:
        """The validations that an answer reports."""
        return [*self.tested, *self.decided]

    @property
    def cursor(self) -> list[str]:
        """What the cursor of an answer remembers: the alerts, and the verdicts of unfinished validations."""
        verdicts = [_verdict_key(test) for test in (*self.testing, *self.decided) if test.verdict is not Verdict.PENDING]
        return [*(alert.key for alert in self.attention), *verdicts]

    @property
    def unfinished(self) -> list[int]:
        """The unfinished experiments."""
        return [number for numbers in self.pending.values() for number in numbers]

    @property
    def can_finish(self) -> bool:
        """Whether anything unfinished can still finish without the caller. Held experiments can't."""
        # A validation has no pending experiments between two stages.
        return any(number not in self.held for number in self.unfinished) or bool(self.testing and not self.unfinished)


async def wait(
    lab: Lab,
    query: WaitQuery,
    caller: str | None,
    on_progress: OnProgress | None = None,
    reported: ReportedCursors | None = None,
    limit: WaitLimit = WaitLimit(),
) -> Waited:
    """Wait until all or any of the experiments have finished, a new alert comes up, or the time is over.

    Each answer has a cursor. A call with that cursor and the same ids returns only what is new since then. A call without a
    cursor goes on where the last answer to the same caller and ids ended; `reported_before` counts what that leaves out.

    Args:
        lab: The lab.
        query: What to wait for.
        caller: Whose experiments are waited for if the query has no ids, or an empty list of them; None for everyone's.
        on_progress: Called at every change, and at least every 15 s.
        reported: What was reported before to whom; None for nothing.
        limit: How long the call may take.

    Raises:
        BadInputError: A text is not an id, or the cursor is invalid.
        NotFoundError: An id doesn't exist.
    """
    with nullcontext() if lab.settings.read_only else waiting(lab.folder):
        return await _wait(lab, query, caller, on_progress, reported, limit)


async def _wait(
    lab: Lab,
    query: WaitQuery,
    caller: str | None,
    on_progress: OnProgress | None,
    reported: ReportedCursors | None,
    limit: WaitLimit,
) -> Waited:
    wanted, tests = Filter(by=caller), ValidationFilter(by=caller)
    if query.ids:
        selected = await select(lab, query.ids)
        # The experiments of a validation get no rows of their own: the validation gets one when it has finished.
        wanted, tests = replace(selected, validations=None), ValidationFilter(numbers=selected.validations)
    reported = reported or ReportedCursors()
    seen = parse_wait_cursor(query.after) if query.after is not None else reported.last(caller, query.ids)
    watch = _Watch(lab, wanted, tests, seen, until_any=query.until == "any", on_progress=on_progress)
    snapshot = await watch.until(time.monotonic() + limit.seconds(query))
    answer = await _answer(lab, query, watch, snapshot)
    await checkpoint_if_cancelled()  # what nobody receives counts as unreported
    if answer.common is not None:
        answer = changed(answer, common=reported.without_repetition(caller, answer.common))
    reported.save(caller, query.ids, parse_wait_cursor(answer.cursor))
    return answer


class _Watch:
    """Takes snapshots of the experiments of one call until the wait is over."""

    def __init__(
        self,
        lab: Lab,
        wanted: Filter,
        tests: ValidationFilter,
        seen: WaitCursor,
        *,
        until_any: bool,
        on_progress: OnProgress | None,
    ) -> None:
        self._lab = lab
        self._wanted = wanted
        self._tests = tests
        self.seen = seen
        self._until_any = until_any
        self._on_progress = on_progress
        self._last_progress: tuple[str, float] = ("", time.monotonic() - PROGRESS_SECONDS)
        self._absent_since: float | None = None

    async def until(self, deadline: float) -> _Snapshot:
        """Return a snapshot when the wait is over, or at `deadline` by the monotonic clock."""
        while True:
            version = await self._lab.db.version()
            snapshot = await self._take_snapshot()
            await self._report_progress(snapshot)
            now = time.monotonic()
            if self.is_over(snapshot) or now >= deadline:
                return snapshot
            next_progress = inf if self._on_progress is None else self._last_progress[1] + PROGRESS_SECONDS
            await self._wait_for_write(version, min(deadline, now + MAX_SNAPSHOT_SECONDS, next_progress))

    def is_over(self, snapshot: _Snapshot) -> bool:
        """Return whether the experiments have finished as asked, or a new alert ends the wait."""
        has_new_alert = any(alert.wakes and alert.key not in self.seen.attention for alert in snapshot.attention)
        has_any = self._until_any and (snapshot.finished > 0 or bool(snapshot.news))
        return has_new_alert or not (snapshot.can_finish or self._awaits_decision(snapshot)) or has_any

    def _awaits_decision(self, snapshot: _Snapshot) -> bool:
        """Return whether the caller waits for whatever comes, and a person has yet to decide about a plan."""
        is_open = any(alert.key.startswith(alerts.OPEN_PLAN) for alert in snapshot.attention)
        return is_open and self._wanted == Filter(by=self._wanted.by)

    def newly_finished(self, snapshot: _Snapshot) -> Filter:
        """Return the filter for the experiments that finished between the cursor and a snapshot."""
        return replace(self._wanted, finished_after=self.seen.finished, finished_until=snapshot.last)

    async def reported_before(self) -> int | None:
        """Return how many of the experiments had finished by the cursor, so that an earlier answer has reported them."""
        if not self.seen.finished:
            return None
        count, _ = await progress.finished(self._lab.db, replace(self._wanted, finished_until=self.seen.finished))
        return count or None

    async def _take_snapshot(self) -> _Snapshot:
        # Unfinished before finished: what finishes between the two reads then counts as both, rather than as neither.
        running = await validations.unfinished(self._lab.db, self._tests)
        tested = await validations.finished(self._lab.db, self.seen.validations, self._tests)
        decided = [test for test in running if self._is_news(test) and all(test.number != other.number for other in tested)]
        testing = [test for test in running if test not in decided]
        pending = await self._pending(testing, decided)
        finished, last = await progress.finished(self._lab.db, replace(self._wanted, finished_after=self.seen.finished))
        held = {number for hold in await active_holds(self._lab.db) for number in hold.experiments}
        alerts_now = await self._attention()
        snapshot = _Snapshot(finished, last or self.seen.finished, pending, held, alerts_now, testing, tested, decided)
        concerned = set(snapshot.unfinished)
        relevant = [alert for alert in alerts_now if not alert.about or concerned.intersection(alert.about)]
        return replace(snapshot, attention=relevant)

    def _is_news(self, validation: Validation) -> bool:
        """Return whether a validation that goes on has a verdict, or a promotion, that the cursor doesn't have."""
        return validation.verdict is not Verdict.PENDING and _verdict_key(validation) not in self.seen.attention

    async def _pending(self, testing: Sequence[Validation], decided: Sequence[Validation]) -> Mapping[Status, Sequence[int]]:
        """Return the experiments that are waited for, those of validations without a new verdict included."""
        pending = await progress.pending(self._lab.db, self._wanted)
        none: Mapping[Status, Sequence[int]] = {}
        more = await progress.pending(self._lab.db, _runs_of(testing)) if testing else none
        less = await progress.pending(self._lab.db, _runs_of(decided)) if decided else none
        awaited = {
            status: sorted({*pending.get(status, ()), *more.get(status, ())} - {*less.get(status, ())})
            for status in {**pending, **more}
        }
        return {status: numbers for status, numbers in awaited.items() if numbers}

    async def _attention(self) -> Sequence[Attention]:
        """Return the alerts. A missing dispatcher is started first, and reported only if it doesn't come up."""
        alerts_now = await alerts.scan(self._lab)
        others = [alert for alert in alerts_now if alert.key != alerts.DISPATCHER]
        if len(others) == len(alerts_now):
            self._absent_since = None
            return alerts_now
        now = time.monotonic()
        if self._absent_since is None:
            self._absent_since = now
            await to_thread.run_sync(self._lab.wake_dispatcher)
        if now - self._absent_since >= MAX_START_SECONDS:
            return alerts_now
        return others

    async def _wait_for_write(self, version: int, until: float) -> None:
        """Return when another connection has written to the database, or at `until`."""
        while (left := until - time.monotonic()) > 0 and await self._lab.db.version() == version:  # noqa: ASYNC110  other processes
            await anyio.sleep(min(POLL_SECONDS, left))

    async def _report_progress(self, snapshot: _Snapshot) -> None:
        if self._on_progress is None:
            return
        total = await paging.count(self._lab.db, self._wanted)
        if tests := [*snapshot.testing, *snapshot.news]:
            total += await paging.count(self._lab.db, _runs_of(tests))
        done = total - len(snapshot.unfinished)
        states = [f"{len(numbers)} {status}" for status, numbers in snapshot.pending.items()]
        message = ", ".join([f"{done} of {total} finished", *states])
        before, at = self._last_progress
        if message != before or time.monotonic() - at >= PROGRESS_SECONDS:
            self._last_progress = (message, time.monotonic())
            await self._on_progress(done, total, message)


async def _answer(lab: Lab, query: WaitQuery, watch: _Watch, snapshot: _Snapshot) -> Waited:
    metric = lab.trainer.metric
    new = watch.newly_finished(snapshot)
    strata = await all_strata(lab.db)
    order = paging.best_first(list(strata), lower_is_better=metric.direction == "minimize")
    shows_all = snapshot.finished <= MAX_ROWS
    places = await paging.page(lab.db, new, order, MAX_ROWS if shows_all else BEST_ROWS)
    experiments = await find_experiments(lab.db, [place.number for place in places])
    common, rows = await tabulate(lab, experiments, strata, "brief", new.grids or (), STRATUM_FACTS)
    last_validation = max((validation.finished_seq or 0 for validation in snapshot.tested), default=watch.seen.validations)
    cursor = WaitCursor(snapshot.last, last_validation, frozenset(snapshot.cursor))
    return Waited(
        finished=rows,
        finished_total=snapshot.finished,
        verdicts={} if shows_all else await paging.count_by_verdict(lab.db, new),
        reported_before=await watch.reported_before() if query.after is None else None,
        common=common if rows else None,
        validations=await tabulate_validations(lab, snapshot.news),
        failures=await failure_classes(lab, new),
        pending=_pending(snapshot),
        attention=[alert.line for alert in snapshot.attention],
        cursor=str(cursor),
        timed_out=not watch.is_over(snapshot),
        next=await _next(lab, changed(query, after=str(cursor)), snapshot),
        lab=await lab_line(lab),
    )


def _verdict_key(validation: Validation) -> str:
    """Return what a cursor remembers of a validation that goes on: its verdict, or that its candidate is champion."""
    return f"{validation.id}:{'promoted' if validation.promoted else validation.verdict}"


def _runs_of(testing: Sequence[Validation]) -> Filter:
    return Filter(validations=[validation.number for validation in testing])


def _pending(snapshot: _Snapshot) -> Pending | None:
    if not snapshot.unfinished and not snapshot.testing:
        return None
    ranges = [*(validation.id for validation in snapshot.testing), *id_ranges(snapshot.unfinished)]
    more = [f"and {len(ranges) - MAX_RANGES} more ranges"] if len(ranges) > MAX_RANGES else []
    return Pending(
        counts={status.value: len(numbers) for status, numbers in snapshot.pending.items()}, ids=ranges[:MAX_RANGES] + more
    )


async def _next(lab: Lab, repeated: WaitQuery, snapshot: _Snapshot) -> str:
    """Return the call that is useful next.

    Where more has finished than an answer shows, it isn't the rest of the table: the best rows are what the next step is chosen
    from, and reading hundreds of others costs an agent more than all of its other calls. `finished_total` counts them.
    """
    if snapshot.unfinished and not snapshot.can_finish:
        return await held_step(lab, set(snapshot.unfinished))
    if snapshot.unfinished or snapshot.testing:
        return hint(repeated, "returns what is new since this answer")
    if snapshot.decided:
        return hint(repeated, "returns the gain to report, when the further pairs have run")
    return await suggest(lab)
