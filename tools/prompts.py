"""Prompts: how to work with the lab, in the person's own client."""

from __future__ import annotations

from importlib.resources import files

from mcp.server import MCPServer

from .bench import Bench


def add_prompts(server: MCPServer[Bench]) -> None:
    """Offer the research programme."""

    @server.prompt(title="Start research", description="How to do research with this lab, from the briefing to the notes")
    def start_research(goal: str = "Improve the trainer's metric as far as the allowance goes.") -> str:
        return files("labhand.prompts").joinpath("start_research.md").read_text("utf-8").replace("{goal}", goal)
