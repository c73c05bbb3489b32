"""Waiting for experiments: what is new since a cursor, told as soon as there is something worth telling."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import anyio
from anyio import to_thread

from ...domain import Status
from ...ids import id_ranges
from ...schemas.monitor import Pending, Waited, WaitQuery
from ...store.comparison import validations
from ...store.comparison.strata import all_strata
from ...store.comparison.validations import Validation, ValidationFilter
from ...store.experiments import pages, progress
from ...store.experiments.filter import Filter
from ...store.experiments.rows import find_experiments
from ...store.running.holds import active_holds
from ..lab import Lab
from ..results.cursors import WaitCursor, parse_wait_cursor
from ..results.experiment_rows import tabulate
from ..results.failure_classes import failure_classes
from ..results.validation_rows import tabulate_validations
from ..selection import select
from ..status_line import lab_line
from . import alerts
from .alerts import MOST_RANGES, Attention

POLL_SECONDS = 0.25
"""Between looks at whether anyone wrote to the database."""
LOOK_SECONDS = 5.0
"""Between looks when nobody did: silence is news, too."""
TELL_SECONDS = 15.0
"""The longest that a caller goes without a word of progress."""
WAKE_SECONDS = 10.0
"""What a dispatcher may take to come up, before its absence is told."""
MOST_ROWS = 10

OnProgress = Callable[[int, int, str], Awaitable[None]]
"""Told how many are finished, of how many, and how things stand in words."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """How things stand.

    Attributes:
        finished: How many finished since the cursor.
        last: `finished_seq` of the last one.
        held: What a failure storm keeps from starting, in the whole lab.
        testing: Validations that are not over; their experiments are among `pending`.
        tested: Those that finished since the cursor.
    """

    finished: int
    last: int
    pending: Mapping[Status, Sequence[int]]
    held: Collection[int]
    attention: Sequence[Attention]
    testing: Sequence[Validation]
    tested: Sequence[Validation]

    @property
    def left(self) -> list[int]:
        """What is not finished."""
        return [number for numbers in self.pending.values() for number in numbers]

    @property
    def will_come(self) -> bool:
        """Whether anything of it may finish by itself: what is held doesn't."""
        # A validation between two stages has nothing pending.
        return any(number not in self.held for number in self.left) or bool(self.testing and not self.left)


async def wait(lab: Lab, query: WaitQuery, caller: str, on_progress: OnProgress | None = None) -> Waited:
    """Wait until all, or any, of the experiments are finished, or something new needs attention, or time is over.

    Calls chain by the cursor: each tells what finished since the last, nothing twice. A cursor is good for the same ids.

    Args:
        lab: The lab.
        query: What to wait for.
        caller: Whose experiments are waited for where the query names none.
        on_progress: Called at every change, and every 15 s at the least.

    Raises:
        BadInputError: An id or the cursor can't be read.
        NotFoundError: There is no such experiment or grid.
    """
    wanted, tests = Filter(by=caller), ValidationFilter(by=caller)
    if query.ids is not None:
        found = await select(lab, query.ids)
        # What a validation runs is its own business: it has one row, when it is over.
        wanted, tests = replace(found, validations=None), ValidationFilter(numbers=found.validations)
    watch = _Watch(lab, wanted, tests, parse_wait_cursor(query.after), until_any=query.until == "any", on_progress=on_progress)
    look = await watch.until(time.monotonic() + query.timeout_seconds)
    return await _answer(lab, query, watch, look)


