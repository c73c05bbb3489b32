"""A whole session of research in the real Claude Code with the plugin, the model a script: how many turns and tokens it takes.

The model gets the briefing from the hook, launches, and forgets to wait; the hook reminds it, and it waits in the background.
It is woken, reads the results, validates, waits again, and checks out the champion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from .model import Asked, Block, SearchingModel, say, use_own
from .programs import Clients

pytestmark = pytest.mark.timeout(400)
PREFIX = "mcp__plugin_labhand_labhand__"
ALLOWED = f"{PREFIX}*,Bash(labhand wait *),ToolSearch"
MAX_TOKENS = 1500
"""That labhand's texts may take: answers of tools, the briefing and the reminder, at four characters a token."""


def call(tool: str, **arguments: object) -> Block:
    """The use of one of the plugin's tools."""
    return use_own(f"{PREFIX}{tool}", **arguments)


def launch(_: Asked) -> Block:
    return call("launch_experiment", hypothesis="Nearer to the bottom", overrides={"X": 2.5})


def rest(_: Asked) -> Block:
    return say("It runs.")


def in_background(text: str) -> Block:
    """Run the command that a text names in the background."""
    found = re.search(r"`(labhand wait [^`]+)`", text)
    assert found is not None, text
    return use_own("Bash", command=found[1], description="Wait for labhand", run_in_background=True)


def wait_as_reminded(asked: Asked) -> Block:
    return in_background(asked.last_words)


def read(_: Asked) -> Block:
    return call("get_results", ids=["e0001"])


def validate(_: Asked) -> Block:
    return call("validate", ids=["e0001"], replicates=4)


def wait_as_told(asked: Asked) -> Block:
    return in_background(asked.results[-1])


def look(_: Asked) -> Block:
    return call("get_results", ids=["v001"])


def find_checkout(_: Asked) -> Block:
    return use_own("ToolSearch", query=f"select:{PREFIX}checkout")


def check_out(_: Asked) -> Block:
    return call("checkout", id="champion")


def conclude(_: Asked) -> Block:
    return say("e0001 is confirmed.")


SCRIPT = [
    launch,
    rest,
    wait_as_reminded,
    rest,
    read,
    validate,
    wait_as_told,
    rest,
    look,
    find_checkout,
    check_out,
    conclude,
]


def shown(messages: Sequence[Any]) -> str:
    return json.dumps(messages, ensure_ascii=False)


def labhand_s_words(asked: Asked) -> int:
    """The characters that labhand said in a session: answers of its tools, the briefing and reminders."""
    hooks = re.findall(r"hook additional context: (labhand: .*?)(?:\\n\\n|\\n</system-reminder>|\")", shown(asked.messages))
    ours = [text for text in asked.results if text.startswith("{")]
    return sum(map(len, [*hooks, *ours]))


def test_an_agent_researches_from_the_briefing_to_the_checkout_without_a_turn_while_experiments_run(
    with_plugin: Clients,
) -> None:
    model = SearchingModel(PREFIX, SCRIPT)
    with model.served() as url:
        access = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "not-a-key"}
        finished = with_plugin.run(
            "claude", "-p", "/labhand:research Lower the loss", "--allowedTools", ALLOWED, environment=access, seconds=360
        )

    assert finished.code == 0, finished.err
    assert "e0001 is confirmed." in finished.out
    last = model.asked[-1]
    assert "labhand: this folder has a laboratory" in shown(model.asked[0].messages), "the briefing came before the first turn"
    assert "nothing waits for it" in model.asked[model.searches + 2].last_words
    woken = [asked.last_words for asked in model.asked if "<task-notification>" in asked.last_words]
    assert len(woken) == 2
    assert len(model.asked) == model.searches + len(
        SCRIPT
    ), [  # one more would be a turn that was paid for while experiments ran
        asked.last_words[-300:] for asked in model.asked
    ]
    assert "confirmed" in last.results[-3]
    assert "X = 2.5" in (with_plugin.lab / "parabola" / "train.py").read_text("utf-8")
    assert 300 < labhand_s_words(last) / 4 < MAX_TOKENS
