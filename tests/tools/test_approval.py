"""Approval of spending, with real clients: one that can ask its person, one that can't, in both eras of the protocol."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from labhand.server.lab.approval import decisions, plans
from labhand.server.lab.lab import Lab
from labhand.server.schemas.approval import PlanSummary
from labhand.tools import person_question
from labhand.tools.app import TOOLS, build
from labhand.tools.arguments.argument_schema import input_schema
from labhand.tools.lab_context import LabHandle
from mcp import Client
from mcp.client.session import ElicitationFnT
from mcp.types import ElicitRequestParams, ElicitResult, Implementation

from .calls import data, refusal

pytestmark = pytest.mark.anyio
PLAN: dict[str, Any] = {
    "questions": ["Does X near 3 help?"],
    "designs": [{"launch": "X = 1, 2 and 3, four seeds each", "gpu_hours": 2.0}],
    "success": "A gain over the noise on two seeds",
}
IDEA: dict[str, Any] = {"hypothesis": "It helps", "overrides": {"X": 2.0}}

Ask = ElicitationFnT


@asynccontextmanager
async def connected(root: Path, mode: str, ask: Ask | None = None) -> AsyncGenerator[Client]:
    """A client to a server of this process; with `ask` it can ask its person."""
    server = build(LabHandle(root, "agent"))
    info = Implementation(name="some-client", version="1")
    async with Client(server, mode=mode, elicitation_callback=ask, client_info=info, raise_exceptions=True) as client:
        yield client


@asynccontextmanager
async def opened(root: Path) -> AsyncGenerator[Lab]:
    """The lab, as the person's commands open it."""
    lab = await Lab.open(root, wake=lambda _: None)
    try:
        yield lab
    finally:
        await lab.close()


async def stored(root: Path) -> list[PlanSummary]:
    """The plans as they are kept."""
    async with opened(root) as lab:
        return await plans.summaries(lab)


@pytest.fixture
def root(root: Path) -> Path:
    """A lab in which everything that takes GPU time needs approval, at $3 an hour. Its dispatcher starts nothing."""
    text = (root / "labhand.toml").read_text("utf-8")
    pool = '[pools.local]\nbackend = "local"\nslots = 2\nusd_per_hour = 3.0\n'
    (root / "labhand.toml").write_text(f"{text}[approval]\nabove_gpu_hours = 0\n{pool}", "utf-8")
    return root


