"""What happened in the lab that a person wants to be told of, each thing once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from ...notify_settings import EventName
from ...schemas.results import ResultsQuery
from ...settings import Allowance
from ...store.comparison import champions, validations
from ...store.experiments import paging, progress
from ...store.experiments.filter import Filter
from ...store.money import clusters, spending
from ..approval import plans
from ..lab import Lab
from ..results.cursors import WaitCursor
from ..results.table import get_results
from ..sanitize import cut
from . import alerts
from .briefing import get_briefing, summarize_allowance

QUIET_SECONDS = 3.0
"""How long nothing may be pending before everything counts as done: an agent may be about to launch the next experiment."""
FORGET_SECONDS = 3600.0
"""After this time without an alert it is told of again if it comes back; before, one that comes and goes is told of once."""
NEARLY = 0.8
"""The share of the allowance from which on a person is told."""
MAX_ALERTS = 5
"""Alerts that one look tells of one by one."""
MAX_TEXT = 600
_NOTHING_STARTS = "nothing more starts, and idle clusters are given up"
_WHEN_SPENT = {"experiments": "no more can be launched"}
_TOLD_ELSEWHERE = (alerts.DISPATCHER, "used up", "lost:", "cluster:", "message:", "paused:", alerts.DECIDED_PLAN)
"""Alerts that another event is about, that come from the person, or that nobody can be told of."""


@dataclass(frozen=True, slots=True)
class NotableEvent:
    """Something that a person is told of.

    Attributes:
        key: Tells it from every other event of the lab, for good.
        title: In one line.
        text: In a few lines.
        details: Figures for programs.
    """

    name: EventName
    key: str
    title: str
    text: str
    details: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Marks:
    """Of what a person was told.

    Attributes:
        finished: The last `finished_seq` of an experiment.
        champion: The number of the champion.
        alerts: Keys of alerts, with the Unix time at which each was last seen.
        limits: Limits of the allowance, each as `GPU-hours:128:80`.
        clusters: Clusters that failed, by name.
        plans: Plans that wait for a decision, each as `p003:` and its digest.
    """

    finished: int = 0
    champion: int = 0
    alerts: dict[str, float] = field(default_factory=dict[str, float])
    limits: list[str] = field(default_factory=list[str])
    clusters: list[str] = field(default_factory=list[str])
    plans: list[str] = field(default_factory=list[str])


class NotableEvents:
    """Finds what is new in a lab since the marks, and moves them.

    Args:
        lab: The lab.
        marks: Of what a person was told.
    """

    def __init__(self, lab: Lab, marks: Marks) -> None:
        self._lab = lab
        self._marks = marks
        self._quiet: tuple[int, float] | None = None

    async def skip(self) -> None:
        """Move the marks behind what has happened so far: it was before anyone asked to be told.

        What lasts, such as an alert or a limit that is nearly reached, stays new.
        """
        _, last = await progress.finished(self._lab.db, Filter())
        self._marks.finished = last or 0
        history = await champions.history(self._lab.db)
        self._marks.champion = history[-1].champion.number if history else 0

    async def look(self, *, is_last: bool = False) -> list[NotableEvent]:
        """Return what is new.

        Args:
            is_last: Nothing runs any more, so that there is no need to wait whether something follows.
        """
        before = deepcopy(self._marks)
        try:
            return await self._look(time.time(), is_last=is_last)
        except BaseException:  # nothing of it is told, so the next look has to find it again
            for name in Marks.__slots__:
                setattr(self._marks, name, getattr(before, name))
            raise

    @property
    def expects_more(self) -> bool:
        """Whether the next look may find something although nothing is written meanwhile."""
        return self._quiet is not None

    async def _look(self, now: float, *, is_last: bool) -> list[NotableEvent]:
        return [
            *await self._champion(),
            *await self._done(is_last=is_last),
            *await self._alerts(now),
            *await self._allowance(now),
            *await self._clusters(now),
            *await self._plans(),
        ]

    async def _champion(self) -> list[NotableEvent]:
        newest = await champions.champion(self._lab.db)
        if newest is None or newest.number <= self._marks.champion:
            return []
        self._marks.champion = newest.number
        if newest.experiment is None:  # the baseline, which every lab begins with
            return []
        summary = (await get_briefing(self._lab)).champion
        metric = self._lab.trainer.metric.name
        lines = [summary.ancestry[0]] if summary.ancestry else []
        if summary.validation:
            lines.append(f"Confirmed by {summary.validation}.")
        if summary.gain is not None and summary.interval:
            low, high = summary.interval
            lines.append(f"Gain over the baseline in {metric}: {summary.gain:+g} ({low:+g} to {high:+g}).")
        elif summary.score is not None:
            lines.append(f"{metric} {summary.score:g} over {summary.seeds} seeds. Its gain to report is being measured.")
        title = f"{summary.id} is the new champion"
        return [NotableEvent("champion", f"champion:{newest.number}", title, "\n".join(lines), summary.model_dump(mode="json"))]

    async def _done(self, *, is_last: bool) -> list[NotableEvent]:
        wanted = Filter(finished_after=self._marks.finished)
        count, last = await progress.finished(self._lab.db, wanted)
        pending = await progress.pending(self._lab.db, Filter())
        if not count or last is None or pending or await validations.unfinished(self._lab.db):
            self._quiet = None
            return []
        if self._quiet is None or self._quiet[0] != last:
            self._quiet = (last, time.monotonic())
        if not is_last and time.monotonic() - self._quiet[1] < QUIET_SECONDS:
            return []
        event = await self._done_event(wanted, count, last)
        self._marks.finished, self._quiet = last, None
        return [event]

    async def _done_event(self, wanted: Filter, count: int, last: int) -> NotableEvent:
        verdicts = await paging.count_by_verdict(self._lab.db, wanted)
        failures = await progress.failures(self._lab.db, wanted)
        best = await get_results(
            self._lab, ResultsQuery(status="succeeded", after=str(WaitCursor(self._marks.finished)), limit=1)
        )
        scored = {name: number for name, number in verdicts.items() if name != "none"}
        lines = [f"Verdicts: {', '.join(f'{number} {name}' for name, number in scored.items()) or 'none'}."]
        if failures:
            lines.append(f"Failures: {', '.join(f'{each.count} {each.kind}' for each in failures)}.")
        if best.rows:
            row = best.rows[0]
            gain = "" if row.gain is None else f", gain {row.gain:+g}"
            lines.append(
                f"Best: {row.id} {self._lab.trainer.metric.name} {row.score:g}{gain}: {cut(row.changes or '', MAX_TEXT)}"
            )
        lines.append(f"Left of the allowance: {(await summarize_allowance(self._lab)).left}.")
        title = f"{count} experiment{' has' if count == 1 else 's have'} ended, and nothing is left to run"
        details = {"experiments": count, "verdicts": verdicts, "failures": {each.kind.value: each.count for each in failures}}
        return NotableEvent("done", f"done:{last}", title, "\n".join(lines), details)

    async def _alerts(self, now: float) -> list[NotableEvent]:
        current = [alert for alert in await alerts.scan(self._lab) if alert.wakes and not alert.key.startswith(_TOLD_ELSEWHERE)]
        known = self._marks.alerts
        new = [alert for alert in current if alert.key not in known]
        for key in [key for key, seen_at in known.items() if now - seen_at > FORGET_SECONDS]:
            del known[key]
        known.update({alert.key: now for alert in current})
        events = [_alert_event(alert.key, cut(alert.line, MAX_TEXT), now) for alert in new[:MAX_ALERTS]]
        if others := new[MAX_ALERTS:]:
            text = "; ".join(alert.key for alert in others)
            events.append(_alert_event(f"more:{others[0].key}", f"{len(others)} more alerts: {cut(text, MAX_TEXT)}", now))
        return events

    async def _allowance(self, now: float) -> list[NotableEvent]:
        events: list[NotableEvent] = []
        for unit, limit, used in await _limits(self._lab, self._lab.allowance(), now):
            mark = f"{unit}:{limit:g}"
            spent, nearly = f"{mark}:100", f"{mark}:{100 * NEARLY:.0f}"
            told = self._marks.limits
            details = {"unit": unit, "limit": limit, "used": round(used, 4)}
            amount = f"{used:.4g} of {limit:.4g} {unit}"
            if used >= limit and spent not in told:
                told += [spent, nearly]
                text = f"{amount} are used up: {_WHEN_SPENT.get(unit, _NOTHING_STARTS)}."
                events.append(NotableEvent("allowance_spent", spent, f"The allowance of {unit} is spent", text, details))
            elif used >= NEARLY * limit and nearly not in told:
                told.append(nearly)
                title = f"{100 * used / limit:.0f} % of the allowance of {unit} is used"
                events.append(NotableEvent("allowance_80", nearly, title, f"{amount} are used.", details))
        return events

    async def _clusters(self, now: float) -> list[NotableEvent]:
        events: list[NotableEvent] = []
        for row in await clusters.held_clusters(self._lab.db, now, ended=False):
            cluster = row.cluster
            if cluster.status not in {"failed", "lost"} or cluster.name in self._marks.clusters:
                continue
            self._marks.clusters.append(cluster.name)
            words = {"failed": "can't be used", "lost": "is lost, and may still be up and cost money"}
            title = f"The cluster {cluster.name} {words[cluster.status]}"
            details = {"cluster": cluster.name, "pool": cluster.pool, "status": cluster.status, "usd": round(row.usd, 2)}
            text = cut(cluster.note, MAX_TEXT) or f"Its pool is {cluster.pool}."
            events.append(NotableEvent("cluster_failed", f"cluster:{cluster.name}", title, text, details))
        return events

    async def _plans(self) -> list[NotableEvent]:
        if not self._lab.approval().is_wanted:
            return []
        events: list[NotableEvent] = []
        for plan in await plans.summaries(self._lab, only_open=True):
            mark = f"{plan.plan}:{plan.digest}"
            if mark in self._marks.plans:
                continue
            self._marks.plans.append(mark)
            title = f"{plan.plan} waits for your approval: {plans.cost_in_words(plan)}"
            text = f"{plans.as_text(plan)}\nlabhand approve {plan.plan}, or labhand reject {plan.plan}"
            details = plan.model_dump(mode="json")
            events.append(NotableEvent("approval_wanted", f"plan:{mark}", title, text, details))
        return events


def _alert_event(key: str, line: str, now: float) -> NotableEvent:
    return NotableEvent("attention", f"attention:{key}:{now:.0f}", "The lab needs attention", line, {"key": key})


async def _limits(lab: Lab, allowance: Allowance, now: float) -> Sequence[tuple[str, float, float]]:
    """Return unit, limit and what is used of everything that is limited."""
    if (allowance.gpu_hours, allowance.usd, allowance.experiments) == (None, None, None):
        return []
    spent = await spending.spent(lab.db, now)
    launched = (await spending.committed(lab.db, now)).experiments
    figures = (
        ("GPU-hours", allowance.gpu_hours, spent.gpu_seconds / 3600),
        ("dollars", allowance.usd, spent.usd),
        ("experiments", allowance.experiments, float(launched)),
    )
    return [(unit, float(limit), used) for unit, limit, used in figures if limit is not None]
