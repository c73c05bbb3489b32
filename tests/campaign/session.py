"""A scripted agent's afternoon: everything that an agent does in a lab, in the order in which one would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .transcript import Transcript

Edits = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Plan:
    """What the agent tries.

    Attributes:
        variants: Changes of code, crossed with the factors of the first grid.
        factors: Knobs and the values of the first grid.
        screen: Two values of each of several knobs, for a fractional factorial.
        search: Ranges for the optimiser.
        batches: Cells of each of its batches.
        broken: An edit that can't run.
        hopeless: Knobs that no good can come of.
        further: Knobs that are tried on the champion.
        budget: The second budget, in seconds.
        pairs: Of a validation.
        parts: Seeds of each part when the champion is taken apart.
        validations: How many candidates the agent validates.
        aspects: What is analyzed.
        pictures: What is plotted.
        page: Rows of a table that the agent looks at.
    """

    variants: Sequence[Mapping[str, Any]]
    factors: Mapping[str, Sequence[Any]]
    screen: Mapping[str, Sequence[Any]]
    search: Mapping[str, Sequence[float]]
    batches: Sequence[int]
    broken: Edits
    hopeless: Mapping[str, Any]
    further: Mapping[str, Sequence[Any]]
    budget: float
    pairs: int
    parts: int
    validations: int
    aspects: Sequence[str]
    pictures: Sequence[str]
    symbol: str
    page: int = 8
    notes: Sequence[str] = field(default=("What was confirmed stands in the validations; the rest is luck until shown",))


async def afternoon(agent: Transcript, plan: Plan) -> None:
    """Do the whole session."""
    await agent.begin()
    await _look_around(agent, plan)
    await _screen(agent, plan)
    await _mistakes(agent, plan)
    await _search(agent, plan)
    for _ in range(plan.validations):
        await _promote(agent, plan)
    await _second_budget(agent, plan)
    await _further(agent, plan)
    await _read_results(agent, plan)


async def _look_around(agent: Transcript, plan: Plan) -> None:
    """The briefing's hint launches the baseline, and waits for it."""
    await agent.call("get_briefing")
    await agent.call("list_gpus")
    await agent.call("read_source")
    await agent.call("read_source", symbol=plan.symbol)


async def _screen(agent: Transcript, plan: Plan) -> None:
    variants = [{"name": "plain"}, *(dict(variant) for variant in plan.variants)]
    code = {"hypothesis": "Which code", "variants": variants, "factors": _lists(plan.factors), "theme": "code"}
    dry = await agent.call("launch_grid", **code, dry_run=True)
    grid = await agent.call("launch_grid", **code)
    if dry.get("total") != grid.get("total"):
        agent.problems.append(f"the dry run names {dry.get('total')} cells, and {grid.get('total')} were launched")
    second = await agent.call(
        "launch_grid", hypothesis="Which knobs", factors=_lists(plan.screen), design="fractional", theme="screen"
    )
    await agent.wait(grid["grid"], second["grid"])
    table = await agent.call("get_results", ids=[grid["grid"]], limit=plan.page)
    if table.get("total") != grid.get("total"):
        agent.problems.append(f"{grid['grid']} has {grid.get('total')} cells, and its table {table.get('total')}")
    await agent.call("analyze", what="effects", ids=[second["grid"]])
    await agent.call("note", text="The screen names the knobs to search in", experiments=[second["grid"]], theme="screen")


async def _mistakes(agent: Transcript, plan: Plan) -> None:
    """What agents get wrong; every error names a call or a value that would do."""
    await agent.mistake(
        "launch_experiment", hypothesis="Text that isn't there", edits=[{"find": "no such text", "replace": "x"}]
    )
    knob = next(iter(plan.screen))
    await agent.mistake("launch_experiment", hypothesis="A knob that isn't there", overrides={f"{knob}X": 1})
    again = await agent.call(
        "launch_experiment", hypothesis="The same again", base="baseline", overrides={knob: plan.screen[knob][0]}
    )
    await agent.wait(*again["experiments"])
    twice = await agent.call(
        "launch_experiment", hypothesis="The same again", base="baseline", overrides={knob: plan.screen[knob][0]}
    )
    if not twice.get("duplicates"):
        agent.problems.append(f"a repeated launch named no duplicates: {twice}")
    await agent.mistake("get_experiment", id="e9999")
    await agent.mistake("wait", ids=["g999"])
    broken = await agent.call("launch_experiment", hypothesis="To see it fail", edits=list(plan.broken), theme="broken")
    doomed = await agent.call("launch_experiment", hypothesis="To see it stopped", overrides=dict(plan.hopeless))
    await agent.wait(*broken["experiments"], *doomed["experiments"])
    await agent.call("get_experiment", id=broken["experiments"][0], include=["failure"])
    unwanted = await agent.call(
        "launch_grid", hypothesis="Unwanted", factors={knob: [value + 1 for value in plan.screen[knob]]}, priority="low"
    )
    await agent.call("cancel", ids=[unwanted["grid"]], reason="Launched by mistake")
    await agent.wait(unwanted["grid"])