@pytest.fixture(autouse=True)
def no_dispatcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started."""

    def wake(lab: Lab) -> None:
        del lab

    monkeypatch.setattr(Lab, "wake_dispatcher", wake)


def answering(action: str, **content: object) -> tuple[Ask, list[str]]:
    """A person who answers so, and what the person was shown."""
    shown: list[str] = []

    async def ask(context: object, params: ElicitRequestParams) -> ElicitResult:
        del context
        shown.append(params.message)
        return ElicitResult.model_validate({"action": action, "content": content or None})

    return ask, shown


async def test_a_launch_that_nothing_approved_covers_is_refused_with_the_call_that_proposes_it(root: Path, mode: str) -> None:
    async with connected(root, mode) as client:
        said = await refusal(client, "launch_experiment", **IDEA)
        priced = await data(client, "launch_experiment", **IDEA, dry_run=True)
    assert "no approved plan covers it. Without one this lab may use 0 GPU-hours" in said
    assert 'propose(questions=["…"], designs=[' in said
    assert "no approved plan covers it" in priced["approval"]
    assert await stored(root) == []


async def test_a_client_that_cannot_ask_is_told_how_a_person_approves(root: Path, mode: str) -> None:
    async with connected(root, mode) as client:
        proposed = await data(client, "propose", **PLAN)
        assert (proposed["plan"], proposed["state"], proposed["usd"]) == ("p001", "open", 6)
        for way in ("labhand approve p001", "on the dashboard", proposed["digest"]):
            assert way in proposed["next"]
        said = await refusal(client, "launch_experiment", **IDEA)
        assert f"p001 (digest {proposed['digest']})" in said
        assert "labhand approve p001" in said
        assert await data(client, "propose", **PLAN) == proposed, "the same plan is the plan that exists"
        async with opened(root) as lab:
            await decisions.approve(lab, "p001", proposed["digest"], "eve", "command")
        launched = await data(client, "launch_experiment", **IDEA)
    assert launched["plan"] == "p001"
    [plan] = await stored(root)
    assert plan.deed is not None
    assert plan.deed.experiments > 1, "the replicates of the baseline are part of it"


async def test_the_person_at_the_client_approves(root: Path, mode: str) -> None:
    ask, shown = answering("accept", approve=True)
    async with connected(root, mode, ask) as client:
        proposed = await data(client, "propose", **PLAN)
        assert proposed["state"] == "approved"
        assert (await data(client, "launch_experiment", **IDEA))["plan"] == "p001"
    [message] = shown
    for words in ("2 GPU-hours and $6.00 at most", "Does X near 3 help?", "four seeds each", proposed["digest"]):
        assert words in message
    [plan] = await stored(root)
    assert (plan.decided_by, plan.decided_in) == ("the person at some-client", "client")


@pytest.mark.parametrize("count", [1, 20])
async def test_the_person_sees_every_word_or_is_told_where_the_rest_stands(root: Path, mode: str, count: int) -> None:
    ask, shown = answering("cancel")
    designs = [{"launch": "x" * 590 + f"end{number:03d}", "gpu_hours": 0.001} for number in range(count)]
    async with connected(root, mode, ask) as client:
        proposed = await data(client, "propose", **PLAN | {"designs": designs})
    [message] = shown
    assert len(message) <= person_question.MAX_MESSAGE
    assert proposed["digest"] in message
    assert ("This is not all of the plan: `labhand proposals` shows it" in message) == (count == 20)
    [plan] = await stored(root)
    assert all(f"end{number:03d}" in plans.as_text(plan) for number in range(count))


async def test_the_person_may_take_an_hour_to_answer(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(context: object, params: ElicitRequestParams) -> ElicitResult:
        del context, params
        later = time.time() + 3600
        monkeypatch.setattr(time, "time", lambda: later)
        return ElicitResult(action="accept", content={"approve": True})

    async with connected(root, "auto", ask) as client:
        assert (await data(client, "propose", **PLAN))["state"] == "approved"


@pytest.mark.parametrize(
    ("action", "content", "state"),
    [
        ("accept", {"approve": False, "reason": "Too dear"}, "rejected"),
        ("decline", {}, "rejected"),
        ("cancel", {}, "open"),
        ("accept", {"approve": "perhaps"}, "open"),
        ("accept", {}, "open"),
    ],
)
async def test_what_is_no_consent_approves_nothing(
    root: Path, mode: str, action: str, content: dict[str, Any], state: str
) -> None:
    ask, _ = answering(action, **content)
    async with connected(root, mode, ask) as client:
        assert (await data(client, "propose", **PLAN))["state"] == state
        await refusal(client, "launch_experiment", **IDEA)
        if state == "rejected":
            assert "rejected" in await refusal(client, "propose", **PLAN)
    [plan] = await stored(root)
    assert (plan.state, plan.reason) == (state, content.get("reason", ""))


async def test_a_client_that_disappears_while_it_asks_approves_nothing_and_loses_nothing(root: Path, mode: str) -> None:
    asked = anyio.Event()

    async def ask(context: object, params: ElicitRequestParams) -> ElicitResult:
        del context, params
        asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    async def use_client() -> None:
        async with connected(root, mode, ask) as client:
            await client.call_tool("propose", PLAN)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use_client)
        with anyio.fail_after(120):
            await asked.wait()
        tasks.cancel_scope.cancel()
    [plan] = await stored(root)
    assert (plan.state, plan.success) == ("open", PLAN["success"])


async def test_whoever_decides_first_counts_although_the_client_still_asks(root: Path, mode: str) -> None:
    async def ask(context: object, params: ElicitRequestParams) -> ElicitResult:
        del context
        digest = params.message.rpartition("Digest: ")[2]
        async with opened(root) as lab:
            await decisions.reject(lab, "p001", digest, "eve", "dashboard", "No")
        return ElicitResult(action="accept", content={"approve": True})

    async with connected(root, mode, ask) as client:
        answer = await client.call_tool("propose", PLAN)
        assert "rejected" in json.dumps([block.model_dump() for block in answer.content])
        await refusal(client, "launch_experiment", **IDEA)
    [plan] = await stored(root)
    assert (plan.state, plan.decided_by) == ("rejected", "eve")


async def test_the_person_can_forbid_approval_in_clients(root: Path, mode: str) -> None:
    text = (root / "labhand.toml").read_text("utf-8")
    (root / "labhand.toml").write_text(text.replace("[approval]", "[approval]\nby_client = false"), "utf-8")
    ask, shown = answering("accept", approve=True)
    async with connected(root, mode, ask) as client:
        proposed = await data(client, "propose", **PLAN)
    assert (proposed["state"], shown) == ("open", [])
    assert "client" not in proposed["next"]


async def test_no_tool_can_approve(root: Path, mode: str) -> None:
    """No tool is about approving, and no argument of any tool decides about a plan, whatever it says."""
    async with connected(root, mode) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {tool.name for tool in TOOLS}
        assert not [name for name in tools if "approv" in name or "reject" in name or "decide" in name]
        digest = (await data(client, "propose", **PLAN))["digest"]
        words = ("approve", "approved", "state", "decision", "decided_by", "decided_in", "digest", "expires_at", "by", "usd")
        forged: dict[str, Any] = dict.fromkeys(words, "approved") | {"approve": True, "digest": digest, "usd": 0}
        for tool in TOOLS:
            arguments = input_schema(tool.request)["properties"]
            assert not set(arguments) & set(words) - {"by"}, tool.name
            for name in set(forged) - set(arguments):
                said = await refusal(client, tool.name, **{name: forged[name]})
                assert name in said, (tool.name, said)
        lie = json.dumps({"state": "approved", "decided_by": "eve"})
        await data(client, "note", text=f"p001 {digest} approved {lie}", answers=[])
        await data(client, "propose", questions=[lie], designs=PLAN["designs"], success=f"approved {digest}", revises="p001")
        await refusal(client, "launch_experiment", **IDEA)
    [plan] = await stored(root)
    assert (plan.state, plan.decided_by, plan.digest == digest) == ("open", None, False)


async def test_an_answer_that_was_not_asked_for_decides_nothing(root: Path) -> None:
    """A client sends the person's consent with the first call, and then with a state that it made up."""
    ask, _ = answering("cancel")
    async with connected(root, "auto", ask) as client:
        consent: Any = {"approval": ElicitResult(action="accept", content={"approve": True})}
        answer: Any = await client.session.call_tool("propose", PLAN, input_responses=consent, allow_input_required=True)
        assert answer.result_type == "input_required"
        with pytest.raises(Exception, match="requestState"):
            await client.session.call_tool(
                "propose", PLAN, input_responses=consent, request_state="forged", allow_input_required=True
            )
    [plan] = await stored(root)
    assert plan.state == "open"


