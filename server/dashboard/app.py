"""The page as an application: login, pages, actions, and a stream of events. Whoever serves it checks host and origin."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ..errors import LabhandError, NotFoundError
from ..lab.lab import Lab
from ..lab.monitor.research_progress import get_progress
from . import pages, progress_picture
from .actions import ACTIONS
from .headers import REPORT_POLICY, SecurityHeaders
from .lab_watch import LabWatch
from .login import COOKIE, Login, Session, TooManyFailuresError
from .overview import Overview
from .rendering import render

STATIC = Path(__file__).with_name("static")
MAX_STREAMS = 50
"""Browsers that are told of changes at once. One more has to ask by itself."""
PING_SECONDS = 15
MAX_FIELD = 5000
"""Characters of a field of a form."""

OpenLab = Callable[[], Awaitable[Lab]]


@dataclass(frozen=True)
class Served:
    """What is served.

    Attributes:
        open_lab: Returns the lab, open.
        is_read_only: Returns whether the lab must not be changed.
        render_report: Returns the report on a lab as an HTML page that needs no other file.
    """

    open_lab: OpenLab
    is_read_only: Callable[[], bool]
    render_report: Callable[[Lab], Awaitable[str]]


class Dashboard:
    """The handlers of all requests.

    Args:
        served: The lab.
        hashes: The hashes of the tokens by the names of their callers. Every page needs one of them.
    """

    def __init__(self, served: Served, hashes: Mapping[str, str]) -> None:
        self._served = served
        self._login = Login(hashes)
        self._watch = LabWatch(served.open_lab)
        self._overview = Overview()
        self._streams = 0

    def app(self) -> Starlette:
        """Return the application."""
        routes = [
            Route("/login", self.login, methods=["GET", "POST"]),
            Route("/logout", self.logout, methods=["POST"]),
            Route("/", self.overview),
            Route("/live", self.live),
            Route("/events", self.events),
            Route("/points", self.points),
            Route("/experiments", self.experiments),
            Route("/experiments/{id}", self.experiment),
            Route("/compare", self.compare),
            Route("/notebook", self.notebook),
            Route("/report", self.report),
            Route("/do/{action}", self.act, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        errors: Mapping[Any, Any] = {LabhandError: self.explain, sqlite3.Error: self.explain, 404: self.explain_missing}
        app = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=errors)
        app.add_middleware(SecurityHeaders)
        return app

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch.run)
            yield
            tasks.cancel_scope.cancel()

    async def login(self, request: Request) -> Response:
        """Show the form, or take a token."""
        problem = ""
        if request.method == "POST":
            fields = await _fields(request)
            try:
                cookie = self._login.open(fields.get("token", "").strip())
            except TooManyFailuresError:
                return HTMLResponse(_login_page("Too many wrong tokens came in: wait a minute."), 429)
            if cookie is not None:
                answer = RedirectResponse(_local(request.query_params.get("next", "/")), 303)
                secure = request.url.scheme == "https"
                answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=secure)
                return answer
            problem = "This is not a token of this server."
        return HTMLResponse(_login_page(problem), 403 if problem else 200)

    async def logout(self, request: Request) -> Response:
        """End the session."""
        await self._checked_fields(request)
        self._login.close(request.cookies.get(COOKIE))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    async def overview(self, request: Request) -> Response:
        """Show the first page."""
        if (session := self._session(request)) is None:
            return _to_login(request)
        sections = await self._sections(request, session)
        values = {"sections": sections, "change": self._watch.number}
        return HTMLResponse(pages.page("overview", values, self._frame(session)))

    async def live(self, request: Request) -> Response:
        """Return the sections of the first page, for the script that replaces those that have changed."""
        if (session := self._session(request)) is None:
            return JSONResponse({"error": "log in"}, 401)
        return JSONResponse({"change": self._watch.number, "sections": await self._sections(request, session)})

    async def events(self, request: Request) -> Response:
        """Stream the numbers of the lab's changes."""
        if self._session(request) is None:
            return JSONResponse({"error": "log in"}, 401)
        if self._streams >= MAX_STREAMS:
            return JSONResponse({"error": f"{MAX_STREAMS} pages are open already"}, 503)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return EventSourceResponse(self._events(request), ping=PING_SECONDS, headers=headers)

    async def _events(self, request: Request) -> AsyncGenerator[ServerSentEvent]:
        self._streams += 1
        try:
            async for number in self._watch.changes():
                if self._session(request) is None:
                    return
                yield ServerSentEvent(str(number), event="change", id=str(number), retry=2000)
        finally:
            self._streams -= 1

    async def points(self, request: Request) -> Response:
        """Return the places of the experiments in the progress picture."""
        if self._session(request) is None:
            return JSONResponse({"error": "log in"}, 401)
        progress = await get_progress(await self._served.open_lab(), request.query_params.get("stratum", ""))
        return JSONResponse(progress_picture.positions(progress) if progress.stratum else [])

    async def experiments(self, request: Request) -> Response:
        """Show the table."""
        return await self._page(request, "experiments", lambda lab: pages.experiments_page(lab, request))

    async def experiment(self, request: Request) -> Response:
        """Show one experiment."""
        return await self._page(request, "experiment", lambda lab: pages.experiment_page(lab, request.path_params["id"]))

    async def compare(self, request: Request) -> Response:
        """Show several experiments side by side."""
        return await self._page(request, "compare", lambda lab: pages.compare_page(lab, request.query_params.getlist("id")))

    async def notebook(self, request: Request) -> Response:
        """Show the notes and the papers."""
        return await self._page(request, "notebook", pages.notebook_page)

    async def report(self, request: Request) -> Response:
        """Show the report."""
        if self._session(request) is None:
            return _to_login(request)
        report = await self._served.render_report(await self._served.open_lab())
        return HTMLResponse(report, headers={"Content-Security-Policy": REPORT_POLICY})

    async def act(self, request: Request) -> Response:
        """Do what a button asks for, and go back with a sentence about it."""
        session, fields = await self._checked_fields(request)
        action = ACTIONS.get(request.path_params["action"])
        if action is None:
            raise NotFoundError(f"There is no action {request.path_params['action']:.30}", "Go back to the overview")
        if self._served.is_read_only():
            return await self._explained(session, "This lab is served read-only", "Change it where it is served", 403)
        done = await action(await self._served.open_lab(), fields, session.caller)
        return HTMLResponse(render("done.html", {**self._frame(session), "place": "", "done": done}))

    async def explain(self, request: Request, error: Exception) -> Response:
        """Show an error that the person can act on."""
        session = self._session(request)
        if session is None:
            return _to_login(request)
        problem = error.problem if isinstance(error, LabhandError) else f"The lab's database can't be read: {error}"
        remedy = error.remedy if isinstance(error, LabhandError) else "labhand doctor says more"
        return await self._explained(session, problem, remedy, 404 if isinstance(error, NotFoundError) else 400)

    async def explain_missing(self, request: Request, _: Exception) -> Response:
        """Answer a URL that isn't one of the page's."""
        return await self.explain(request, NotFoundError(f"There is no page {request.url.path:.60}", "Go back to the overview"))

    async def _explained(self, session: Session, problem: str, remedy: str, status: int) -> Response:
        values = {**self._frame(session), "place": "", "problem": problem, "remedy": remedy}
        return HTMLResponse(render("error.html", values), status)

    async def _page(self, request: Request, name: str, gather: Callable[[Lab], Awaitable[dict[str, Any]]]) -> Response:
        if (session := self._session(request)) is None:
            return _to_login(request)
        lab = await self._served.open_lab()
        return HTMLResponse(pages.page(name, await gather(lab), self._frame(session)))

    async def _sections(self, request: Request, session: Session) -> Mapping[str, str]:
        lab = await self._served.open_lab()
        return await self._overview.sections(
            lab,
            request.query_params.get("stratum", ""),
            may_act=self._may_act(),
            form_token=session.form_token,
        )

    def _frame(self, session: Session) -> dict[str, Any]:
        return {
            "caller": session.caller,
            "form_token": session.form_token,
            "may_act": self._may_act(),
        }

    def _may_act(self) -> bool:
        """Return whether pages have buttons: not while it can't be read whether the lab may be changed."""
        try:
            return not self._served.is_read_only()
        except LabhandError:
            return False

    def _session(self, request: Request) -> Session | None:
        return self._login.find(request.cookies.get(COOKIE))

    async def _checked_fields(self, request: Request) -> tuple[Session, Mapping[str, str]]:
        """Return the session and the form of a request that acts.

        Raises:
            ForeignFormError: It comes from nobody who is logged in, or from another page.
        """
        session, fields = self._session(request), await _fields(request)
        if session is None or not hmac.compare_digest(fields.get("form_token", "").encode(), session.form_token.encode()):
            raise ForeignFormError
        return session, fields


