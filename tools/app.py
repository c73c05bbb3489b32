"""The MCP server, put together: tools, resources, prompts, and what stands before them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files

from mcp.server import MCPServer
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import AuthSettings

from .analysis import analyze, plot
from .fleet import scale_pool
from .lab_context import LabHandle
from .launch import launch_experiment, launch_grid
from .manage import cancel, checkout, note
from .middleware import refuse_unknown_arguments
from .orient import get_briefing, list_gpus, read_source
from .prompts import add_prompts
from .registry import LabTool
from .resources import add_resources
from .validation import validate
from .watch import get_experiment, get_logs, get_results, wait

TOOLS: tuple[LabTool, ...] = (
    get_briefing,
    list_gpus,
    read_source,
    launch_experiment,
    launch_grid,
    wait,
    get_results,
    get_experiment,
    get_logs,
    analyze,
    plot,
    cancel,
    validate,
    scale_pool,
    checkout,
    note,
)


def build(
    bench: LabHandle,
    *,
    read_only: bool = False,
    auth: AuthSettings | None = None,
    token_verifier: TokenVerifier | None = None,
) -> MCPServer[LabHandle]:
    """The server of one lab.

    Args:
        bench: The lab, and who is asking.
        read_only: Only the tools that change nothing.
        auth: Over HTTP with a token; None elsewhere.
        token_verifier: What tells a good token.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[LabHandle]) -> AsyncGenerator[LabHandle]:
        try:
            yield bench
        finally:
            await bench.close()

    offered = [offer for offer in TOOLS if offer.read_only or not read_only]
    arguments: dict[str, frozenset[str]] = {}
    server = MCPServer[LabHandle](
        "labhand",
        title="labhand",
        description="GPUs for a research agent, and a laboratory that can't fool itself",
        instructions=files("labhand.prompts").joinpath("instructions.md").read_text("utf-8"),
        version=version("labhand"),
        lifespan=lifespan,
        middleware=[refuse_unknown_arguments(arguments)],
        log_level="WARNING",
        auth=auth,
        token_verifier=token_verifier,
    )
    for offer in offered:
        offer.add_to(server)
        arguments[offer.name] = offer.arguments
    add_resources(server, bench)
    add_prompts(server)
    return server