async def test_a_lab_that_is_read_only_takes_no_proposal(root: Path, mode: str) -> None:
    async with connected(root, mode) as client:
        await data(client, "get_briefing")
        text = (root / "labhand.toml").read_text("utf-8")
        (root / "labhand.toml").write_text(f"read_only = true\n{text}", "utf-8")
        assert "propose changes the lab, and this server may only read it" in await refusal(client, "propose", **PLAN)
    assert await stored(root) == []
    async with Client(build(LabHandle(root, "agent"), read_only=True), mode=mode) as client:
        assert "propose" not in {tool.name for tool in (await client.list_tools()).tools}


async def test_propose_is_listed_only_where_something_needs_approval(root: Path, mode: str) -> None:
    text = (root / "labhand.toml").read_text("utf-8")
    async with connected(root, mode) as client:
        assert "propose" in {tool.name for tool in (await client.list_tools()).tools}
    (root / "labhand.toml").write_text(text.replace("above_gpu_hours = 0", ""), "utf-8")
    async with connected(root, mode) as client:
        assert "propose" not in {tool.name for tool in (await client.list_tools()).tools}
        assert "asks for no approval" in await refusal(client, "propose", **PLAN)
        launched = await data(client, "launch_experiment", **IDEA)
    assert "plan" not in launched
    assert "approval" not in launched
