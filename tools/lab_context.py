"""What every tool needs: the lab, opened by the first call, and the name of the caller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import anyio
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import Context

from ..server.domain import LAB
from ..server.errors import BadInputError, SettingsError
from ..server.http_settings import SHARED_CALLER
from ..server.lab.lab import Lab
from ..server.lab.monitor.reported import ReportedCursors
from ..server.settings import load_settings
from ..server.settings_in_force import settings_in_force

ANONYMOUS = "anonymous"
HIDDEN = frozenset({"propose"})
"""Tools that aren't listed where nothing needs approval."""


class LabHandle:
    """The lab of one server.

    The lab is opened by the first call that needs it, not when the server starts. So the server answers at once; a call reports
    a `labhand.toml` that can't be read, the person corrects it, and the next call reads it again.

    Attributes:
        root: The folder of the lab.
    """

    def __init__(self, root: Path, caller: str | None = None, *, read_only: bool = False) -> None:
        """Keep what the lab is opened with.

        Args:
            root: The folder of the lab.
            caller: The name of callers who have no token of their own; None for the name that a client gives itself.
            read_only: Change nothing, whatever `labhand.toml` says.
        """
        self.root = root
        self._caller = caller
        self._read_only = read_only
        self._lab: Lab | None = None
        self.reported = ReportedCursors()
        self._opening = anyio.Lock()

    async def lab(self) -> Lab:
        """Return the lab, open.

        Raises:
            SettingsError: Its settings can't be used, or there is no lab and this server must not make one.
        """
        async with self._opening:
            if self._lab is None:
                self._lab = await Lab.open(self.root, read_only=self.is_read_only())
            else:
                await self._lab.renew(read_only=self.is_read_only())
            return self._lab

    async def close(self) -> None:
        """Close the lab."""
        if self._lab is not None:
            await self._lab.close()

    def is_read_only(self) -> bool:
        """Return whether the lab must not be changed. `labhand.toml` is read again, so that a change takes effect at once.

        Raises:
            SettingsError: `labhand.toml` can't be read, and the lab isn't open.
        """
        if self._read_only:
            return True
        try:
            return load_settings(self.root).read_only
        except SettingsError:
            if self._lab is None:
                raise
            return self._lab.settings.read_only

    def hidden_tools(self) -> frozenset[str]:
        """Return the tools that the lab has no use for: `propose`, unless the person wants to approve what is launched.

        So nobody else pays for its description with every request. `labhand.toml` is read again, so that a change takes effect
        at once.
        """
        try:
            return frozenset() if settings_in_force(self.root, read_only=True).settings.approval.is_wanted else HIDDEN
        except SettingsError:
            return HIDDEN

    def caller(self, ctx: LabContext) -> str:
        """Return the caller's name: that of their token, or the one given to the server, or else the client's own.

        Where there are tokens, the client's own name counts for nothing. No client is the lab itself, whatever it calls itself:
        experiments of the lab are cancelled with `force` only.
        """
        if (token := get_access_token()) is not None:
            return self._caller or SHARED_CALLER if token.client_id == SHARED_CALLER else token.client_id
        name = self._caller or client_info(ctx)[0]
        return f"{name} (client)" if name.strip().lower() == LAB else name


def client_info(ctx: LabContext) -> tuple[str, str]:
    """Return the name and the version that the client of a call gives itself."""
    params = ctx.request_context.session.client_params
    return (params.client_info.name, params.client_info.version) if params is not None else (ANONYMOUS, "")


LabContext: TypeAlias = Context[LabHandle, Any]


async def lab_of(ctx: LabContext) -> Lab:
    """Return the lab of a call."""
    return await ctx.request_context.lifespan_context.lab()


def caller_of(ctx: LabContext) -> str:
    """Return the name of a call's caller."""
    return ctx.request_context.lifespan_context.caller(ctx)


def keeps_papers(ctx: LabContext) -> bool:
    """Return whether a call may write down papers that it found."""
    return not ctx.request_context.lifespan_context.is_read_only()


def refuse_if_read_only(ctx: LabContext, tool: str) -> None:
    """Refuse a call of a tool that changes the lab, if the lab is read-only.

    Raises:
        BadInputError: It is.
    """
    if ctx.request_context.lifespan_context.is_read_only():
        raise BadInputError(
            f"{tool} changes the lab, and this server may only read it",
            "A person can change that: read_only in labhand.toml, or --read-only of labhand serve",
        )
