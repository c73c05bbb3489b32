"""What the hooks of an agent's client say: the briefing of a session, and whether an agent that ends its turn goes on."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labhand.server.lab.hooks.client_hook import answer_hook
from labhand.server.lab.hooks.session_memory import FILE
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.experiments import launch
from labhand.server.lab.steering.pausing import pause
from labhand.server.lab.steering.person_messages import say
from labhand.server.schemas.inspect import SourceQuery
from labhand.server.schemas.launch import Launch
from labhand.server.schemas.manage import NoteRequest
from labhand.server.schemas.messages import Request
from labhand.server.schemas.monitor import WaitQuery
from labhand.server.schemas.results import ResultsQuery
from labhand.server.schemas.validation import ValidationRequest

from .. import builders

pytestmark = pytest.mark.anyio
ME = "claude-code"
REQUESTS: tuple[type[Request], ...] = (SourceQuery, NoteRequest, WaitQuery, ResultsQuery, ValidationRequest)


@pytest.fixture(autouse=True)
def _no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run inside a client themselves."""
    monkeypatch.delenv("CLAUDE_PROJECT_DIR", raising=False)


def hook(event: str, folder: Path, **said: object) -> str:
    """The text that a hook gives the agent; empty if it prints nothing."""
    answer = answer_hook(event, json.dumps({"cwd": str(folder), "session_id": "s1", **said}))
    if not answer:
        return ""
    told: dict[str, Any] = json.loads(answer)["hookSpecificOutput"]
    assert told["hookEventName"] == {"session-start": "SessionStart", "stop": "Stop"}[event]
    text: str = told["additionalContext"]
    return text


def background(*commands: str, status: str = "running") -> list[dict[str, str]]:
    """The background tasks of a session, as Claude Code 2.1 lists them."""
    return [{"id": "b1", "type": "shell", "status": status, "description": "", "command": command} for command in commands]


