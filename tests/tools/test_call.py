"""`labhand call`: a tool's answer as JSON, and what is said of calls that can't be made."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from labhand.server.errors import BadInputError
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.waiting import WaitLimit
from labhand.server.main import app
from labhand.server.schemas.launch import Launch
from labhand.tools import monitor
from labhand.tools.call import find_tool, read_words, tool_names
from labhand.tools.clients import wait_limit_of
from labhand.tools.lab_context import LabContext
from typer.testing import CliRunner, Result

from ..server.lab import builders
from ..server.lab.builders import Woken


@pytest.fixture(autouse=True)
def no_dispatcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """No launch starts a dispatcher."""

    def starts_nothing(_: Lab) -> None:
        return None

    monkeypatch.setattr(Lab, "wake_dispatcher", starts_nothing)


def call(root: Path, *words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["call", *words, "--root", str(root)], input=stdin)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A lab with one scored experiment."""

    async def make() -> None:
        async with builders.lab(tmp_path) as lab:
            await builders.experiment(lab, score=1.9, theme="depth")

    anyio.run(make)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (["hypothesis=123"], {"hypothesis": "123"}),
        (['hypothesis="a word"'], {"hypothesis": "a word"}),
        (["hypothesis=it = better"], {"hypothesis": "it = better"}),
        (['overrides={"X": 1.5}', "replicates=2"], {"overrides": {"X": 1.5}, "replicates": 2}),
        (["overrides.X=1.5", "overrides.params.depth=3"], {"overrides": {"X": 1.5, "params.depth": 3}}),
        (["dry_run=true", "theme=null"], {"dry_run": True, "theme": "null"}),
        (["files.train.py=7"], {"files": {"train.py": "7"}}),
    ],
)
def test_values_are_json_unless_the_tool_wants_a_text(words: list[str], arguments: dict[str, object]) -> None:
    assert read_words(find_tool("launch_experiment"), words) == arguments


def test_all_arguments_may_be_one_json_object() -> None:
    words = ['{"hypothesis": "A", "overrides": {"WIDTH": 32}}', "dry_run=true"]
    assert read_words(find_tool("launch_experiment"), words) == {
        "hypothesis": "A",
        "overrides": {"WIDTH": 32},
        "dry_run": True,
    }


def test_the_arguments_of_the_test_above_are_those_of_the_tool() -> None:
    assert {"hypothesis", "overrides", "replicates", "dry_run", "gpu", "files"} <= set(Launch.model_fields)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["limit"], "'limit' is no argument"),
        (["=5"], "'=5' is no argument"),
        (["limit=1", "limit=2"], "limit is given twice"),
        (["limit=1", '{"limit": 2}'], "limit is given twice"),
        (["{limit: 2}"], "{limit: 2} begins like a JSON object and is none: Expecting property name"),
        (["search=@absent.txt"], "search=@absent.txt: absent.txt can't be read"),
    ],
)
def test_words_that_are_no_arguments_are_refused(words: list[str], says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        read_words(find_tool("get_results"), words)


def test_a_value_comes_from_a_file_or_from_standard_input(root: Path) -> None:
    (root / "note.txt").write_text("Depth helps.\nWidth doesn't.", "utf-8")
    written = call(root, "note", f"text=@{root / 'note.txt'}", "--as", "ada")
    assert written.exit_code == 0, written.output
    assert call(root, "note", "text=@-", stdin="From a pipe.").exit_code == 0
    notes = json.loads(call(root, "get-briefing").stdout)["notes"]
    assert any("Depth helps. Width doesn't." in line and line.startswith("ada") for line in notes)
    assert any("From a pipe." in line for line in notes)


def test_an_answer_is_the_tools_own_in_json(root: Path) -> None:
    answered = call(root, "get_results", "ids=e1", "limit=5")
    assert answered.exit_code == 0, answered.output
    assert [(row["id"], row["score"]) for row in json.loads(answered.stdout)["rows"]] == [("e0001", 1.9)]


def test_a_launch_is_stored_with_the_caller_and_runs_later(root: Path) -> None:
    launched = call(root, "launch_experiment", "hypothesis=X matters", "overrides.X=1.5", "--as", "ada")
    assert launched.exit_code == 0, launched.output
    [name] = json.loads(launched.stdout)["experiments"]
    assert json.loads(call(root, "get_experiment", f"id={name}").stdout)["by"] == "ada"


def test_wait_takes_as_long_as_it_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It prints its answer whenever it has one: nobody gives the call up."""
    limits: list[WaitLimit] = []

    def noted(ctx: LabContext) -> WaitLimit:
        limits.append(wait_limit_of(ctx))
        return limits[-1]

    monkeypatch.setattr(monitor, "wait_limit_of", noted)
    assert call(root, "wait", "timeout_seconds=3000").exit_code == 0
    assert limits == [WaitLimit(110, 3600)]


def test_text_and_pictures_stand_in_json_too(root: Path) -> None:
    source = json.loads(call(root, "read_source", "symbol=X").stdout)
    assert "X = 1.0" in source["text"]
    drawn = json.loads(call(root, "plot", "what=progress").stdout)
    [image] = drawn["images"]
    assert image["media_type"] == "image/png"
    assert base64.b64decode(image["base64"]).startswith(b"\x89PNG")
    assert "1 experiments in order" in drawn["text"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["get_resuls"], "There is no tool 'get_resuls'. Did you mean get_results"),
        (["get_results", "idz=e1"], "get_results has no argument 'idz' (did you mean ids?)"),
        (["get_results", "limit=0"], "limit=0 must be at least 1"),
        (["get_experiment"], "the argument id is missing"),
        (["get_experiment", "id=e0009"], "There is no experiment e0009"),
    ],
)
def test_what_cannot_be_called_is_one_sentence_on_standard_error(root: Path, words: list[str], says: str) -> None:
    refused = call(root, *words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert says in " ".join(refused.stderr.split())


def test_a_read_only_lab_is_not_changed(root: Path) -> None:
    settings = root / "labhand.toml"
    settings.write_text("read_only = true\n" + settings.read_text("utf-8"), "utf-8")
    refused = call(root, "note", "text=no")
    assert refused.exit_code == 2
    assert "note changes the lab, and this server may only read it" in " ".join(refused.stderr.split())


def test_no_lab_is_made_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, ["call", "get_briefing"])
    assert refused.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_tools_are_listed_and_described_and_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    listed = CliRunner().invoke(app, ["call"])
    assert all(name in listed.stdout for name in tool_names())
    described = json.loads(CliRunner().invoke(app, ["call", "get-logs", "--describe"]).stdout)
    assert (described["name"], described["arguments"]["required"]) == ("get_logs", ["id"])
    completed = CliRunner().invoke(
        app,
        prog_name="labhand",
        env={"_LABHAND_COMPLETE": "complete_bash", "COMP_WORDS": "labhand call launch_", "COMP_CWORD": "2"},
    )
    assert completed.stdout.split() == ["launch_experiment", "launch_grid"]


@pytest.mark.anyio
async def test_a_call_sees_the_lab_that_another_process_changes(tmp_path: Path) -> None:
    async with builders.lab(tmp_path, woken=Woken()) as lab:
        await builders.experiment(lab, score=1.9)
        first = await to_thread.run_sync(lambda: call(tmp_path, "get_results"))
        await builders.experiment(lab, score=1.8)
        second = await to_thread.run_sync(lambda: call(tmp_path, "get_results"))
    assert [json.loads(answer.stdout)["total"] for answer in (first, second)] == [1, 2]
