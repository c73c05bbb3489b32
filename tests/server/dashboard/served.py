"""The dashboard of a lab on a port of this machine, for real requests and real browsers."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import httpx2
from labhand.server.commands.dashboard import PERSON, lab_page
from labhand.server.http_settings import token_hash
from labhand.server.lab.lab import Lab
from labhand.tools.serving.hosts import AllowedHosts, HostCheck
from uvicorn import Config, Server

TOKEN = "token-of-the-person"
MAX_SECONDS = 120


@dataclass(frozen=True)
class Site:
    """A dashboard that is served.

    Attributes:
        url: Without a path.
    """

    url: str

    @asynccontextmanager
    async def browser(self, *, logs_in: bool = True) -> AsyncGenerator[httpx2.AsyncClient]:
        """A client that keeps cookies and follows no redirect."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=MAX_SECONDS) as client:
            if logs_in:
                answer = await client.post("/login", data={"token": TOKEN})
                assert answer.status_code == 303
            yield client


@asynccontextmanager
async def served(lab: Lab, *, is_read_only: Callable[[], bool] = lambda: False) -> AsyncGenerator[Site]:
    """Serve the dashboard of an open lab."""

    async def open_lab() -> Lab:
        return lab

    page = lab_page(open_lab, is_read_only, {PERSON: token_hash(TOKEN)})
    app = HostCheck(page, AllowedHosts("127.0.0.1", []))
    server = Server(Config(app, ws="none", log_config=None, timeout_graceful_shutdown=1))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listening])
            with anyio.fail_after(MAX_SECONDS):
                while not server.started:
                    await anyio.lowlevel.checkpoint()
            try:
                yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}")
            finally:
                server.should_exit = True