class ForeignFormError(LabhandError):
    """A form was sent without a session, with an old one, or by another page."""

    def __init__(self) -> None:
        super().__init__(
            "This form doesn't belong to your session: nothing was done", "Log in again, and use the page's button"
        )


def dashboard_app(served: Served, hashes: Mapping[str, str]) -> Starlette:
    """Return the page as an application.

    Args:
        served: The lab.
        hashes: See `Dashboard`.
    """
    return Dashboard(served, hashes).app()


async def _fields(request: Request) -> Mapping[str, str]:
    """Return the fields of a form. A file, or a text that is too long, is left out."""
    async with request.form(max_files=0, max_fields=20, max_part_size=4 * MAX_FIELD) as form:
        return {name: value for name, value in form.items() if isinstance(value, str) and len(value) <= MAX_FIELD}


def _login_page(problem: str) -> str:
    return render("login.html", {"problem": problem})


def _to_login(request: Request) -> Response:
    if request.method != "GET":  # a form isn't sent again, and its URL is no page
        return RedirectResponse("/login", 303)
    place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(place, safe='/')}", 303)


def _local(place: str) -> str:
    """Return a place of this page; the first page for any other URL, to which nobody may be sent on."""
    return place if place.startswith("/") and not place.startswith(("//", "/\\")) else "/"
