"""A stand-in for the model behind Claude Code: the Messages API on loopback, answering from a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

from typing_extensions import override

Block = Mapping[str, Any]
"""A piece of an answer: text, or the use of a tool."""
Turn = Callable[["Asked"], Block]
"""What the model says next, from what it has been shown."""

MAX_SEARCHES = 10
_USAGE = {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}


def say(text: str) -> Block:
    """An answer in words."""
    return {"type": "text", "text": text}


def use(tool: str, **arguments: object) -> Block:
    """The use of one of labhand's tools."""
    return {"type": "tool_use", "id": f"toolu_{uuid4().hex[:20]}", "name": f"mcp__labhand__{tool}", "input": arguments}


def use_own(tool: str, **arguments: object) -> Block:
    """The use of one of the client's own tools, such as `Bash`."""
    return {"type": "tool_use", "id": f"toolu_{uuid4().hex[:20]}", "name": tool, "input": arguments}


class Asked:
    """One request, as the model sees it."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.messages: Sequence[Mapping[str, Any]] = body.get("messages", [])
        self.tools = {tool["name"]: tool for tool in body.get("tools", []) if "name" in tool}

    @property
    def turn(self) -> int:
        """How often the model has answered in this conversation."""
        return sum(message["role"] == "assistant" for message in self.messages)

    @property
    def last_words(self) -> str:
        """The texts of the newest message."""
        return "".join(block["text"] for block in _blocks(self.messages[-1]) if block["type"] == "text")

    @property
    def results(self) -> list[str]:
        """What its tools have answered, oldest first."""
        blocks = (block for message in self.messages for block in _blocks(message))
        return [_text(block["content"]) for block in blocks if block["type"] == "tool_result"]


class ScriptedModel:
    """Answers each turn of the conversation from the script and keeps every request of it.

    Claude Code also asks for small things beside the conversation, such as a title: those requests carry hardly any tools.
    """

    def __init__(self, script: Sequence[Turn]) -> None:
        self.script = script
        self.asked: list[Asked] = []

    def answer(self, body: Mapping[str, Any]) -> Block:
        """The next block of the conversation that a request carries."""
        asked = Asked(body)
        if len(asked.tools) <= 3:
            return say("ok")
        self.asked.append(asked)
        return self.next_block(asked)

    def next_block(self, asked: Asked) -> Block:
        """What it says to a request of the conversation."""
        return self.script[min(asked.turn, len(self.script) - 1)](asked)

    @contextmanager
    def served(self) -> Generator[str]:
        """Serve on a free port of loopback and give the URL."""
        handler = type("Handler", (_Handler,), {"model": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


class SearchingModel(ScriptedModel):
    """Looks for a plugin's tools until they are there, and then answers from the script.

    Claude Code asks the model before the servers of plugins have started. A search waits for them, but not for ever.
    """

    def __init__(self, prefix: str, script: Sequence[Turn]) -> None:
        super().__init__(script)
        self.prefix = prefix
        self.searches = 0

    @override
    def next_block(self, asked: Asked) -> Block:
        if self.searches < MAX_SEARCHES and not any(name.startswith(self.prefix) for name in asked.tools):
            self.searches += 1
            return use_own("ToolSearch", query=self.prefix.strip("_").rpartition("_")[2])
        return self.script[min(asked.turn - self.searches, len(self.script) - 1)](asked)


class _Handler(BaseHTTPRequestHandler):
    model: ScriptedModel

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what was asked is kept by the model."""

    def do_HEAD(self) -> None:
        self._send("application/json", b"")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if "count_tokens" in self.path:
            self._send("application/json", json.dumps({"input_tokens": len(raw) // 4}).encode())
        elif self.path.startswith("/v1/messages"):
            body = json.loads(raw)
            message = _message(body, self.model.answer(body))
            if body.get("stream"):
                self._send("text/event-stream", b"".join(_events(message)))
            else:
                self._send("application/json", json.dumps(message).encode())
        else:
            self._send("application/json", b"{}")

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _message(body: Mapping[str, Any], block: Block) -> dict[str, Any]:
    return {
        "id": f"msg_{uuid4().hex[:16]}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "stand-in"),
        "content": [block],
        "stop_reason": "tool_use" if block["type"] == "tool_use" else "end_turn",
        "stop_sequence": None,
        "usage": _USAGE,
    }


def _events(message: Mapping[str, Any]) -> Iterator[bytes]:
    (block,) = message["content"]
    start: Block = {**block, "text": ""} if block["type"] == "text" else {**block, "input": dict[str, Any]()}
    delta = _delta(block)
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _event("message_start", message={**message, "content": [], "stop_reason": None})
    yield _event("content_block_start", index=0, content_block=start)
    yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    yield _event("message_delta", delta=ending, usage={"output_tokens": _USAGE["output_tokens"]})
    yield _event("message_stop")


def _delta(block: Block) -> Block:
    if block["type"] == "text":
        return {"type": "text_delta", "text": block["text"]}
    return {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}


def _event(kind: str, **data: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def _blocks(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content = message["content"]
    return [say(content)] if isinstance(content, str) else content


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)
