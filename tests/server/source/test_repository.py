"""Every source is kept, in a repository that plain git can read and that several processes may use at once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labhand.server.errors import NotFoundError, SettingsError
from labhand.server.source import git as isolated_git
from labhand.server.source.repository import Commit, NewCommit, Sources, delta
from labhand.server.source.trainer_folder import Source, read_folder

pytestmark = pytest.mark.anyio

CODE = "".join(f"line_{number} = {number}\n" for number in range(700)).encode()
BASE: Source = {
    "train.py": b"DEPTH = 4\n" + CODE,
    "trainer.toml": b"name = 'x'\n",
    'sub\\x/dé "1".txt': b"\0\r\n",
}


@pytest.fixture
async def sources(tmp_path: Path) -> Sources:
    return await Sources.open(tmp_path / "lab" / "source.git")


async def keep(sources: Sources, source: Source, before: Source, *parents: str, message: str = "try it") -> Commit:
    [commit] = await sources.commit([NewCommit(delta(before, source), parents, message)])
    return commit


async def run(program: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Another process of the lab."""
    command = [sys.executable, "-c", program, *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def git(sources: Sources, *arguments: str) -> str:
    """What a person would see."""
    command = ["git", "-C", str(sources.path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


async def test_what_was_kept_is_read_back_byte_for_byte(sources: Sources) -> None:
    commit = await keep(sources, BASE, {})
    assert await sources.read(commit.hash) == BASE
    again = await Sources.open(sources.path)
    assert await again.read(commit.hash) == BASE


async def test_a_delta_holds_what_changed_came_and_went(sources: Sources) -> None:
    base = await keep(sources, BASE, {})
    after = {"train.py": b"DEPTH = 5\n", "trainer.toml": BASE["trainer.toml"], "new/file.py": b""}
    commit = await keep(sources, after, BASE, base.hash)
    assert await sources.read(commit.hash) == after
    assert await sources.read(base.hash) == BASE


async def test_equal_contents_are_equal_trees_however_they_came_about(sources: Sources) -> None:
    base = await keep(sources, BASE, {})
    after = {**BASE, "train.py": b"#!/usr/bin/env python\n"}
    made = await keep(sources, after, BASE, base.hash)
    back = await keep(sources, BASE, after, made.hash)
    root = await keep(sources, after, {})
    assert (back.tree, root.tree) == (base.tree, made.tree)
    assert len({base.hash, made.hash, back.hash, root.hash}) == 4


async def test_a_batch_is_kept_in_its_order_in_one_go(sources: Sources) -> None:
    base = await keep(sources, BASE, {})
    cells = [{**BASE, "train.py": b"DEPTH = %d\n" % depth + CODE} for depth in range(1000)]
    start = time.process_time()
    commits = await sources.commit([NewCommit(delta(BASE, cell), (base.hash,), f"cell {n}") for n, cell in enumerate(cells)])
    await sources.tag({f"e{number:04d}": commit.hash for number, commit in enumerate(commits)})
    assert time.process_time() - start < 10
    assert commits[4].tree == base.tree
    assert len({commit.tree for commit in commits}) == 1000
    assert await sources.read(commits[777].hash) == cells[777]
    assert git(sources, "log", "--format=%s", "-1", "e0777") == "cell 777\n"


async def test_an_empty_batch_is_nothing(sources: Sources) -> None:
    assert await sources.commit([]) == []
    await sources.tag({})
    assert git(sources, "for-each-ref") == ""


async def test_plain_git_shows_the_newest_source_with_its_ancestry(sources: Sources) -> None:
    base = await keep(sources, BASE, {}, message="baseline")
    one = {**BASE, "train.py": b"DEPTH = 5\n" + CODE}
    two = {**BASE, "train.py": b"DEPTH = 4\n" + CODE + b"last = 1\n"}
    first = await keep(sources, one, BASE, base.hash, message="deeper\n\nbecause")
    second = await keep(sources, two, BASE, base.hash, message="löng")
    merged = {**BASE, "train.py": b"DEPTH = 5\n" + CODE + b"last = 1\n"}
    both = await keep(sources, merged, one, first.hash, second.hash, message="both")
    await sources.tag({"e0001": first.hash, "e0002": second.hash, "e0003": both.hash})
    assert set(git(sources, "log", "--format=%s").split()) == {"both", "deeper", "löng", "baseline"}
    assert git(sources, "log", "--format=%an %s", "-1", "e0002") == "labhand löng\n"
    assert git(sources, "rev-parse", "e0003^1", "e0003^2").split() == [first.hash, second.hash]
    assert "-DEPTH = 5\n+DEPTH = 4\n" in git(sources, "diff", "e0001", "e0002")
    assert git(sources, "symbolic-ref", "HEAD") == "refs/heads/main\n"


async def test_a_diff_is_unified_bounded_and_of_the_files_asked_for(sources: Sources) -> None:
    base = await keep(sources, BASE, {})
    after = {**BASE, "train.py": b"DEPTH = 5\n" + CODE, "new*.py": b"x\n" * 500}
    commit = await keep(sources, after, BASE, base.hash)
    whole = await sources.diff(base.hash, commit.hash)
    assert "--- a/train.py\n+++ b/train.py\n@@ -1,4 +1,4 @@\n-DEPTH = 4\n+DEPTH = 5\n" in whole
    assert "train.py" not in await sources.diff(base.hash, commit.hash, ["new*.py"])
    assert await sources.diff(base.hash, commit.hash, ["trainer.toml"]) == ""
    short = await sources.diff(base.hash, commit.hash, ["new*.py"], most=300)
    assert len(short) < 330
    assert short.endswith("+x\n… " + short.rsplit("… ")[1])
    assert short.count("\n+x") + int(short.split("… ")[1].split()[0]) == 500


async def test_how_many_sources_differ_from_one_is_asked_at_once(sources: Sources) -> None:
    base = await keep(sources, BASE, {})
    shorter = {path: data for path, data in BASE.items() if path != "train.py"} | {"trainer.toml": b""}
    trees = [(await keep(sources, source, BASE, base.hash)).tree for source in ({**BASE, "sub\\x/é 2.py": b"X = 1\n"}, shorter)]
    differing = await sources.differing(base.tree, [base.tree, *trees, trees[0]], lambda path: path != "trainer.toml")
    assert differing == [{}, {"sub\\x/é 2.py": b"X = 1\n"}, {"train.py": None}, {"sub\\x/é 2.py": b"X = 1\n"}]
    assert await sources.differing(base.tree, [], lambda _: True) == []


async def test_a_source_is_written_out_for_a_run(sources: Sources, tmp_path: Path) -> None:
    commit = await keep(sources, {**BASE, "run.sh": b"#!/bin/sh\n"}, {})
    folder = tmp_path / "run" / "source"
    await sources.export(commit.hash, folder)
    assert read_folder(folder) == {**BASE, "run.sh": b"#!/bin/sh\n"}
    assert [name for name in read_folder(folder) if os.access(folder / name, os.X_OK)] == ["run.sh"]


@pytest.mark.parametrize("commit", ["e0001", "main", "--help", "0" * 40, "1" * 40, "../x"])
async def test_an_unknown_commit_is_refused(sources: Sources, tmp_path: Path, commit: str) -> None:
    base = await keep(sources, BASE, {})
    with pytest.raises(NotFoundError):
        await sources.read(commit)
    with pytest.raises(NotFoundError):
        await sources.diff(base.hash, commit)
    with pytest.raises(NotFoundError):
        await sources.commit([NewCommit({}, (commit,), "")])
    with pytest.raises(NotFoundError):
        await sources.tag({"e0001": commit})
    assert not (tmp_path / "--help").exists()


async def test_a_persons_git_settings_hooks_and_environment_change_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    for name in ("reference-transaction", "update", "post-update"):
        (home / "hooks" / name).write_text("#!/bin/sh\nexit 1\n", "utf-8")
        (home / "hooks" / name).chmod(0o755)
    hooks = f"[core]\nautocrlf = true\nhooksPath = {home}/hooks\n"
    (home / ".gitconfig").write_text(f"{hooks}[diff]\nnoprefix = true\n[user]\nname = Eve\n", "utf-8")
    program = (
        "import asyncio, sys; from pathlib import Path; from labhand.server.source.repository import *\n"
        "async def main():\n"
        "    sources = await Sources.open(Path(sys.argv[1]))\n"
        "    batch = [NewCommit({'a.py': text}, (), 'm') for text in (b'a\\r\\n', b'b\\r\\n')]\n"
        "    a, b = await sources.commit(batch)\n"
        "    await sources.tag({'e0001': a.hash})\n"
        "    print((await sources.read(a.hash))['a.py'], 'a/a.py' in await sources.diff(a.hash, b.hash))\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "HOME": str(home), "GIT_DIR": "/nowhere", "GIT_AUTHOR_NAME": "Eve"}
    done = await run(program, str(tmp_path / "source.git"), environment=environment)
    assert (done.stdout, done.stderr) == ("b'a\\r\\n' True\n", "")
    assert git(Sources(tmp_path / "source.git"), "log", "--format=%an", "e0001") == "labhand\n"


async def test_many_processes_make_and_use_one_repository_at_once(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from labhand.server.source.repository import *\n"
        "async def main(me):\n"
        "    sources = await Sources.open(Path(sys.argv[1]))\n"
        "    for k in range(5):\n"
        "        made = await sources.commit([NewCommit({'a.py': b'%d %d %d' % (me, k, n)}, (), f'{me}') for n in range(10)])\n"
        "        await sources.tag({f'e{me}{k}{n}': commit.hash for n, commit in enumerate(made)})\n"
        "asyncio.run(main(int(sys.argv[2])))\n"
    )
    path = tmp_path / "source.git"
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(program, str(path), str(me))) for me in range(4)]
    assert [task.result().stderr for task in tasks] == [""] * 4
    assert len(git(Sources(path), "tag", "--list").split()) == 200
    assert git(Sources(path), "fsck", "--strict") == ""
    assert git(Sources(path), "cat-file", "-p", "e342:a.py") == "3 4 2"
    assert await asyncio.to_thread(os.listdir, tmp_path) == ["source.git"]
    assert git(Sources(path), "for-each-ref", "refs/labhand") == ""


async def test_what_no_tag_names_survives_a_persons_commands(sources: Sources) -> None:
    commit = await keep(sources, BASE, {})
    git(sources, "gc", "--auto", "--quiet")
    git(sources, "gc", "--quiet")
    assert await sources.read(commit.hash) == BASE


async def test_a_machine_without_git_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match=r"git is not on PATH\. Install git"):
        await Sources.open(tmp_path / "source.git")
    assert not (tmp_path / "source.git").exists()


async def test_the_history_tells_trees_and_names_and_what_it_lacks(tmp_path: Path) -> None:
    sources = await Sources.open(tmp_path / "source.git")
    [first] = await sources.commit([NewCommit({"a.py": b"x = 1\n"}, (), "one")])
    await sources.tag({"e0001": first.hash})
    assert await sources.trees([first.hash, "f" * 40]) == [first.tree, None]
    assert await sources.trees([]) == []
    assert await sources.names() == {"e0001": first.hash}


async def test_the_source_of_a_launch_that_was_answered_survives_a_power_failure(sources: Sources, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    arguments = (f"--git-dir={sources.path}", "hash-object", "-w", "--stdin")
    isolated_git.run(*arguments, data=b"a source", variables={"GIT_TRACE2_EVENT": str(trace)})
    flushes = [json.loads(line) for line in trace.read_text("utf-8").splitlines() if "fsync/hardware-flush" in line]
    assert [int(event["value"]) for event in flushes] == [1]