async def _search(agent: Transcript, plan: Plan) -> None:
    for size in plan.batches:
        batch = await agent.call(
            "launch_grid",
            hypothesis="Near what scored best",
            factors=_lists(plan.search),
            design="optimiser",
            size=size,
            theme="search",
        )
        await agent.wait(batch["grid"])


async def _promote(agent: Transcript, plan: Plan) -> None:
    """Give the best more seeds, validate it, and take it apart if it became the champion."""
    before = await agent.call("get_briefing")
    if not before.get("promising"):
        return
    champion, candidate = before["champion"]["id"], before["promising"][0]["id"]
    more = await agent.call("launch_experiment", hypothesis="Luck or more", base=candidate, replicates=3, theme="closer")
    waited = await agent.wait(*more["experiments"])
    if waited["lab"]["champion"] == champion:  # otherwise a validation that a hint launched has promoted one already
        test = await agent.call("validate", ids=[candidate], replicates=plan.pairs)
        waited = await agent.wait(*(one["validation"] for one in test.get("tests", [])))
    if plan.parts and waited["lab"]["champion"] not in {champion, "baseline"}:
        parts = await agent.call(
            "launch_grid", hypothesis="What the gain is made of", design="ablation", replicates=plan.parts, theme="ablation"
        )
        await agent.wait(parts["grid"])
        await agent.call("analyze", what="ablation")


async def _second_budget(agent: Transcript, plan: Plan) -> None:
    """A second stratum, in which the champion's replicates are added."""
    knob, values = next(iter(plan.further.items()))
    longer = await agent.call(
        "launch_grid",
        hypothesis="Does it hold longer",
        factors={knob: list(values)},
        budget_seconds=plan.budget,
        theme="longer",
    )
    if not longer.get("champion") and not longer.get("baseline"):
        agent.problems.append(f"a launch in a new stratum added no replicates of the reference: {longer}")
    await agent.wait(longer["grid"])
    await agent.call("get_results", theme="longer", limit=plan.page)
    await agent.call("get_results", limit=plan.page, order="worst")


async def _further(agent: Transcript, plan: Plan) -> None:
    """Work on the champion: rows have another base than the reference where they were made from something else."""
    grid = await agent.call("launch_grid", hypothesis="On top of the champion", factors=_lists(plan.further), theme="further")
    await agent.wait(grid["grid"])
    table = await agent.call("get_results", ids=[grid["grid"]], limit=plan.page)
    on_it = await agent.call(
        "launch_experiment",
        hypothesis="On what isn't the champion",
        base=table["rows"][-1]["id"],
        overrides={name: values[-1] for name, values in plan.screen.items() if name not in plan.further},
        theme="further",
    )
    await agent.wait(*on_it["experiments"])
    await agent.call("get_experiment", id=on_it["experiments"][0], include=["diff", "replicates"])


async def _read_results(agent: Transcript, plan: Plan) -> None:
    for aspect in plan.aspects:
        await agent.call("analyze", what=aspect)
    for picture in plan.pictures:
        await agent.call("plot", what=picture)
    await agent.call("get_results", search="champion", limit=plan.page)
    for text in plan.notes:
        await agent.call("note", text=text)
    await agent.call("get_briefing")
    await agent.read("labhand://results.tsv")


async def check_all_rows(agent: Transcript) -> int:
    """Page through every row of the lab, outside of the session's count, so that each is recomputed; return their number."""
    read, calls = agent.characters.copy(), agent.calls.copy()
    rows: int = 0
    cursor: str | None = None
    while True:
        page = await agent.call("get_results", limit=100, cursor=cursor)
        rows += len(page.get("rows", []))
        cursor = page.get("next_cursor")
        if not cursor:
            agent.characters, agent.calls = read, calls
            return rows


def _lists(values: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: list(of) for name, of in values.items()}
