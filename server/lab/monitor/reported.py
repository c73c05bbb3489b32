"""What `wait` has reported to whom: a call without a cursor goes on where the caller's last answer ended."""

from __future__ import annotations

from collections.abc import Sequence

from ...schemas.messages import changed
from ...schemas.results import Common
from ..results.cursors import WaitCursor

MAX_REMEMBERED = 1000
"""Callers and selections that are remembered. The one that was reported to longest ago is forgotten first."""

Selection = tuple[str, tuple[str, ...]]


class ReportedCursors:
    """The cursor of the last answer to each caller, for each selection of ids.

    It lives as long as a server: to an agent that starts anew, with a server of its own, everything is reported again.
    """

    def __init__(self) -> None:
        self._cursors: dict[Selection, WaitCursor] = {}
        self._tables: dict[str, Common] = {}

    def last(self, caller: str | None, ids: Sequence[str] | None) -> WaitCursor:
        """Return the cursor of the last answer; the beginning if there was none."""
        return self._cursors.get(_selection(caller, ids), WaitCursor())

    def save(self, caller: str | None, ids: Sequence[str] | None, cursor: WaitCursor) -> None:
        """Remember the cursor of an answer that is being sent."""
        selection = _selection(caller, ids)
        self._cursors.pop(selection, None)
        self._cursors[selection] = cursor
        if len(self._cursors) > MAX_REMEMBERED:
            del self._cursors[next(iter(self._cursors))]

    def without_repetition(self, caller: str | None, common: Common) -> Common:
        """Return what rows have in common, without metric, direction and stratum if the last answer to the caller had the same.

        What changes from answer to answer, the reference's score and the noise, stays.
        """
        facts = Common(
            metric=common.metric, direction=common.direction, self_reported=common.self_reported, stratum=common.stratum
        )
        if self._tables.get(caller or "") == facts:
            return changed(common, metric="", direction="", self_reported=None, stratum=None)
        self._tables.pop(caller or "", None)
        self._tables[caller or ""] = facts
        if len(self._tables) > MAX_REMEMBERED:
            del self._tables[next(iter(self._tables))]
        return common


def _selection(caller: str | None, ids: Sequence[str] | None) -> Selection:
    return caller or "", tuple(sorted(name.strip().lower() for name in ids or ()))
