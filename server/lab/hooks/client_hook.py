"""`labhand hook`: speaks the hook protocol of Claude Code, JSON on standard input and output.

A hook runs before everything else, so it starts fast, and it is never the reason why a session can't work: whatever goes wrong
here is said on standard error only, and the client goes on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ...lab_place import LabPlace, find_lab, find_root
from ...store.glance import read_glance
from . import session_start, turn_end
from .session_memory import recall, remember
from .turn_end import TurnEnd

EVENTS = {"session-start": "SessionStart", "stop": "Stop"}
"""The events by the names that the command takes, with the client's own names."""
CLIENT = "claude-code"
"""The name that Claude Code gives itself over MCP, which stands beside its experiments."""


def answer_hook(event: str, said: str, root: Path | None = None, caller: str = CLIENT) -> str:
    """Return what a hook prints; empty for nothing.

    Args:
        event: `session-start` or `stop`.
        said: What the client says on standard input: a JSON object. Anything else counts as an empty one.
        root: The lab's folder; by default the lab around the client's folder.
        caller: Whose experiments `stop` is about, as `labhand serve --as` names them.
    """
    told = _object(said)
    here = _client_folder(told)
    place = find_lab(root or here)
    if place is None:
        return ""
    where = [] if find_root(here) == place.root else ["--root", str(place.root)]
    text = _briefing(place, where) if event == "session-start" else _reminder(place, where, told, caller)
    if not text:
        return ""
    return json.dumps({"hookSpecificOutput": {"hookEventName": EVENTS[event], "additionalContext": text}})


def _briefing(place: LabPlace, where: Sequence[str]) -> str:
    memory = recall(place)
    return session_start.brief(place, read_glance(place.database, memory.seen), memory, where)


def _reminder(place: LabPlace, where: Sequence[str], told: Mapping[str, Any], caller: str) -> str:
    glance = read_glance(place.database, None, caller)
    if glance is None:
        return ""
    memory = recall(place).after_turn(glance.seen)
    turn = TurnEnd(str(told.get("session_id", "")), bool(told.get("stop_hook_active")), _commands(told))
    text = turn_end.reminder(turn, glance, memory, where)
    remember(place, memory.with_reminder(turn.session, turn_end.about(glance)) if text else memory)
    return text


def _client_folder(told: Mapping[str, Any]) -> Path:
    """Return the folder in which the client started its servers: the agent's shell may be elsewhere by now."""
    return Path(os.environ.get("CLAUDE_PROJECT_DIR") or str(told.get("cwd") or Path.cwd()))


def _commands(told: Mapping[str, Any]) -> list[str]:
    """Return the command lines of what the session runs in the background."""
    tasks = told.get("background_tasks")
    if not isinstance(tasks, list):
        return []
    entries = [cast("dict[str, object]", task) for task in cast("list[object]", tasks) if isinstance(task, dict)]
    return [str(entry.get("command", "")) for entry in entries if entry.get("status", "running") == "running"]


def _object(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def run_hook(event: str, root: Path | None = None, caller: str = CLIENT) -> None:
    """Answer a client that runs this process as a hook.

    Args:
        event: `session-start` or `stop`.
        root: The lab's folder; by default the lab around the client's folder.
        caller: Whose experiments `stop` is about.
    """
    try:
        said = "" if sys.stdin.isatty() else sys.stdin.read()
        answer = answer_hook(event, said, root, caller)
    except Exception as error:  # noqa: BLE001 - the boundary to the client, which goes on whatever is wrong here
        sys.stderr.write(f"labhand hook {event}: {error!r}\n")
        return
    if answer:
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
