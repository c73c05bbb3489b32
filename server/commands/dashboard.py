"""`labhand dashboard`: the page, with the lab's tokens, or with one that holds until the server ends."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping

from anyio import to_thread
from starlette.applications import Starlette

from ..dashboard.app import Served, dashboard_app
from ..http_settings import Http, token_hash
from ..lab.lab import Lab
from ..lab.report.gather import gather
from .report import as_html

ADDRESS = "127.0.0.1:8788"
"""Where the page is served alone; `labhand serve --http` has another port."""
PERSON = "person"
"""The name of who has the token that the command printed."""


def page_tokens(settings: Http) -> tuple[Mapping[str, str], str]:
    """Return the hashes of the tokens that open the page, by the names of their callers, and a token to print.

    A lab without tokens gets one that holds until the server ends. Otherwise nothing is to be printed.
    """
    if hashes := settings.token_hashes():
        return hashes, ""
    token = secrets.token_urlsafe(24)
    return {PERSON: token_hash(token)}, token


def page_line(address: str, token: str) -> str:
    """Return where the page is, and how to log in."""
    if token:
        return f"The dashboard is at http://{address}/ and asks for this token, which holds until the server ends: {token}"
    return f"The dashboard is at http://{address}/ and asks for a token of [http] in labhand.toml."


def lab_page(open_lab: Callable[[], Awaitable[Lab]], is_read_only: Callable[[], bool], hashes: Mapping[str, str]) -> Starlette:
    """Return the dashboard of a lab as an application.

    Args:
        open_lab: Returns the lab, open.
        is_read_only: Returns whether it must not be changed.
        hashes: The hashes of the tokens by the names of their callers.
    """
    return dashboard_app(Served(open_lab, is_read_only, _rendered_report), hashes)


async def _rendered_report(lab: Lab) -> str:
    report = await gather(lab)
    return await to_thread.run_sync(as_html, report)
