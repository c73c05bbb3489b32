"""What is known of MCP clients: for how long they wait for an answer, and whether their agents can run commands.

`docs/clients.md` has the same table, with where each fact is from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf

from ..server.lab.monitor.waiting import MAX_WAIT_SECONDS, WaitLimit
from .lab_context import LabContext, client_info

UNKNOWN_SECONDS = 25.0
"""For a client that isn't known and asks for no progress: some give a call up after 30 s."""
UNKNOWN_DEFAULT_SECONDS = 50.0
"""For one that asks for progress: many give a call up after 60 s, progress or not, unless the caller knows better."""
DEFAULT_SECONDS = 110.0
"""If a known client can wait longer: Claude Code sends calls over two minutes to the background."""

CALL_COMMAND = "labhand-call"
"""The name that `labhand call` gives itself: its client is in the server's own process, and sends no progress token there."""


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client that is recognised by its name.

    Attributes:
        name: How the name begins that it gives itself, in lower case. Proxies and some clients append to it.
        title: Its name for people.
        call_seconds: Seconds after which it gives up a call by default.
        progress_extends: Progress starts this time anew.
        has_shell: Its agent can run commands on the machine of a server that the client starts.
        since: The first version that this is true of.
    """

    name: str
    title: str
    call_seconds: float
    progress_extends: bool = False
    has_shell: bool = False
    since: tuple[int, ...] = ()

    @property
    def wait_seconds(self) -> float:
        """The longest wait without progress: what is left of a call for everything else is 5 s at least."""
        return self.call_seconds - (10.0 if self.call_seconds >= 60 else 5.0)


KNOWN = (
    # Without a progress token it is the desktop program, which gives up after 60 s.
    KnownClient("claude-code", "Claude Code", 60, progress_extends=True, has_shell=True),
    KnownClient("codex-mcp-client", "Codex 0.171 or later", 300, has_shell=True, since=(0, 171)),
    KnownClient("codex-mcp-client", "Codex, older", 60, has_shell=True),
    KnownClient("gemini-cli-mcp-client", "Gemini CLI", 600, has_shell=True),
    KnownClient("opencode", "opencode", 60, progress_extends=True, has_shell=True),
    KnownClient("visual studio code", "VS Code", inf),
    KnownClient("code - oss", "VS Code", inf),
    KnownClient("cursor", "Cursor", 60),
    KnownClient("cline", "Cline", 60),
    KnownClient("zed", "Zed", 60),
    KnownClient("goose", "Goose", 300),
    KnownClient("claude-ai", "Claude Desktop", 60),
    KnownClient("local-agent-mode", "Claude Desktop", 60),
    KnownClient("github-copilot-developer", "Copilot CLI", 30),
    KnownClient("@librechat/api-client", "LibreChat", 30),
    KnownClient(CALL_COMMAND, "`labhand call`", inf),
)


def known_client(name: str, version: str = "") -> KnownClient | None:
    """Return the client that gives itself this name and version; None if it isn't known."""
    word = name.strip().casefold()
    numbers = tuple(int(number) for number in re.findall(r"[0-9]{1,9}", version)[:3])
    return next((client for client in KNOWN if word.startswith(client.name) and numbers >= client.since), None)


def wait_limit(client: KnownClient | None, *, wants_progress: bool) -> WaitLimit:
    """Return how long a call of `wait` may take.

    Args:
        client: None if it isn't known.
        wants_progress: The call has a progress token.
    """
    if client is None:
        return WaitLimit(UNKNOWN_DEFAULT_SECONDS) if wants_progress else WaitLimit(UNKNOWN_SECONDS, UNKNOWN_SECONDS)
    can_extend = client.progress_extends and wants_progress
    most = MAX_WAIT_SECONDS if can_extend else min(client.wait_seconds, MAX_WAIT_SECONDS)
    return WaitLimit(min(DEFAULT_SECONDS, most), most)


def wait_limit_of(ctx: LabContext) -> WaitLimit:
    """Return how long this call of `wait` may take."""
    meta = ctx.request_context.meta or {}
    return wait_limit(known_client(*client_info(ctx)), wants_progress=meta.get("progress_token") is not None)


def has_shell(ctx: LabContext) -> bool:
    """Return whether the caller's agent can run commands on this machine: not over HTTP, where it may be elsewhere."""
    client = known_client(*client_info(ctx))
    return client is not None and client.has_shell and ctx.headers is None
