"""The first page: what is known, what runs, what it costs, and what needs the person. Each of these is a section."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

import anyio
from markupsafe import Markup

from ..lab.approval.plans import open_and_in_force, progress_in_words
from ..lab.lab import Lab
from ..lab.monitor.briefing import get_briefing
from ..lab.monitor.research_progress import get_progress
from ..lab.monitor.snapshot import SnapshotLimits, take_snapshot
from ..lab.steering import pausing
from ..schemas.results import whole_row
from . import progress_picture, timeline_picture
from .rendering import render

SECTIONS = ("headline", "needs", "progress", "running", "cost", "recent")
"""In the order of the page. A section is a template, and is sent again alone when it has changed."""
LIMITS = SnapshotLimits(window_seconds=3600.0, slots=16, active=32, recent=12)
MAX_AGE_SECONDS = 2.0
"""A page is made anew after this time although nothing was written: times go on."""
FORM_TOKEN = secrets.token_hex(16)
"""Stands for the session's form token in sections that sessions share. Nobody can guess it, to have a text replaced."""


class Overview:
    """Makes the sections, once for all browsers that want them at the same time."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, bool], tuple[int, int, Mapping[str, str]]] = {}
        self._making = anyio.Lock()

    async def sections(self, lab: Lab, stratum: str, *, may_act: bool, form_token: str) -> Mapping[str, str]:
        """Return the sections as HTML, by name.

        Args:
            lab: The lab.
            stratum: `s2`, to show its progress; empty for the main one.
            may_act: Show buttons.
            form_token: The session's, which goes into the forms.

        Raises:
            NotFoundError: There is no such stratum.
        """
        async with self._making:
            state = (await lab.db.version(), int(time.monotonic() / MAX_AGE_SECONDS))
            known = self._made.get((stratum, may_act))
            if known is None or known[:2] != state:
                known = (*state, await _make(lab, stratum, may_act=may_act))
                current = {key: made for key, made in self._made.items() if made[:2] == state}
                self._made = current | {(stratum, may_act): known}
        return {name: html.replace(FORM_TOKEN, form_token) for name, html in known[2].items()}


async def _make(lab: Lab, stratum: str, *, may_act: bool) -> Mapping[str, str]:
    snapshot = await take_snapshot(lab, LIMITS)
    briefing = await get_briefing(lab)
    progress = await get_progress(lab, stratum)
    values: dict[str, Any] = {
        "snapshot": snapshot,
        "briefing": briefing,
        "progress": progress,
        "stratum_shown": stratum,
        "recent": [whole_row(row, snapshot.common) for row in snapshot.recent],
        "progress_svg": progress_picture.draw(progress) if progress.outcomes and progress.stratum else Markup(),
        "timeline_svg": timeline_picture.draw(snapshot) if snapshot.slots else Markup(),
        "queued": sum(pool.queued for pool in snapshot.pools),
        "slots": sum(pool.total for pool in snapshot.pools),
        "free": sum(pool.free for pool in snapshot.pools),
        "plans": [(plan, progress_in_words(plan)) for plan in await open_and_in_force(lab)],
        "pause": await pausing.current_pause(lab),
        "may_act": may_act,
        "form_token": FORM_TOKEN,
    }
    return {name: render(f"sections/{name}.html", values) for name in SECTIONS}
