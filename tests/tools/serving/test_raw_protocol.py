"""What is answered to what is no message, and to a megabyte of argument."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from .servers import ALICE, SERVE, TWO_CALLERS, serving

NOT_JSON = ['{"jsonrpc": "2.0", "id": 1, "method": "ping"', "nonsense", '{"id": 1, "id"}', "[" * 5000, "\\ud800"]
NO_MESSAGES: list[tuple[str, str | int | None]] = [
    ("[]", None),
    ('[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', None),
    ("7", None),
    ("null", None),
    ('"ping"', None),
    ("{}", None),
    ('{"id": 5, "method": "ping"}', 5),
    ('{"jsonrpc": "1.0", "id": "a", "method": "ping"}', "a"),
    ('{"jsonrpc": "2.0", "id": 6}', 6),
    ('{"jsonrpc": "2.0", "id": 7, "method": 3}', 7),
    ('{"jsonrpc": "2.0", "id": 8, "method": "ping", "params": [1]}', 8),
    ('{"jsonrpc": "2.0", "id": {"a": 1}, "method": 3}', None),
]
MEGABYTE = "x" * 1_000_000
PING = '{"jsonrpc": "2.0", "id": "last", "method": "ping"}'
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
}
BIG_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("tools/call", {"name": MEGABYTE, "arguments": {}}),
    ("tools/call", {"name": "get_experiment", "arguments": {"id": MEGABYTE}}),
    ("tools/call", {"name": "get_experiment", "arguments": {MEGABYTE: 1}}),
    ("tools/call", {"name": "get_results", "arguments": {"ids": [MEGABYTE]}}),
    ("tools/call", {"name": "get_results", "arguments": {"cursor": MEGABYTE}}),
    ("tools/call", {"name": "get_results", "arguments": {"ids": {"a": MEGABYTE}}}),
    ("tools/call", {"name": "get_results", "arguments": {"search": MEGABYTE}}),
    ("tools/call", {"name": "get_logs", "arguments": {"id": MEGABYTE}}),
    ("tools/call", {"name": "wait", "arguments": {"after": MEGABYTE}}),
    ("tools/call", {"name": "analyze", "arguments": {"what": MEGABYTE}}),
    ("tools/call", {"name": "read_source", "arguments": {"symbol": MEGABYTE}}),
    ("tools/call", {"name": "cancel", "arguments": {"ids": [MEGABYTE], "reason": MEGABYTE}}),
    ("tools/call", {"name": "note", "arguments": {"text": MEGABYTE}}),
    ("tools/call", {"name": "launch_experiment", "arguments": {"hypothesis": "h", "overrides": {MEGABYTE: 1}}}),
    ("tools/call", {"name": "launch_experiment", "arguments": {"hypothesis": MEGABYTE}}),
    ("tools/call", {"name": "launch_experiment", "arguments": {"hypothesis": "h", "base": MEGABYTE}}),
    ("tools/call", {"name": "launch_experiment", "arguments": {"hypothesis": "h", "patch": MEGABYTE}}),
    ("tools/call", {"name": "launch_experiment", "arguments": {"hypothesis": "h", "files": {MEGABYTE: "a"}}}),
    ("tools/call", {"name": "launch_grid", "arguments": {"hypothesis": "h", "factors": {MEGABYTE: [1]}}}),
    ("tools/call", {"name": "plot", "arguments": {"what": MEGABYTE}}),
    ("tools/call", {"name": "scale_pool", "arguments": {"pool": MEGABYTE, "clusters": 1}}),
    ("tools/call", {"name": "checkout", "arguments": {"id": MEGABYTE}}),
    ("tools/call", {"name": ["a", MEGABYTE]}),
    ("resources/read", {"uri": f"labhand://experiment/{MEGABYTE}"}),
    ("resources/read", {"uri": MEGABYTE}),
    ("prompts/get", {"name": MEGABYTE}),
    (MEGABYTE, {}),
    ("completion/complete", {"ref": {"type": "ref/prompt", "name": MEGABYTE}, "argument": {"name": "a", "value": "b"}}),
    ("logging/setLevel", {"level": MEGABYTE}),
]


@dataclass(frozen=True)
class RawServer:
    """A server over stdio, to which lines are sent as they are.

    Attributes:
        said: What it is sent.
        answered: What it prints.
        log: Its log.
    """

    said: IO[str]
    answered: IO[str]
    log: Path

    def say(self, *lines: str) -> None:
        """Send lines."""
        self.said.write("\n".join([*lines, ""]))
        self.said.flush()

    def ask(self, *messages: dict[str, Any]) -> None:
        """Send messages."""
        self.say(*map(json.dumps, messages))

    def answers(self, count: int) -> list[dict[str, Any]]:
        """Receive so many messages."""
        return [json.loads(self.answered.readline()) for _ in range(count)]


@contextmanager
def over_stdio(root: Path) -> Generator[RawServer]:
    """Start a server over stdio, and end its input after the block."""
    command, log = [sys.executable, *SERVE, str(root)], root / "server.log"
    pipe = subprocess.PIPE
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, encoding="utf-8") as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        yield RawServer(process.stdin, process.stdout, log)
        process.stdin.close()
        process.wait(timeout=120)


def spoken(root: Path, lines: list[str], count: int) -> tuple[list[dict[str, Any]], str]:
    """Send lines to a server over stdio; return its first `count` answers, and its log."""
    with over_stdio(root) as server:
        server.say(*lines)
        answers = server.answers(count)
    return answers, server.log.read_text("utf-8")


@pytest.mark.parametrize("text", NOT_JSON, ids=["half", "word", "no value", "too deep", "escape"])
def test_over_stdio_what_is_not_json_is_a_parse_error(root: Path, text: str) -> None:
    [error, pong], log = spoken(root, [text, PING], 2)
    assert (error["id"], error["error"]["code"]) == (None, -32700)
    assert pong["id"] == "last"
    assert log == ""


def test_over_stdio_what_is_no_message_is_an_invalid_request(root: Path) -> None:
    answers, log = spoken(root, [*(text for text, _ in NO_MESSAGES), "", "  ", PING], len(NO_MESSAGES) + 1)
    errors = [(answer["id"], answer["error"]["code"]) for answer in answers if answer["id"] != "last"]
    assert errors == [(identifier, -32600) for _, identifier in NO_MESSAGES]
    assert log == ""


def test_for_a_call_that_was_cancelled_nothing_is_written_any_more(root: Path) -> None:
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    launch = call(1, "launch_experiment", hypothesis="h", overrides={"DURATION": 60.0})
    waits = call(2, "wait", timeout_seconds=60)
    waits["params"]["_meta"] = {"progressToken": "p"}
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    with over_stdio(root) as server:
        server.ask(INITIALIZE, initialized, launch)
        assert [answer["id"] for answer in server.answers(2)] == [0, 1]
        server.ask(waits)
        assert server.answers(1)[0]["method"] == "notifications/progress"
        # What happens afterwards would bring progress, and end the wait.
        server.ask(cancelled, call(3, "cancel", ids="e0001-e0009", force=True), call(4, "cancel", ids="e0001", force=True))
        server.ask(call(5, "wait", timeout_seconds=20))
        answers = server.answers(3)
        server.said.close()
        rest = server.answered.read()
    assert sorted(answer["id"] for answer in answers) == [3, 4, 5], answers
    assert rest == ""
    last = next(answer for answer in answers if answer["id"] == 5)["result"]["structuredContent"]
    assert last["finished_total"] == 1, "the cancelled wait has told nobody"
    assert "reported_before" not in last


def call(number: int, tool: str, **arguments: object) -> dict[str, Any]:
    """A request that calls a tool."""
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@pytest.mark.slow
@pytest.mark.anyio
async def test_over_http_what_is_no_message_gets_the_same_errors(root: Path) -> None:
    with serving(root, toml=TWO_CALLERS) as server:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        async with httpx2.AsyncClient(headers=headers) as http:
            refused = await http.post(server.url, content="nonsense")
            http.headers["Authorization"] = f"Bearer {ALICE}"
            not_json = [await http.post(server.url, content=text) for text in [*NOT_JSON, ""]]
            no_messages = [await http.post(server.url, content=text) for text, _ in NO_MESSAGES]
        log = server.log.read_text("utf-8")
    assert refused.status_code == 401
    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in not_json} == {(400, -32700)}
    codes = [(answer.json()["id"], answer.json()["error"]["code"]) for answer in no_messages]
    assert codes == [(identifier, -32600) for _, identifier in NO_MESSAGES]
    assert "Traceback" not in log


@pytest.mark.slow
def test_an_answer_to_a_megabyte_of_argument_does_not_repeat_it(root: Path) -> None:
    calls = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(BIG_CALLS, 1)
    ]
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    answers, log = spoken(root, [json.dumps(message) for message in (INITIALIZE, initialized, *calls)], len(calls) + 1)
    sizes: dict[int, int] = {answer["id"]: len(json.dumps(answer)) for answer in answers if answer.get("id")}
    too_long: list[tuple[str, str]] = []
    for number, size in sizes.items():
        method, params = BIG_CALLS[number - 1]
        if size > 5000:
            too_long.append((method[:20], json.dumps(params)[:60]))
    assert too_long == []
    assert len(sizes) == len(BIG_CALLS)
    assert len(log) < 5000


def test_a_server_log_has_no_boxes_around_tracebacks(root: Path) -> None:
    code = (
        "import logging; from labhand.tools.serving.logs import log_to_stderr; log_to_stderr()\n"
        "from pathlib import Path; from labhand.tools.app import build; from labhand.tools.lab_context import LabHandle\n"
        "build(LabHandle(Path('.')))\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('mcp').exception('it broke')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True, cwd=root)
    assert "ERROR mcp: it broke" in done.stderr
    assert not set("╭│╰─") & set(done.stderr)
