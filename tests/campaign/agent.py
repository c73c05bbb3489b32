"""A scripted agent that does a whole campaign through MCP: screen, search, look closer, validate, take apart, write down."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labhand.server.commands.demo import DemoAgent
from mcp import Client
from mcp.client.stdio import StdioServerParameters

NAME = "campaign"

Edits = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Campaign:
    """What is tried.

    Attributes:
        screen: Knobs and two values of each, for a fractional factorial.
        search: Knobs and ranges for the optimiser.
        batches: Cells of each of its batches.
        ideas: Changes of code, each with a hypothesis.
        hopeless: Knobs that nothing good can come of.
        closer: How many of the best are given more seeds.
        pairs: Of the validation.
        horizons: Of the validation.
        seeds: Of each part when the champion is taken apart; 0 not to.
    """

    screen: Mapping[str, Sequence[float | str]]
    search: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])
    batches: Sequence[int] = ()
    ideas: Sequence[tuple[str, Edits]] = ()
    hopeless: Mapping[str, float] = field(default_factory=dict[str, float])
    closer: int = 0
    pairs: int = 8
    horizons: Sequence[int] = (1,)
    seeds: int = 0


async def run(root: Path, plan: Campaign) -> None:
    """Run a campaign in the lab at `root`, to its end.

    Raises:
        LabhandError: A call failed.
    """
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "labhand.server.main", "serve", "--root", str(root), "--as", NAME],
        env=dict(os.environ),
    )
    async with Client(server) as client:
        agent = DemoAgent(client)
        await agent.look_around()
        await _screen(agent, plan)
        await _search(agent, plan)
        best = await _look_closer(agent, plan)
        await _validate(agent, plan, best)
        await agent.call(
            "note", text="What was confirmed stands in the validations; the rest is luck until shown.", theme="search"
        )


async def _screen(agent: DemoAgent, plan: Campaign) -> None:
    factors = {knob: list(values) for knob, values in plan.screen.items()}
    design = "fractional" if len(factors) > 2 else "full"
    grid = await agent.call("launch_grid", hypothesis="Which knobs matter", factors=factors, design=design, theme="screen")
    launched = [*grid["experiments"], *grid.get("baseline", [])]
    for hypothesis, edits in plan.ideas:
        idea = await agent.call("launch_experiment", hypothesis=hypothesis, edits=list(edits), theme="code")
        launched += idea["experiments"]
    await agent.wait_for(launched)
    if plan.hopeless:
        doomed = await agent.call(
            "launch_experiment", hypothesis="To see it stopped", overrides=dict(plan.hopeless), theme="hopeless"
        )
        await agent.wait_for(doomed["experiments"])


async def _search(agent: DemoAgent, plan: Campaign) -> None:
    ranges = {knob: list(values) for knob, values in plan.search.items()}
    for size in plan.batches:
        batch = await agent.call(
            "launch_grid",
            hypothesis="Near what scored best",
            factors=ranges,
            design="optimiser",
            size=size,
            theme="search",
        )
        await agent.wait_for(batch["experiments"])


async def _look_closer(agent: DemoAgent, plan: Campaign) -> str:
    """Give the best more seeds, and to the best of all the best code; gives what came out best."""
    best = await _best(agent, theme="search") or await _best(agent, theme="screen")
    code = await _best(agent, theme="code")
    for name in best[: plan.closer]:
        again = await agent.call("launch_experiment", hypothesis="Luck or more", base=name, replicates=3, theme="closer")
        await agent.wait_for(again["experiments"])
    if plan.closer and code:
        both = await agent.call(
            "launch_experiment",
            hypothesis="Code and knobs together",
            base=best[0],
            apply=[code[0]],
            replicates=3,
            theme="closer",
        )
        await agent.wait_for(both["experiments"])
    return (await _best(agent, theme="closer") or code or best)[0]


async def _best(agent: DemoAgent, *, theme: str) -> list[str]:
    found = await agent.call("get_results", theme=theme, status="succeeded", sort_by="score", order="best", limit=10)
    return [row["id"] for row in found.get("rows", [])]


async def _validate(agent: DemoAgent, plan: Campaign, candidate: str) -> None:
    test = await agent.call("validate", ids=[candidate], replicates=plan.pairs, horizons=list(plan.horizons))
    name = test["tests"][0]["validation"]
    await agent.wait_for([name])
    briefing: Any = await agent.call("get_briefing")
    if plan.seeds and briefing["champion"]["id"] != "baseline":
        parts = await agent.call(
            "launch_grid", hypothesis="What the gain is made of", design="ablation", replicates=plan.seeds, theme="ablation"
        )
        await agent.wait_for(parts["experiments"])
