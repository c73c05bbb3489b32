"""One message, sent once: to a real server on loopback, and to real commands."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from labhand.server.notifications import message_delivery as delivery
from labhand.server.notifications.message_delivery import DeliveryError, post, redacted, run_command, secrets_of
from labhand.server.notify_settings import MessageFormat
from labhand.server.schemas.deliveries import Notification

from ...waiting import until
from .receiver import ENDLESS, HANG, receiving

pytestmark = pytest.mark.anyio
MESSAGE = Notification(
    id="done:4:ab12",
    event="done",
    title="4 experiments have ended, <nothing> is left & all is well",
    text="Best: e0004 @everyone",
    lab="/labs/one",
    at=12.5,
    details={"experiments": 4},
)


def is_slack(body: dict[str, Any]) -> bool:
    return body == {
        "text": "*4 experiments have ended, &lt;nothing&gt; is left &amp; all is well*\nBest: e0004 @everyone\n_/labs/one_"
    }


def is_discord(body: dict[str, Any]) -> bool:
    return body["allowed_mentions"] == {"parse": []} and str(body["content"]).startswith("**4 experiments have ended")


def is_ntfy(body: dict[str, Any]) -> bool:
    wanted = {"topic": "x9y8z7", "title": MESSAGE.title, "priority": 3, "tags": ["checkered_flag"]}
    return body.items() >= wanted.items() and str(body["message"]).startswith("Best: e0004")


def is_json(body: dict[str, Any]) -> bool:
    return body == MESSAGE.model_dump(mode="json") and "details" in body


@pytest.mark.parametrize(
    ("form", "fits", "path"),
    [
        ("json", is_json, "/hooks/T0PSECRET/x9y8z7"),
        ("slack", is_slack, "/hooks/T0PSECRET/x9y8z7"),
        ("discord", is_discord, "/hooks/T0PSECRET/x9y8z7"),
        ("ntfy", is_ntfy, "/hooks/T0PSECRET/"),
    ],
)
async def test_a_message_has_the_form_of_its_receiver(
    form: MessageFormat, fits: Callable[[dict[str, Any]], bool], path: str
) -> None:
    with receiving(200) as receiver:
        await post(MESSAGE, receiver.url(), form)
    [(posted_to, headers, body)] = receiver.requests
    assert posted_to == path
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == MESSAGE.id
    assert fits(body), body


@pytest.mark.parametrize(
    ("answer", "may_retry", "says"),
    [
        (500, True, "status 500"),
        (503, True, "status 503"),
        (429, True, "status 429"),
        (404, False, "status 404"),
        (400, False, "status 400"),
        (302, False, "redirects aren't followed"),
    ],
)
async def test_a_refusal_says_whether_another_try_can_help_and_never_the_address(
    answer: int, says: str, *, may_retry: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with receiving(answer) as receiver:
        receiver.retry_after = "17"
        with pytest.raises(DeliveryError) as refused:
            await post(MESSAGE, receiver.url(), "json")
    assert refused.value.may_retry is may_retry
    assert not refused.value.may_have_arrived
    assert refused.value.wait_seconds == 17
    assert says in refused.value.problem
    assert f"{answer} for [secret]" in refused.value.problem  # the server says the path, which is secret
    assert len(receiver.requests) == 1
    assert "T0PSECRET" not in refused.value.problem + caplog.text


async def test_no_connection_may_be_tried_again() -> None:
    with receiving() as receiver:
        url = receiver.url()
    with pytest.raises(DeliveryError) as refused:
        await post(MESSAGE, url, "json")
    assert refused.value.may_retry
    assert refused.value.problem.startswith("no connection to 127.0.0.1: ")
    assert "T0PSECRET" not in refused.value.problem


async def test_who_hangs_is_left_after_a_while_and_may_have_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "ANSWER_SECONDS", 0.5)
    with receiving(HANG) as receiver, pytest.raises(DeliveryError, match="may have arrived") as refused:
        await post(MESSAGE, receiver.url(), "json")
    assert (refused.value.may_retry, refused.value.may_have_arrived) == (False, True)
    assert len(receiver.requests) == 1


async def test_an_answer_without_an_end_is_not_read_to_the_end() -> None:
    with receiving(ENDLESS) as receiver, anyio.fail_after(120):
        await post(MESSAGE, receiver.url(), "json")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/services/T000/B000/XXXXsecret",
        "https://user:passw0rd@ntfy.example.org/my-topic?auth=tk_abc",
    ],
)
def test_every_part_of_an_address_but_the_host_is_removed_from_texts(url: str) -> None:
    pieces = [url, *url.split("/")[3:], "XXXXsecret", "passw0rd", "tk_abc"]
    text = redacted(" ".join(piece for piece in pieces if piece in url), secrets_of(url))
    for secret in ("XXXXsecret", "passw0rd", "my-topic", "tk_abc"):
        assert secret not in text


async def test_a_command_gets_the_message_on_standard_input_and_in_variables(tmp_path: Path) -> None:
    program = (
        "import json, os, sys; json.dump([json.load(sys.stdin), os.environ['LABHAND_TITLE'], os.getcwd()], open('got', 'w'))"
    )
    await run_command(MESSAGE, [sys.executable, "-c", program], tmp_path, os.environ)
    message, title, folder = json.loads((tmp_path / "got").read_text("utf-8"))
    assert message == MESSAGE.model_dump(mode="json")
    assert (title, folder) == (MESSAGE.title, str(tmp_path))


async def test_a_command_that_reads_nothing_is_fine(tmp_path: Path) -> None:
    long = MESSAGE.model_copy(update={"details": {"bulk": "x" * 1_000_000}})
    await run_command(long, ["sh", "-c", "exec < /dev/null; touch ran"], tmp_path, {"PATH": os.environ["PATH"]})
    assert (tmp_path / "ran").exists()


async def test_a_command_that_fails_is_told_of_without_its_arguments(tmp_path: Path) -> None:
    program = "import sys; print('refused', sys.argv[1]); sys.exit(3)"
    with pytest.raises(DeliveryError) as refused:
        await run_command(MESSAGE, [sys.executable, "-c", program, "t0ken-of-mine"], tmp_path, os.environ)
    assert refused.value.may_retry
    assert refused.value.problem.endswith("ended with status 3: refused [secret]")
    with pytest.raises(DeliveryError, match="absent-program can't be started: No such file") as absent:
        await run_command(MESSAGE, ["absent-program", "t0ken-of-mine"], tmp_path, os.environ)
    assert not absent.value.may_retry


async def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "COMMAND_SECONDS", 0.5)
    script = f"sleep 100 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(DeliveryError, match="took more than"):
        await run_command(MESSAGE, ["sh", "-c", script], tmp_path, os.environ)
    child = int((tmp_path / "child").read_text("ascii"))
    await until(lambda: not _runs(child))


def _runs(process: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
