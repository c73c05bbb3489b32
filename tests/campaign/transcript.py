"""What an agent reads in a session: every text counted, and every call that a text suggests made.

A token is taken as four characters.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from mcp import Client
from mcp.types import CallToolResult, TextContent, TextResourceContents

from ..tools.hints import SuggestedCall, calls_in
from .row_gains import RowCheck

CHARACTERS_A_TOKEN = 4
MAX_WAIT_SECONDS = 300.0
QUOTED = frozenset({"hypothesis", "theme", "diff", "lines", "text", "notes", "goal", "error", "message"})
"""Fields of answers that repeat what agents and runs wrote: a call there is no hint."""
LAUNCHES = frozenset({"launch_experiment", "launch_grid", "validate"})


@dataclass
class Transcript:
    """A client that follows every hint, checks every row, and counts what an agent reads.

    Attributes:
        client: The client of the server.
        rows: Checks the rows of every answer against the ledger.
        launches_left: How many suggested launches and validations are made as they are; later ones are made as dry runs.
        characters: Of text read, by tool; `tools/list` and results.tsv among them.
        calls: Number of calls, by tool.
        followed: Number of suggested calls that were made, by tool.
        repeated: Number of suggestions of a call that had been made before.
        problems: What was wrong.
    """

    client: Client
    rows: RowCheck
    launches_left: int
    characters: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[str] = field(default_factory=Counter[str])
    followed: Counter[str] = field(default_factory=Counter[str])
    repeated: int = 0
    problems: list[str] = field(default_factory=list[str])
    _made: set[str] = field(default_factory=set[str])

    async def begin(self) -> None:
        """Count what an agent reads before its first call: the tools, and the server's instructions."""
        tools = (await self.client.list_tools()).tools
        self._read("tools/list", "".join(tool.model_dump_json(by_alias=True, exclude_none=True) for tool in tools))
        self._read("instructions", self.client.instructions or "")

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Make a call that has to be accepted, follow its hints, and return its data."""
        result = await self._make(tool, arguments)
        if result.is_error:
            self.problems.append(f"{tool}({arguments}) was refused: {_text(result)}")
        await self._follow(_suggestions(result))
        return cast("dict[str, Any]", result.structured_content or {})

    async def mistake(self, tool: str, **arguments: object) -> str:
        """Make a call that has to be refused, follow the calls that the error suggests, and return its text."""
        result = await self._make(tool, arguments)
        if not result.is_error:
            self.problems.append(f"{tool}({arguments}) was accepted")
        await self._follow(_suggestions(result))
        return _text(result)

    async def wait(self, *ids: str) -> dict[str, Any]:
        """Wait until all have ended, validations with their gain; return the last answer."""
        answer: dict[str, Any] = {}
        for _ in range(400):
            answer = await self.call("wait", ids=list(ids), timeout_seconds=MAX_WAIT_SECONDS)
            if not answer.get("pending") and not any("state" in row for row in answer.get("validations", ())):
                return answer
        self.problems.append(f"{ids} have not ended: {answer.get('pending')}")
        return answer

    async def read(self, uri: str) -> str:
        """Read a resource, and count its text."""
        [content] = (await self.client.read_resource(uri)).contents
        text = content.text if isinstance(content, TextResourceContents) else ""
        self._read(uri, text)
        return text

    def tokens(self) -> float:
        """Return the tokens of everything that was read."""
        return sum(self.characters.values()) / CHARACTERS_A_TOKEN

    async def _make(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        self._made.add(_key(tool, arguments))
        since = self.rows.moment()
        result = await self.client.call_tool(tool, dict(arguments), progress_callback=_ignore)
        self._read(tool, _text(result))
        if result.structured_content is not None:
            answer = cast("dict[str, Any]", result.structured_content)
            self.problems += [f"{tool}({dict(arguments)}): {problem}" for problem in self.rows.check(tool, answer, since)]
        return result

    async def _follow(self, suggested: Iterator[SuggestedCall]) -> None:
        """Make the suggested calls, and those that their answers suggest."""
        waiting = deque(suggested)
        while waiting:
            tool, arguments = waiting.popleft()
            if _key(tool, arguments) in self._made:
                self.repeated += 1
                continue
            self._made.add(_key(tool, arguments))
            if tool in LAUNCHES and self.launches_left <= 0:
                arguments = {**arguments, "dry_run": True}
            self.launches_left -= tool in LAUNCHES
            self.followed[tool] += 1
            result = await self._make(tool, arguments)
            if result.is_error:
                self.problems.append(f"the hint {tool}({arguments}) was refused: {_text(result)}")
            elif reason := _useless(tool, result):
                self.problems.append(f"the hint {tool}({arguments}) brought nothing: {reason}: {_text(result)[:300]}")
            waiting.extend(_suggestions(result))

    def _read(self, source: str, text: str) -> None:
        self.characters[source] += len(text)
        self.calls[source] += 1


async def _ignore(progress: float, total: float | None, message: str | None) -> None:
    """Receive progress, as clients of agents do; the model doesn't read it."""
    del progress, total, message


def _key(tool: str, arguments: Mapping[str, Any]) -> str:
    return f"{tool} {sorted(arguments.items())}"


def _text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def _suggestions(result: CallToolResult) -> Iterator[SuggestedCall]:
    """Return the calls in an answer's own texts, or in the text of an error."""
    texts = [_text(result)] if result.structured_content is None else _strings(result.structured_content)
    for text in texts:
        yield from calls_in(text)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for member in cast("list[object]", value):
            yield from _strings(member)
    elif isinstance(value, dict):
        for name, member in cast("dict[str, object]", value).items():
            if name not in QUOTED:
                yield from _strings(member)


def _useless(tool: str, result: CallToolResult) -> str:
    """Return why an answer is of no use to who was told to ask for it; empty if it is."""
    answer = cast("dict[str, Any]", result.structured_content or {})
    if tool == "wait" and not any(answer.get(name) for name in ("finished", "validations", "pending", "reported_before")):
        return "nothing ended, and nothing is pending"
    if tool == "get_results" and not answer.get("rows") and not answer.get("validations"):
        return "no rows"
    # In a dry run new experiments have no ids yet, so that only their cost shows them.
    costs = answer.get("estimate", {}).get("gpu_seconds", 0)
    is_new = costs > 0 if answer.get("dry_run") else answer.get("duplicates") != answer.get("experiments")
    if tool in {"launch_experiment", "launch_grid"} and not is_new:
        return "nothing new was launched"
    if tool == "analyze" and not answer.get("experiments"):
        return "no experiments"
    return "" if _text(result) or result.content else "an empty answer"
