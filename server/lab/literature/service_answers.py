"""What each service answered, in words: a failure never reads as `no hits`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import BadInputError, UnavailableError
from ...literature.cooldowns import Cooldowns
from ...literature.known_sources import sources
from ...literature.paper import Paper
from ...literature.paper_source import PaperSource
from ...literature.transport import SourceTrouble, Transport
from ...literature_settings import Literature
from ..sanitize import cut

MAX_REASON = 200
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What a service answered.

    Attributes:
        papers: What it found.
        kept_at: When an earlier answer was fetched that is used now, as a Unix time; None if the service was asked.
        trouble: Why it gave no answer now; None if it did, or wasn't asked.
    """

    papers: Sequence[Paper] = ()
    kept_at: float | None = None
    trouble: SourceTrouble | None = None

    def as_text(self) -> str:
        """Return the answer in words: `answered 7`, `empty`, `throttled until …`, `failed: …`."""
        count = f"answered {len(self.papers)}" if self.papers else "empty"
        kept = f"its answer of {day(self.kept_at)}: {count}" if self.kept_at is not None else ""
        if self.trouble is None:
            return kept or count
        return "; ".join(filter(None, [trouble_as_text(self.trouble), kept]))


def trouble_as_text(trouble: SourceTrouble) -> str:
    """Return why a service gave no answer."""
    reason = cut(trouble.reason, MAX_REASON)
    if trouble.until is None:
        return f"{trouble.why}: {reason}"
    until = f"until {minute(trouble.until)}"
    return f"throttled {until}: {reason}" if trouble.why == "throttled" else f"failed, not asked again {until}: {reason}"


def minute(at: float) -> str:
    """Return a Unix time as text, rounded up to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at + 59))


def day(at: float) -> str:
    """Return the day of a Unix time as text."""
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def transport_for(settings: Literature) -> Transport:
    """Return what sends requests to services, with the cooldowns that all processes of this user share."""
    return Transport(Cooldowns(), settings.contact)


def services(settings: Literature, transport: Transport) -> list[PaperSource]:
    """Return the services that may be asked.

    Raises:
        BadInputError: The literature is switched off.
    """
    if not settings.sources:
        raise BadInputError(
            "The literature is switched off in this lab: labhand.toml has sources = [] under [literature]",
            "A person can name services there",
        )
    return sources(settings, transport)


def unavailable(problem: str, troubles: Mapping[str, SourceTrouble], others: Mapping[str, str]) -> UnavailableError:
    """Return the error that says that services could not be asked, and when to ask them again."""
    answers = grouped({**{name: trouble_as_text(trouble) for name, trouble in troubles.items()}, **others})
    times = [trouble.until for trouble in troubles.values() if trouble.until is not None]
    again = f"Ask again after {minute(min(times))}" if times else "Ask again later"
    return UnavailableError(f"{problem}: {answers}", f"{again}. This doesn't say that there is no such paper")


def grouped(texts: Mapping[str, str]) -> str:
    """Return what services answered in one line; those that answered the same stand together."""
    names: dict[str, list[str]] = {}
    for name, text in texts.items():
        names.setdefault(text, []).append(name)
    return "; ".join(f"{', '.join(group)} {text}" for text, group in names.items())