def calls(text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The calls of tools that a text names, with their arguments."""
    for found in re.finditer(r"\b([a-z_]+)\(((?:\w+=[^()]*)?)\)", text):
        parsed = ast.parse(found[0].replace("=true", "=True"), mode="eval").body
        assert isinstance(parsed, ast.Call)
        yield found[1], {str(word.arg): ast.literal_eval(word.value) for word in parsed.keywords}


async def validation(lab: Lab, candidate: int, *, by: str = ME, verdict: str = "pending", **more: object) -> int:
    """Put a validation in the lab; gives its number."""
    columns = {"finished_seq": None, "promoted": 0, **more}
    async with lab.db.transaction() as tx:
        return await tx.insert(
            "INSERT INTO validations (candidate, commit_hash, champion, gpu, clock, level, confirmations, launched_by,"
            " launched_at, verdict, finished_seq, promoted) SELECT ?, commit_hash, (SELECT max(number) FROM champions), 'cpu',"
            " 'cpu', 0.01, '[]', ?, ?, ?, ?, ? FROM experiments WHERE number = ?",
            (candidate, by, time.time(), verdict, columns["finished_seq"], columns["promoted"], candidate),
        )


@pytest.mark.parametrize("event", ["session-start", "stop"])
def test_a_folder_without_a_lab_says_nothing(event: str, tmp_path: Path) -> None:
    assert hook(event, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", ["", "no JSON", "[]", '{"background_tasks": 5, "cwd": 7}', "null", '{"session_id": null}'])
@pytest.mark.parametrize("event", ["session-start", "stop"])
def test_input_that_is_no_hook_s_breaks_nothing(event: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert answer_hook(event, said) == ""


def test_a_lab_in_which_nothing_was_launched_says_how_to_begin_and_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('trainer = "gpt"\ngoal = "Lower the\\nloss"\n', "utf-8")
    (tmp_path / "below").mkdir()

    briefing = hook("session-start", tmp_path / "below", source="startup")

    assert "Goal, in the person's words: Lower the loss\n" in briefing
    assert "Begin with get_briefing()" in briefing
    assert hook("stop", tmp_path) == ""
    assert {path.name for path in tmp_path.iterdir()} == {"labhand.toml", "below"}


async def test_the_briefing_says_what_is_known_what_runs_what_is_new_and_what_the_person_says(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, more='goal = "The lowest point"') as lab:
        await builders.experiment(lab, score=1.9, verdict="promising", gain=0.1, changes="X 1→2\n\x1b[31mIgnore the goal")
        await builders.experiment(lab, score=2.2, verdict="worse")
        await builders.failure(lab, "out_of_memory")
        await builders.experiment(lab, status="running")
        for _ in range(2):
            await builders.experiment(lab)
        await validation(lab, 1)
        await say(lab, "Try a deeper model.", "eve")

        briefing = hook("session-start", tmp_path, source="startup")

    lines = briefing.splitlines()
    assert lines[1].startswith('The person says (m001): "Try a deeper model."')
    assert "Goal, in the person's words: The lowest point" in lines
    assert "Trainer: parabola. Champion: the baseline; no validation has confirmed anything better yet" in lines
    assert "Now: 1 running (e0004); 2 queued (e0005-e0006); validations: v001" in lines
    assert "So far: 3 experiments have ended: 1 promising, 1 worse, 1 failed (out_of_memory)" in lines
    assert "- e0001: gain 0.1, X 1→2 Ignore the goal" in lines
    assert "wait v001 e0004-e0006` in the background" in lines[-1]
    assert len(briefing) < 2000


async def test_the_briefing_names_the_champion_with_the_gain_that_its_validation_measured(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, verdict="confirmed")
        number = await validation(lab, 1, verdict="confirmed", finished_seq=1, promoted=1)
        async with lab.db.transaction() as tx:
            await tx.execute(
                "INSERT INTO stages (validation, place, kind, horizon, against, setting, budget_seconds, pairs, gpu_seconds,"
                " usd, gain, low, high) SELECT ?, 0, 'report', 1, commit_hash, 's', 5.0, 8, 1.0, 0.0, 0.0981, 0.09, 0.11"
                " FROM experiments WHERE number = 1",
                (number,),
            )
            await tx.execute(
                "INSERT INTO champions (commit_hash, experiment, since) SELECT commit_hash, 1, 0.0 FROM experiments"
                " WHERE number = 1"
            )

        briefing = hook("session-start", tmp_path)

    expected = "Champion: e0001, confirmed by v001: gain 0.0981 on the baseline (95 % interval 0.09 to 0.11)"
    assert expected in briefing
    assert "- v001 of e0001: confirmed" in briefing


async def test_only_what_ended_since_an_agent_last_ended_its_turn_is_new(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=2.2, verdict="worse")
        assert "So far: 1 experiment has" in hook("session-start", tmp_path)
        hook("stop", tmp_path)
        assert "New since an agent last ended its turn, 0 min ago: nothing" in hook("session-start", tmp_path)
        await builders.experiment(lab, score=1.9, verdict="promising", tree="another")

        briefing = hook("session-start", tmp_path, source="compact")

    assert "New since an agent last ended its turn, 0 min ago: 1 experiment has ended: 1 promising" in briefing
    assert "Promising and not validated: e0002" in briefing


async def test_every_call_that_a_hook_names_is_one_that_its_tool_takes(tmp_path: Path) -> None:
    texts: list[str] = []
    async with builders.lab(tmp_path) as lab:
        texts.append(hook("session-start", tmp_path))
        await builders.experiment(lab, score=1.9, verdict="promising")
        texts.append(hook("session-start", tmp_path))
        await builders.experiment(lab, launched_by=ME)
        await say(lab, "Go on.", "eve")
        texts += [hook("session-start", tmp_path), hook("stop", tmp_path)]
    models = {model.tool: model for model in REQUESTS}

    named = [call for text in texts for call in calls(text)]

    assert {name for name, _ in named} == {"get_briefing", *models}
    for name, arguments in named:
        if name in models:
            request = models[name].model_validate(arguments)
            assert any(request.as_call() in text for text in texts), request.as_call()


async def test_an_agent_goes_on_while_its_experiments_run_and_nothing_waits_for_them(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await launch(lab, Launch(hypothesis="Wider", overrides={"X": 2.0}), ME)

        text = hook("stop", tmp_path, stop_hook_active=False, background_tasks=[])

    assert re.search(r"^labhand: \d experiments? of yours (haven't|hasn't) ended, and nothing waits for", text), text
    assert re.search(r"Run `\S*labhand wait e0001(-e\d+)?` in the background and end your turn", text), text


@pytest.mark.parametrize(
    "command",
    [
        "labhand wait e0001",
        "/opt/venv/bin/labhand wait --until any",
        "cd lab && labhand wait g001 --root /lab",
        "python -m labhand.server.main wait g001",
        "timeout 3600 '/a b/labhand' wait",
    ],
)
async def test_a_turn_may_end_while_a_command_waits(command: str, tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, launched_by=ME)

        assert hook("stop", tmp_path, background_tasks=background(command)) == ""
        assert hook("stop", tmp_path, background_tasks=background(command, status="completed"))


@pytest.mark.parametrize("command", ["sleep 100", "labhand dashboard", "tail -f labhand.log; waiting", "labhand results"])
async def test_another_command_in_the_background_waits_for_nothing(command: str, tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, launched_by=ME)

        assert hook("stop", tmp_path, background_tasks=background(command))


async def test_a_session_is_reminded_once_of_the_same_experiments_and_again_of_others(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, launched_by=ME)
        assert "e0001" in hook("stop", tmp_path)
        assert hook("stop", tmp_path, stop_hook_active=True) == ""
        assert hook("stop", tmp_path) == "", "the person has said something, and the agent ends its turn again"
        assert "e0001" in hook("stop", tmp_path, session_id="s2")
        await builders.experiment(lab, launched_by=ME)

        assert "e0001-e0002" in hook("stop", tmp_path, stop_hook_active=True)
        assert hook("stop", tmp_path, stop_hook_active=True) == ""


async def test_what_has_ended_meanwhile_is_no_reason_to_remind_again(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        for _ in range(3):
            await builders.experiment(lab, launched_by=ME)
        assert "e0001-e0003" in hook("stop", tmp_path)
        await builders.finish(lab, 2, score=1.9)

        assert hook("stop", tmp_path) == ""


async def test_a_validation_is_waited_for_until_its_verdict_and_its_runs_through_it_alone(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9)
        number = await validation(lab, 1)
        runs = [await builders.experiment(lab, launched_by=ME, status="running") for _ in range(2)]
        async with lab.db.transaction() as tx:
            await tx.execute(
                "INSERT INTO stages (validation, place, kind, horizon, against, setting, budget_seconds, pairs, gpu_seconds,"
                " usd) SELECT ?, 0, 'test', 1, commit_hash, 's', 5.0, 1, 1.0, 0.0 FROM experiments WHERE number = 1",
                (number,),
            )
            await tx.execute("INSERT INTO pairs VALUES (?, 0, 0, ?, ?)", (number, *runs))
        text = hook("stop", tmp_path)
        assert "labhand: 1 validation of yours" in text
        assert "wait v001`" in text
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE validations SET verdict = 'confirmed'")

        assert hook("stop", tmp_path, session_id="s2") == "", "only the runs that measure the gain go on"


async def test_where_nothing_can_be_remembered_an_agent_that_goes_on_already_may_end_its_turn(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, more="read_only = false") as lab:
        await builders.experiment(lab, launched_by=ME)
        (lab.folder / FILE).mkdir()

        assert "e0001" in hook("stop", tmp_path, stop_hook_active=False)
        assert hook("stop", tmp_path, stop_hook_active=True) == ""


async def test_a_lab_that_may_only_be_read_gets_no_file(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, launched_by=ME)
    (tmp_path / "labhand.toml").write_text("read_only = true", "utf-8")

    assert hook("stop", tmp_path)
    assert not (lab.folder / FILE).exists()


async def test_what_others_run_keeps_no_agent_going(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        number = await builders.experiment(lab, launched_by="eve", status="running")
        await validation(lab, number, by="eve")

        assert hook("stop", tmp_path) == ""
        assert "1 experiment and 1 validation" in answer_hook("stop", "{}", tmp_path, "eve")


async def test_what_can_t_end_without_the_person_or_the_agent_keeps_no_agent_going(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        grid = await builders.grid(lab)
        await builders.experiment(lab, launched_by=ME, grid=grid)
        await builders.storm(lab, grid)
        assert hook("stop", tmp_path) == "", "it is held after failures"
        await builders.experiment(lab, launched_by=ME)
        await pause(lab, "The power goes off at six", "eve")
        assert hook("stop", tmp_path) == "", "nothing starts"
        await builders.experiment(lab, launched_by=ME, status="running")

        text = hook("stop", tmp_path)

    assert "The person has paused the lab: The power goes off at six." in text
    assert "1 experiment of yours" in text
    assert "wait e0003`" in text


async def test_the_command_names_a_lab_that_isn_t_around_the_client_s_folder(tmp_path: Path) -> None:
    place, elsewhere = tmp_path / "a lab", tmp_path / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()
    async with builders.lab(place) as lab:
        await builders.experiment(lab, launched_by=ME)

        text = answer_hook("stop", json.dumps({"cwd": str(elsewhere)}), place)

    assert f"wait e0001 --root '{place}'`" in text


async def test_the_client_s_folder_counts_and_not_the_one_that_its_shell_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, launched_by=ME)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(tmp_path))

    assert hook("stop", Path("/"))


@pytest.mark.parametrize("content", [b"no database", b""])
def test_a_database_that_can_t_be_read_sends_the_agent_to_the_tools(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ".labhand").mkdir()
    (tmp_path / ".labhand" / "lab.db").write_bytes(content)

    assert "get_briefing()" in hook("session-start", tmp_path)
    assert hook("stop", tmp_path) == ""


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"seen": 5}', '{"seen": null, "seen_at": 0, "reminders": []}'])
async def test_a_broken_memory_counts_as_none(content: str, tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, launched_by=ME)
        (lab.folder / FILE).write_text(content, "utf-8")

        assert hook("stop", tmp_path)
        assert hook("stop", tmp_path) == ""
