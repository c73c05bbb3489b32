"""Prompts that a person starts from a client: how to work with the lab."""

from __future__ import annotations

from importlib.resources import files

from mcp.server import MCPServer

from .lab_context import LabHandle


def add_prompts(server: MCPServer[LabHandle]) -> None:
    """Add the prompts to a server."""

    @server.prompt(title="Start research", description="How to do research with this lab, from the briefing to the notes")
    def start_research(goal: str = "Improve the trainer's metric as far as the allowance goes.") -> str:
        return _prompt("start_research").replace("{goal}", goal)

    @server.prompt(title="Validate", description="How to find out which promising experiments hold, at the least cost")
    def validate(candidates: str = "Find out which of the promising experiments hold.") -> str:
        return _prompt("validate").replace("{candidates}", candidates)


def _prompt(name: str) -> str:
    return files("labhand.prompts").joinpath(f"{name}.md").read_text("utf-8")
