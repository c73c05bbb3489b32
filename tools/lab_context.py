"""What every tool needs: the lab, opened by the first call, and the name of the caller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import anyio
from mcp.server.mcpserver import Context

from ..server.lab.lab import Lab
from ..server.lab.monitor.reported import ReportedCursors

ANONYMOUS = "anonymous"


class LabHandle:
    """The lab of one server.

    The lab is opened by the first call that needs it, not when the server starts. So the server answers at once; a call reports
    a `labhand.toml` that can't be read, the person corrects it, and the next call reads it again.
    """

    def __init__(self, root: Path, caller: str | None = None) -> None:
        self.root = root
        self._caller = caller
        self._lab: Lab | None = None
        self.reported = ReportedCursors()
        self._opening = anyio.Lock()

    async def lab(self) -> Lab:
        """Return the lab, open.

        Raises:
            SettingsError: Its settings can't be used.
        """
        async with self._opening:
            if self._lab is None:
                self._lab = await Lab.open(self.root)
            return self._lab

    async def close(self) -> None:
        """Close the lab."""
        if self._lab is not None:
            await self._lab.close()

    def caller(self, ctx: LabContext) -> str:
        """Return the caller's name: the one given to the server, or else the client's own."""
        if self._caller is not None:
            return self._caller
        params = ctx.request_context.session.client_params
        return params.client_info.name if params is not None else ANONYMOUS


LabContext: TypeAlias = Context[LabHandle, Any]


async def lab_of(ctx: LabContext) -> Lab:
    """Return the lab of a call."""
    return await ctx.request_context.lifespan_context.lab()


def caller_of(ctx: LabContext) -> str:
    """Return the name of a call's caller."""
    return ctx.request_context.lifespan_context.caller(ctx)
