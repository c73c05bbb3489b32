"""All processes of a user share the times at which services may be asked."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from labhand.server.literature.cooldowns import Cooldowns, Rest

TAKE = """
import sys, time
from pathlib import Path
from labhand.server.literature.cooldowns import Cooldowns
for _ in range(3):
    turn = Cooldowns(Path(sys.argv[1])).take_turn("example.org", 0.5)
    print(time.time() + turn)
"""


def test_processes_that_ask_at_once_get_turns_one_after_the_other(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", TAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    printed = "".join(process.communicate(timeout=120)[0] for process in processes)
    turns = sorted(map(float, printed.split()))

    assert len(turns) == 9
    assert min(later - earlier for earlier, later in pairwise(turns)) > 0.3


def test_a_rest_holds_for_others_and_ends(tmp_path: Path) -> None:
    now = time.time()
    Cooldowns(tmp_path).rest("a", Rest("throttled", now + 100, "HTTP 429"))
    Cooldowns(tmp_path).rest("b", Rest("failed", now - 1, "over"))

    found = Cooldowns(tmp_path).take_turn("a", 0)
    assert isinstance(found, Rest)
    assert (found.why, found.reason) == ("throttled", "HTTP 429")
    assert Cooldowns(tmp_path).take_turn("b", 0) == 0
    assert Cooldowns(tmp_path).take_turn("c", 0) == 0


def test_a_turn_that_would_come_late_is_refused_with_its_time(tmp_path: Path) -> None:
    cooldowns = Cooldowns(tmp_path)
    turns = [cooldowns.take_turn("a", 3) for _ in range(6)]

    assert [round(turn) for turn in turns if isinstance(turn, float)] == [0, 3, 6, 9]
    assert all(isinstance(turn, Rest) and turn.why == "throttled" for turn in turns[4:])


def test_a_broken_file_counts_as_empty_and_a_clock_that_was_set_back_ends_a_rest(tmp_path: Path) -> None:
    path = tmp_path / "cooldowns.json"
    for content in ("{", "[]", '{"a": 3}', '{"a": {"until": "x", "next": null}}', f'{{"a": {{"until": {time.time() + 9e6}}}}}'):
        path.write_text(content)
        assert Cooldowns(tmp_path).take_turn("a", 0) == 0, content
