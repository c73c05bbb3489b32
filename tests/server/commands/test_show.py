"""`labhand status`, `results`, `logs`, `diff` and `audit`: what they print for people, and for programs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from anyio import to_thread
from labhand.server.lab.inspect.log_follow import follow_log
from labhand.server.lab.lab import Lab
from labhand.server.main import app
from typer.testing import CliRunner, Result

from ..lab import builders

PATIENCE_SECONDS = 120
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_dispatcher")]


async def labhand(root: Path, *words: str) -> Result:
    """Run a command in a thread: it has an event loop of its own."""
    return await to_thread.run_sync(lambda: CliRunner().invoke(app, [*words, "--root", str(root)]))


@contextmanager
def process(root: Path, *words: str) -> Generator[subprocess.Popen[str]]:
    """A command in a process of its own, which is killed if a test leaves it."""
    command = [sys.executable, "-m", "labhand.server.main", *words, "--root", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


async def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    return await to_thread.run_sync(stream.readline)


async def test_status_and_results_print_the_answers_of_the_tools_as_json(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9)
    status = await labhand(tmp_path, "status", "--json")
    told = json.loads(status.stdout)
    assert (told["gpus"]["pools"][0]["pool"], told["briefing"]["finished"]) == ("local", {"succeeded": 1})
    results = await labhand(tmp_path, "results", "--json")
    assert [(row["id"], row["score"]) for row in json.loads(results.stdout)["rows"]] == [("e0001", 1.9)]
    assert results.stdout.count("\n") == 1


async def test_audit_says_as_json_what_differs(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9)
    audited = await labhand(tmp_path, "audit", "--json")
    told = json.loads(audited.stdout)
    assert told["experiments"] == 1
    assert audited.exit_code == (1 if told["differences"] else 0)


async def test_two_forms_of_one_table_are_refused(tmp_path: Path) -> None:
    async with builders.lab(tmp_path):
        pass
    refused = await labhand(tmp_path, "results", "--tsv", "--json")
    assert refused.exit_code == 2
    assert "two forms of the same table" in " ".join(refused.output.replace("│", " ").split())


async def test_a_log_as_json_has_its_lines_without_terminal_escapes(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.run(lab, await builders.experiment(lab, status="running"), log="one\n\x1b[31mtwo\x1b[0m\n")
    printed = json.loads((await labhand(tmp_path, "logs", "e1", "--json")).stdout)
    assert printed["lines"] == ["one", "two"]
    assert printed["about"].startswith("e0001-1 (running)")


async def sources(lab: Lab) -> None:
    """Two experiments: e0001 on the baseline, and e0002 on e0001."""
    first = await builders.source(lab, {"train.py": "X = 1\n"})
    await builders.experiment(lab, score=1.9, commit=first)
    await builders.experiment(lab, score=1.8, commit=await builders.source(lab, {"train.py": "X = 2\n"}, [first[0]]), base=1)


@pytest.mark.parametrize(
    ("names", "removed", "added"),
    [(["e0002"], "-X = 1", "+X = 2"), (["e2", "e1"], "-X = 2", "+X = 1"), (["e0001", "E2"], "-X = 1", "+X = 2")],
)
async def test_a_diff_is_against_the_base_or_from_the_first_to_the_second(
    tmp_path: Path, names: list[str], removed: str, added: str
) -> None:
    async with builders.lab(tmp_path) as lab:
        await sources(lab)
    done = await labhand(tmp_path, "diff", *names)
    assert done.exit_code == 0, done.output
    assert [line for line in done.stdout.splitlines() if line[:2] in {"-X", "+X"}] == [removed, added]


async def test_a_diff_as_json_names_both_sources(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await sources(lab)
    told = json.loads((await labhand(tmp_path, "diff", "e0001", "--json")).stdout)
    assert (told["before"], told["after"]) == ("baseline", "e0001")
    same = await labhand(tmp_path, "diff", "e0001", "e0001", "--json")
    assert json.loads(same.stdout) == {"before": "e0001", "after": "e0001"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["baseline"], "baseline was made from no other source. Name two sources: labhand diff baseline champion"),
        (["e0009"], "There is no experiment e0009"),
        (["e0001", "--file", "tran.py"], "Neither baseline nor e0001 has a file 'tran.py'. Did you mean train.py"),
    ],
)
async def test_a_diff_of_what_is_not_there_is_refused(tmp_path: Path, words: list[str], says: str) -> None:
    async with builders.lab(tmp_path) as lab:
        await sources(lab)
    refused = await labhand(tmp_path, "diff", *words)
    assert refused.exit_code == 2
    assert says in " ".join(refused.output.split())


@pytest.mark.slow
async def test_following_a_log_prints_what_is_written_and_ends_with_the_experiment(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        number = await builders.experiment(lab, status="running")
        run = await builders.run(lab, number, log="first\nsecond\n")
        log = lab.folder / "runs" / run / "log.txt"
        with builders.dispatcher(lab), process(tmp_path, "logs", "e0001", "-f", "--tail", "1") as following:
            assert await line_of(following.stdout) == "| second\n"
            with log.open("a") as file:
                file.write("third\nwithout an end")
            assert await line_of(following.stdout) == "| third\n"
            await builders.finish(lab, number, score=1.9)
            async with lab.db.transaction() as tx:
                await tx.execute("UPDATE runs SET status = 'finished'")
            out, err = await to_thread.run_sync(lambda: following.communicate(timeout=PATIENCE_SECONDS))
    assert (following.returncode, out) == (0, "| without an end\n")
    assert err.splitlines()[-1] == "e0001 succeeded: score 1.9"


@pytest.mark.slow
async def test_following_waits_for_a_queued_experiment_and_goes_on_with_the_run_after_a_lost_one(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        number = await builders.experiment(lab)
        with builders.dispatcher(lab), process(tmp_path, "logs", "e0001", "--follow") as following:
            assert "e0001 is queued" in await line_of(following.stderr)
            await builders.run(lab, number, status="lost", log="lost\n")
            assert await line_of(following.stdout) == "| lost\n"
            await builders.run(lab, number, attempt=2, log="again\n")
            assert await line_of(following.stdout) == "| again\n"
            following.send_signal(signal.SIGINT)
            _, err = await to_thread.run_sync(lambda: following.communicate(timeout=PATIENCE_SECONDS))
    assert following.returncode == 130
    assert "Traceback" not in err


async def test_following_an_experiment_that_ended_without_a_log_says_so(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.run(lab, await builders.experiment(lab, score=1.9), status="finished")
    refused = await labhand(tmp_path, "logs", "e0001", "-f")
    assert refused.exit_code == 2
    assert "e0001-1 (finished) has no log" in refused.output


async def test_following_does_not_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    async with builders.lab(tmp_path) as lab:
        run = await builders.run(lab, await builders.experiment(lab, score=1.9), status="finished")
        (lab.folder / "runs" / run / "log.txt").symlink_to(tmp_path / "secret")
    refused = await labhand(tmp_path, "logs", "e0001", "-f")
    assert refused.exit_code == 2
    assert "| secret" not in refused.output


async def test_what_a_run_wrote_before_it_ended_is_read_to_its_end(tmp_path: Path) -> None:
    """Blank lines and lines without an end fill whole blocks of the file."""
    async with builders.lab(tmp_path) as lab:
        number = await builders.experiment(lab, status="running")
        log = lab.folder / "runs" / await builders.run(lab, number, log="first\n") / "log.txt"
        following = follow_log(lab, "e0001")
        assert [(await anext(following)).text for _ in range(2)][1] == "first"
        with log.open("ab") as file:
            file.write(b"\n" * (2 << 20) + b"x" * (3 << 20) + b"\nthe end\n")
        await builders.finish(lab, number, score=1.9)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE runs SET status = 'finished'")
        *long, last, outcome = [text.text async for text in following]
    assert (last, outcome) == ("the end", "e0001 succeeded: score 1.9")
    assert sum(len(text) for text in long) == 3 << 20
