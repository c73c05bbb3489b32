"""Two dispatchers never overlap: not while both live, and not between a kill and a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import groupby
from pathlib import Path

import pytest
from labhand.server.dispatcher import dispatch
from labhand.server.dispatcher.lock import only_one
from labhand.server.dispatcher.pool_backends import PoolBackends
from labhand.server.lab.dispatcher_process import dispatcher_lives
from labhand.server.lab.lab import Lab
from labhand.server.settings import LOCK

from .. import support

pytestmark = pytest.mark.anyio

POINTS = 100
"""At each of them a dispatcher is killed."""
PROGRAM = """
import os, signal, sys
from pathlib import Path
import anyio
from labhand.server.backends.local.local_backend import LocalBackend
from labhand.server.dispatcher import dispatch, loop
from labhand.server.dispatcher.loop import Dispatcher

root, lock, journal = Path(sys.argv[1]), Path(sys.argv[2]), os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
loop.TICK_SECONDS = 0.01
acts = 0

def note(act, point):
    global acts
    os.write(journal, f"{os.getpid()} {lock.read_text('ascii')} {act}\\n".encode())
    acts += 1
    if acts == point:
        os.kill(os.getpid(), signal.SIGKILL)

def noted(owner, name, point):
    plain = getattr(owner, name)
    async def around(*arguments, **named):
        note(name, point)
        answer = await plain(*arguments, **named)
        note(name, point)
        return answer
    setattr(owner, name, around)

def compete(point):
    for name in ("_look_at_pools", "_read", "_follow", "_take", "_begin", "_start"):
        noted(Dispatcher, name, point)
    for name in ("start", "poll", "cancel", "free"):
        noted(LocalBackend, name, point)
    while True:
        anyio.run(dispatch, root, 5.0)

# Every competitor is a process of its own, forked from one that has imported everything.
for point in map(int, sys.argv[4:]):
    pid = os.fork()
    if not pid:
        compete(point)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
        sys.exit(1)
"""


@contextmanager
def _competitors(lab: Lab, journal: Path, points: Sequence[int]) -> Generator[subprocess.Popen[bytes]]:
    """Processes, one after another, each of which is killed with SIGKILL as it does its act of a number in `points`."""
    arguments = [*map(str, (lab.root, lab.folder / LOCK, journal)), *map(str, points)]
    with (lab.root / support.LOG).open("ab") as log:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def _acts(journal: Path) -> list[tuple[int, int, str]]:
    """What was done, in order: the process, the process that the lock named then, and the act."""
    lines = [line.split() for line in journal.read_text("ascii").splitlines()]
    return [(int(pid), int(holder), act) for pid, holder, act in lines]


@pytest.mark.slow
async def test_two_dispatchers_never_overlap_at_a_hundred_points_of_a_kill_and_a_restart(lab: Lab, tmp_path: Path) -> None:
    [endless] = await support.queue_up(lab, duration=support.LONG)  # so that no dispatcher ends for want of work
    await support.queue_up(lab, 20, duration=0.01)
    journal = tmp_path / "journal"
    points = range(1, POINTS + 1)
    with _competitors(lab, journal, points[::2]) as odd, _competitors(lab, journal, points[1::2]) as even:
        assert await support.ended(odd) == 0, (lab.root / support.LOG).read_text("utf-8")[-3000:]
        assert await support.ended(even) == 0, (lab.root / support.LOG).read_text("utf-8")[-3000:]
    await support.ask_to_end(lab, [endless])
    await support.run_all(lab)

    acts = _acts(journal)
    assert [(pid, holder) for pid, holder, _ in acts if pid != holder] == []
    stints = [pid for pid, _ in groupby(pid for pid, _, _ in acts)]
    assert len(stints) == len(set(stints)) == POINTS, "nobody acts again after another one has acted"
    assert {"_start", "start", "poll", "_take"} <= {act for _, _, act in acts}
    assert (await support.statuses(lab))[1:] == ["succeeded"] * 20
    results = support.on_disk(lab)
    assert len(results) == 21
    for name in list(results)[1:]:
        assert (support.folder_of(lab, name) / "log.txt").read_text("utf-8").count("val_loss") == 1


@pytest.mark.parametrize("what_happens", ["removed", "replaced"])
async def test_a_dispatcher_whose_lock_file_is_gone_stops_before_another_one_acts(lab: Lab, what_happens: str) -> None:
    [number] = await support.queue_up(lab, duration=support.LONG)
    with support.dispatcher(lab, linger_seconds=support.LONG) as first:
        await support.until_status(lab, number, "running")
        (lab.folder / LOCK).unlink()
        if what_happens == "replaced":
            (lab.folder / LOCK).touch()
        await support.until_logged(lab, "At work", times=2)
        assert (lab.folder / LOCK).read_text("ascii") == str(first.pid)
        await support.ask_to_end(lab, [number])
        await support.until_status(lab, number, "cancelled")


async def test_a_lock_on_a_file_that_lost_its_name_is_not_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with only_one(path) as first:
        assert first is not None
        with only_one(path) as second:
            assert second is None
        path.unlink()
        assert first.is_lost()
        with only_one(path) as third:
            assert third is not None
            assert not third.is_lost()


async def test_the_backends_are_left_before_the_lock_is_given_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    was_locked: list[bool] = []

    @asynccontextmanager
    async def watched(_: PoolBackends) -> AsyncGenerator[None]:
        yield
        was_locked.append(dispatcher_lives(lab.folder))

    monkeypatch.setattr(PoolBackends, "asking", watched)
    await support.queue_up(lab)
    await dispatch(lab.root, linger_seconds=0.1)
    assert was_locked == [True]
