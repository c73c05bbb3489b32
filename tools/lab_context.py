"""What every tool reaches for: the lab, opened when it is first needed, and who is asking."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import anyio
from mcp.server.mcpserver import Context

from ..server.lab.lab import Lab

ANONYMOUS = "anonymous"


class LabHandle:
    """One server's place in the lab.

    The lab is opened by the first call that needs it rather than at the start: so the server answers at once, and a
    `labhand.toml` that can't be read is told by the call, mended by the person, and read again by the next one.
    """

    def __init__(self, root: Path, caller: str | None = None) -> None:
        self.root = root
        self._caller = caller
        self._lab: Lab | None = None
        self._opening = anyio.Lock()

    async def lab(self) -> Lab:
        """The lab.

        Raises:
            SettingsError: Its settings can't be used.
        """
        async with self._opening:
            if self._lab is None:
                self._lab = await Lab.open(self.root)
            return self._lab

    async def close(self) -> None:
        """Let go of the lab."""
        if self._lab is not None:
            await self._lab.close()

    def caller(self, ctx: LabContext) -> str:
        """By whom an experiment is launched: as the server was told, else as the client calls itself."""
        if self._caller is not None:
            return self._caller
        params = ctx.request_context.session.client_params
        return params.client_info.name if params is not None else ANONYMOUS


LabContext: TypeAlias = Context[LabHandle, Any]


async def lab_of(ctx: LabContext) -> Lab:
    """The lab that a call is about."""
    return await ctx.request_context.lifespan_context.lab()


def caller_of(ctx: LabContext) -> str:
    """By whom a call is made."""
    return ctx.request_context.lifespan_context.caller(ctx)
