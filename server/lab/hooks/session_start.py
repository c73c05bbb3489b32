"""The briefing that an agent gets when a session starts, goes on, or has lost its context: what a newcomer needs first."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ...calls import written_call
from ...ids import experiment_id, id_ranges, message_id, validation_id
from ...lab_place import LabPlace
from ...store.glance import ChampionGlance, LabGlance, MessageGlance, NewsGlance, PendingGlance
from ..sanitize import cut
from .session_memory import SessionMemory
from .waiting_command import waiting_command

MAX_GOAL = 600
"""Characters of the goal."""
MAX_MESSAGE = 2000
MAX_REASON = 200
MAX_CHANGES = 100
MAX_RANGES = 12
"""Ranges of ids in one line."""
WHAT = (
    "labhand: this folder has a laboratory for training experiments, which the tools of the MCP server `labhand` run, measure"
    " and judge."
)
UNREAD = f"Its database can't be read here. {written_call('get_briefing')} says where the research stands, or what is wrong."
NEW = f"Nothing has been launched yet. Begin with {written_call('get_briefing')}."


def brief(place: LabPlace, glance: LabGlance | None, memory: SessionMemory, where: Sequence[str] = ()) -> str:
    """Return the briefing of the lab at a place.

    Args:
        place: Where the lab is.
        glance: What is in its database; None if there is none yet, or it can't be read.
        memory: What the hooks remember.
        where: Arguments that name the lab to a command, if it isn't the one around the client's folder.
    """
    goal = [f"Goal, in the person's words: {cut(place.goal, MAX_GOAL)}"] if place.goal.strip() else []
    if glance is None:
        return "\n".join([WHAT, *goal, UNREAD if place.database.is_file() else NEW])
    return "\n".join([WHAT, *person_lines(glance), *goal, *_state(glance), *_news(glance, memory), _next(glance, where)])


def person_lines(glance: LabGlance) -> Iterator[str]:
    """What the person says and decided, before everything else."""
    yield from map(message_line, glance.messages)
    if glance.pause is not None:
        reason = f": {cut(glance.pause, MAX_REASON)}" if glance.pause else ""
        yield f"The person has paused the lab{reason}. Nothing starts until the person runs `labhand resume`."


def message_line(message: MessageGlance) -> str:
    """Return a message of the person, and how it is answered."""
    name = message_id(message.number)
    answer = written_call("note", text="…", answers=[name])
    return f'The person says ({name}): "{cut(message.text, MAX_MESSAGE)}" Act on it, then answer: {answer}'


def _state(glance: LabGlance) -> Iterator[str]:
    yield f"Trainer: {glance.trainer}. Champion: {_champion(glance.champion)}"
    pending = glance.pending
    parts = [
        *_counted("running", pending.active),
        *_counted("queued", pending.queued),
        *_counted("held after failures", pending.held),
        *([f"validations: {', '.join(map(validation_id, pending.validations))}"] if pending.validations else []),
    ]
    yield f"Now: {'; '.join(parts) or 'nothing runs or waits'}"


def _champion(champion: ChampionGlance) -> str:
    if champion.experiment is None:
        return "the baseline; no validation has confirmed anything better yet"
    by = f", confirmed by {validation_id(champion.validation)}" if champion.validation else ""
    if champion.gain is None or champion.low is None or champion.high is None:
        return f"{experiment_id(champion.experiment)}{by}"
    interval = f"95 % interval {champion.low:.3g} to {champion.high:.3g}"
    return f"{experiment_id(champion.experiment)}{by}: gain {champion.gain:.3g} on the baseline ({interval})"


def _counted(state: str, numbers: Sequence[int]) -> list[str]:
    if not numbers:
        return []
    ranges = id_ranges(numbers)
    more = ", …" if len(ranges) > MAX_RANGES else ""
    return [f"{len(numbers)} {state} ({', '.join(ranges[:MAX_RANGES])}{more})"]


def _news(glance: LabGlance, memory: SessionMemory) -> Iterator[str]:
    news = glance.news
    since = f"New since an agent last ended its turn, {_ago(memory.seen_at)} ago" if memory.seen else "So far"
    ended = ended_in_words(news)
    if ended:
        yield f"{since}: {ended}"
    yield from _best(news)
    if not ended and not news.validations and memory.seen:
        yield f"{since}: nothing"
    if glance.untested:
        yield f"Promising and not validated: {', '.join(map(experiment_id, glance.untested))}"


def ended_in_words(news: NewsGlance) -> str:
    """Return how many experiments have ended, and how; empty if none has."""
    total = sum(news.verdicts.values()) + sum(news.failures.values())
    if not total:
        return ""
    kinds = [f"{count} {verdict}" for verdict, count in sorted(news.verdicts.items()) if verdict != "none"]
    failed = [f"{count} failed ({failure})" for failure, count in sorted(news.failures.items())]
    others = [f"{news.verdicts['none']} without a score"] if "none" in news.verdicts else []
    what = "1 experiment has" if total == 1 else f"{total} experiments have"
    return f"{what} ended: {', '.join([*kinds, *failed, *others])}"


def _best(news: NewsGlance) -> Iterator[str]:
    for best in news.best:
        gain = f" gain {best.gain:.3g}," if best.gain is not None else ""
        yield f"- {experiment_id(best.experiment)}:{gain} {cut(best.changes, MAX_CHANGES)}"
    for test in news.validations:
        yield f"- {validation_id(test.validation)} of {experiment_id(test.candidate)}: {test.verdict}"


def _ago(then: float) -> str:
    minutes = max(0.0, time.time() - then) / 60
    if minutes < 60:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 60 / 24:.0f} days"


def _next(glance: LabGlance, where: Sequence[str]) -> str:
    details = f"{written_call('get_briefing')} says more: noise, themes, allowance, notes."
    if is_pending(glance.pending):
        return f"Next: {waiting_command(glance.pending, where)} {details}"
    if glance.untested:
        validate = written_call("validate", ids=[experiment_id(glance.untested[0])], dry_run=True)
        return f"Next: {validate} shows what a test of the best would cost. {details}"
    found, changeable = written_call("get_results"), written_call("read_source")
    return f"Next: {found} shows what was found, {changeable} what can be changed. {details}"


def is_pending(pending: PendingGlance) -> bool:
    """Return whether anything can still end."""
    return bool(pending.alone or pending.validations)
