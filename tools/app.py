"""The MCP server: its tools, resources and prompts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files

from mcp.server import MCPServer
from mcp.server.request_state import RequestStateSecurity

from .analysis import analyze, plot
from .approval import propose
from .fleet import list_gpus, scale_pool
from .inspect import checkout, get_experiment, get_logs, read_source
from .lab_context import LabHandle
from .launch import launch_experiment, launch_grid, validate
from .literature import read_paper, search_papers
from .manage import cancel, note
from .monitor import get_briefing, wait
from .prompts import add_prompts
from .registry import LabTool
from .resources import add_resources
from .results import get_results
from .serving.middleware import cut_errors, hide_tools, refuse_unknown_tools

ANSWER_SECONDS = 86_400.0
"""How long a person may take to answer a question that a tool asks in the client."""
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
    propose,
    scale_pool,
    checkout,
    note,
    search_papers,
    read_paper,
)


def build(handle: LabHandle, *, read_only: bool = False) -> MCPServer[LabHandle]:
    """Return the MCP server of one lab.

    Args:
        handle: The lab, and its caller.
        read_only: Offer only the tools that change nothing.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[LabHandle]) -> AsyncGenerator[LabHandle]:
        try:
            yield handle
        finally:
            await handle.close()

    offered = [tool for tool in TOOLS if tool.read_only or not read_only]
    names = frozenset(tool.name for tool in offered)
    server = MCPServer[LabHandle](
        "labhand",
        title="labhand",
        description="GPUs for a research agent, and a laboratory that can't fool itself",
        instructions=files("labhand.prompts").joinpath("instructions.md").read_text("utf-8"),
        version=version("labhand"),
        lifespan=lifespan,
        tools=[tool.build(names) for tool in offered],
        middleware=[cut_errors, hide_tools(handle.hidden_tools), refuse_unknown_tools(names)],
        request_state_security=RequestStateSecurity.ephemeral(ttl=ANSWER_SECONDS),
        log_level="WARNING",
    )
    add_resources(server, handle)
    add_prompts(server)
    return server