class _Watch:
    """Looks again and again at the experiments of one call."""

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
        self._told: tuple[str, float] = ("", -TELL_SECONDS)
        self._absent_since: float | None = None

    async def until(self, deadline: float) -> _Snapshot:
        """How things stand when the wait is over, or at `deadline`, by the monotonic clock."""
        while True:
            version = await self._lab.db.version()
            look = await self._look()
            await self._tell(look)
            now = time.monotonic()
            if self.is_over(look) or now >= deadline:
                return look
            await self._news(version, min(deadline, now + LOOK_SECONDS))

    def is_over(self, look: _Snapshot) -> bool:
        """Whether what was waited for came, or something else that is worth a word."""
        news = any(found.wakes and found.key not in self.seen.attention for found in look.attention)
        return news or not look.will_come or (self._until_any and (look.finished > 0 or bool(look.tested)))

    def news_of(self, look: _Snapshot) -> Filter:
        """What finished since the cursor, as of that look."""
        return replace(self._wanted, finished_after=self.seen.finished, finished_until=look.last)

    async def _look(self) -> _Snapshot:
        # In this order: what finishes in between is seen as pending still, rather than as neither.
        testing = await validations.unfinished(self._lab.db, self._tests)
        tested = await validations.finished(self._lab.db, self.seen.validations, self._tests)
        pending = await self._pending(testing)
        finished, last = await progress.finished(self._lab.db, replace(self._wanted, finished_after=self.seen.finished))
        held = {number for hold in await active_holds(self._lab.db) for number in hold.experiments}
        look = _Snapshot(finished, last or self.seen.finished, pending, held, await self._attention(), testing, tested)
        concerned = set(look.left)
        return replace(look, attention=[one for one in look.attention if not one.about or concerned.intersection(one.about)])

    async def _pending(self, testing: Sequence[Validation]) -> Mapping[Status, Sequence[int]]:
        pending = await progress.pending(self._lab.db, self._wanted)
        if not testing:
            return pending
        runs = await progress.pending(self._lab.db, _runs_of(testing))
        return {status: sorted({*pending.get(status, ()), *runs.get(status, ())}) for status in {**pending, **runs}}

    async def _attention(self) -> Sequence[Attention]:
        """What needs attention; a dispatcher that isn't there is woken, and told of only when that doesn't help."""
        found = await alerts.scan(self._lab)
        if not any(one.key == alerts.DISPATCHER for one in found):
            self._absent_since = None
            return found
        now = time.monotonic()
        if self._absent_since is None:
            self._absent_since = now
            await to_thread.run_sync(self._lab.wake_dispatcher)
        if now - self._absent_since >= WAKE_SECONDS:
            return found
        return [one for one in found if one.key != alerts.DISPATCHER]

    async def _news(self, version: int, until: float) -> None:
        """Return when someone has written to the database, or at `until`."""
        while (left := until - time.monotonic()) > 0 and await self._lab.db.version() == version:  # noqa: ASYNC110  other processes
            await anyio.sleep(min(POLL_SECONDS, left))

    async def _tell(self, look: _Snapshot) -> None:
        if self._on_progress is None:
            return
        total = await pages.count(self._lab.db, self._wanted)
        if tests := [*look.testing, *look.tested]:
            total += await pages.count(self._lab.db, _runs_of(tests))
        done = total - len(look.left)
        states = [f"{len(numbers)} {status}" for status, numbers in look.pending.items()]
        message = ", ".join([f"{done} of {total} finished", *states])
        before, at = self._told
        if message != before or time.monotonic() - at >= TELL_SECONDS:
            self._told = (message, time.monotonic())
            await self._on_progress(done, total, message)


async def _answer(lab: Lab, query: WaitQuery, watch: _Watch, look: _Snapshot) -> Waited:
    metric = lab.trainer.metric
    news = watch.news_of(look)
    strata = await all_strata(lab.db)
    order = pages.best_first(list(strata), lower_is_better=metric.direction == "minimize")
    places = await pages.page(lab.db, news, order, MOST_ROWS)
    common, rows = tabulate(await find_experiments(lab.db, [place.number for place in places]), strata, metric)
    told = max((validation.finished_seq or 0 for validation in look.tested), default=watch.seen.validations)
    cursor = WaitCursor(look.last, told, frozenset(found.key for found in look.attention))
    return Waited(
        finished=rows,
        finished_total=look.finished,
        common=common if rows else {},
        validations=await tabulate_validations(lab, look.tested),
        failures=await failure_classes(lab, news),
        pending=_pending(look),
        attention=[found.line for found in look.attention],
        cursor=str(cursor),
        timed_out=not watch.is_over(look),
        next=_next(query, look, str(cursor)),
        lab=await lab_line(lab),
    )


def _runs_of(testing: Sequence[Validation]) -> Filter:
    return Filter(validations=[validation.number for validation in testing])


def _pending(look: _Snapshot) -> Pending | None:
    if not look.left and not look.testing:
        return None
    ranges = [*(validation.id for validation in look.testing), *id_ranges(look.left)]
    more = [f"and {len(ranges) - MOST_RANGES} more ranges"] if len(ranges) > MOST_RANGES else []
    return Pending(
        counts={status.value: len(numbers) for status, numbers in look.pending.items()}, ids=ranges[:MOST_RANGES] + more
    )


def _next(query: WaitQuery, look: _Snapshot, cursor: str) -> str:
    if look.left and not look.will_come:
        return "what is left is held: mend the cause and launch again, and cancel what is held"
    if look.left or look.testing:
        same = "the same ids, " if query.ids else ""
        return f'wait({same}after="{cursor}")'
    if look.finished > MOST_ROWS:
        since = f'after="{query.after}", ' if query.after else ""
        return f"get_results({since}limit={min(look.finished, 500)}) for all {look.finished}"
    if look.finished or look.tested:
        return "all are finished: get_results() for the table, then launch the next idea"
    return "nothing is pending: launch_experiment or launch_grid"
