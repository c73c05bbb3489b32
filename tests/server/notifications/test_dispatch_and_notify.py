"""Messages of a real dispatcher's process, to a real server that hangs, refuses and accepts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from labhand.server.lab.lab import Lab
from labhand.server.notifications.outbox import FILE, read_outbox

from ...waiting import until
from ..dispatcher import support
from ..lab import writing
from .receiver import HANG, Receiver, receiving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
LOG = "dispatcher-of-test.log"


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    """A lab of `parabola` with two slots of its own."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    async with writing.opened(tmp_path) as opened:
        yield opened


def set_notify(lab: Lab, toml: str) -> None:
    settings = lab.root / "labhand.toml"
    settings.write_text(f"{settings.read_text('utf-8')}\n{toml}\n", "utf-8")


@contextmanager
def dispatching(lab: Lab, **environment: str) -> Generator[subprocess.Popen[bytes]]:
    """`labhand dispatch`; killed with -9 when the block ends, if it hasn't ended by then."""
    command = [sys.executable, "-m", "labhand.server.main", "dispatch", "--root", str(lab.root)]
    with (lab.root / LOG).open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def log_of(lab: Lab) -> str:
    return (lab.root / LOG).read_text("utf-8")


def events_of(receiver: Receiver) -> list[str]:
    return [body["event"] for body in receiver.bodies]


async def test_a_refused_message_is_sent_again_until_it_is_taken_once(lab: Lab) -> None:
    with receiving(500, 500, 200) as receiver:
        set_notify(lab, f'[notify]\nwebhook = "{receiver.url()}"\nevents = ["done"]')
        await support.queue_up(lab, 3)
        with dispatching(lab) as process:
            assert await support.ended(process) == 0, log_of(lab)
    assert events_of(receiver) == ["done"] * 3
    assert len({headers["idempotency-key"] for _, headers, _ in receiver.requests}) == 1
    assert receiver.bodies[0]["title"] == "3 experiments have ended, and nothing is left to run"
    [past] = read_outbox(lab.folder).past
    assert (past.outcome, past.attempts) == ("delivered", 3)
    assert "status 500" in log_of(lab)
    assert "T0PSECRET" not in log_of(lab) + (lab.folder / FILE).read_text("utf-8")


async def test_a_webhook_that_hangs_does_not_hold_the_dispatcher(lab: Lab) -> None:
    with receiving(HANG) as receiver:
        set_notify(lab, f'[allowance]\nexperiments = 5\n[notify]\nwebhook = "{receiver.url()}"')
        await support.queue_up(lab, 4)
        with dispatching(lab):
            await until(receiver.arrived.is_set)
            await support.until_finished(lab, 1)
            assert read_outbox(lab.folder).waiting[0].outcome == "sending"
            await support.until_finished(lab, 4)
    assert await support.statuses(lab) == ["succeeded"] * 4
    assert events_of(receiver)[0] == "allowance_80"


async def test_a_killed_dispatcher_repeats_nothing(lab: Lab) -> None:
    with receiving(HANG, 200) as receiver:
        set_notify(lab, f'[allowance]\nexperiments = 5\n[notify]\nwebhook = "{receiver.url()}"')
        await support.queue_up(lab, 4)
        with dispatching(lab) as victim:
            await until(receiver.arrived.is_set)
            victim.kill()
        with dispatching(lab) as process:
            assert await support.ended(process) == 0, log_of(lab)
        with dispatching(lab) as process:  # nothing is new
            assert await support.ended(process) == 0, log_of(lab)
    assert events_of(receiver) == ["allowance_80", "done"]
    outcomes = [(state.notification.event, state.outcome) for state in read_outbox(lab.folder).past]
    assert outcomes == [("allowance_80", "unknown"), ("done", "delivered")]


async def test_a_signal_ends_the_process_although_a_message_waits_which_the_next_one_sends(lab: Lab) -> None:
    with receiving(503, 200) as receiver:
        receiver.retry_after = "300"
        set_notify(lab, f'[notify]\nwebhook = "{receiver.url()}"\nevents = ["done"]')
        await support.queue_up(lab, 1)
        with dispatching(lab) as process:
            await until(lambda: any(state.attempts == 1 and state.problem for state in read_outbox(lab.folder).waiting))
            process.send_signal(signal.SIGTERM)
            await support.ended(process)
        outbox = read_outbox(lab.folder)
        assert [state.outcome for state in outbox.waiting] == ["waiting"]
        assert outbox.waiting[0].due > time.time() + 200
        outbox.waiting = [state.model_copy(update={"due": 0.0}) for state in outbox.waiting]
        (lab.folder / FILE).write_text(outbox.model_dump_json(), "utf-8")
        with dispatching(lab) as process:
            assert await support.ended(process) == 0, log_of(lab)
    assert events_of(receiver) == ["done", "done"]


async def test_the_address_from_the_environment_is_used_and_reaches_no_run(lab: Lab) -> None:
    set_notify(lab, '[notify]\nevents = ["done"]')
    with receiving(200) as receiver:
        [number] = await support.queue_up(lab, 1, duration=1.0)
        with dispatching(lab, LABHAND_NOTIFY__WEBHOOK=receiver.url(), LABHAND_NOTIFY__FORMAT="slack") as process:
            await support.until_status(lab, number, "running")
            environments = environments_of(children_of(process.pid))
            assert environments
            assert not [text for text in environments if b"T0PSECRET" in text]
            assert await support.ended(process) == 0, log_of(lab)
    [body] = receiver.bodies
    assert body["text"].startswith("*1 experiment has ended")
    assert "T0PSECRET" not in log_of(lab)


async def test_a_command_is_run_and_its_failure_harms_nothing(lab: Lab) -> None:
    (lab.root / "tell.sh").write_text('echo "$LABHAND_EVENT" >> told; cat >> messages; exit 1\n', "utf-8")
    set_notify(lab, '[notify]\ncommand = ["sh", "tell.sh"]\nevents = ["done"]')
    await support.queue_up(lab, 2)
    with dispatching(lab) as process:
        await until((lab.root / "messages").is_file)
        await until(lambda: any(state.problem for state in read_outbox(lab.folder).waiting))
        process.terminate()
        await support.ended(process)
    assert (lab.root / "told").read_text("utf-8").splitlines()[0] == "done"
    message = json.JSONDecoder().raw_decode((lab.root / "messages").read_text("utf-8"))[0]
    assert message["details"]["experiments"] == 2
    assert await support.statuses(lab) == ["succeeded"] * 2


async def test_messages_begin_when_the_person_asks_for_them_while_the_dispatcher_runs(lab: Lab) -> None:
    with receiving(200) as receiver:
        [number] = await support.queue_up(lab, 1, duration=4.0)
        with dispatching(lab) as process:
            await support.until_status(lab, number, "running")
            set_notify(lab, f'[notify]\nwebhook = "{receiver.url()}"')
            assert await support.ended(process) == 0, log_of(lab)
    assert events_of(receiver) == ["done"]


def children_of(parent: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(place.name)] = int((place / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = [child for child, its_parent in parents.items() if its_parent == parent]
    return found + [grandchild for child in found for grandchild in children_of(child)]


def environments_of(processes: list[int]) -> list[bytes]:
    return [Path(f"/proc/{process}/environ").read_bytes() for process in processes]
