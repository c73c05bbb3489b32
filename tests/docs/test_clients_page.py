"""The page of clients has the table that the server goes by."""

from __future__ import annotations

import math
import re
from pathlib import Path

from labhand.tools.clients import KNOWN, wait_limit

from .markdown import section, table_rows

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def test_the_page_has_every_known_client_with_its_limits() -> None:
    rows = table_rows(section(PAGE, "How long `wait` takes"))
    shown = {(row[0], name): row for row in rows for name in re.findall("`([^`]+)`", row[1])}

    assert shown.keys() == {(client.title, client.name) for client in KNOWN}
    for client in KNOWN:
        _, _, gives_up, default, most, command = shown[client.title, client.name]
        limit = wait_limit(client, wants_progress=client.progress_extends)
        assert ("not at all" if math.isinf(client.call_seconds) else f"{client.call_seconds:g} s") in gives_up
        assert ("progress" in gives_up) is client.progress_extends
        assert (default, most) == (f"{limit.default_seconds:g} s", f"{limit.max_seconds:g} s")
        assert ("labhand wait" in command) is client.has_shell


def test_the_page_says_what_happens_to_a_client_that_is_not_known() -> None:
    unknown = [row for row in table_rows(section(PAGE, "How long `wait` takes")) if row[0].startswith("any other")]

    for row, wants_progress in zip(unknown, (False, True), strict=True):
        limit = wait_limit(None, wants_progress=wants_progress)
        assert row[3:5] == (f"{limit.default_seconds:g} s", f"{limit.max_seconds:g} s")
