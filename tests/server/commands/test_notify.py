"""`labhand notify`: where messages go, what became of them, and a test message to a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.server.main import app
from labhand.server.notifications.outbox import FILE, Outbox
from labhand.server.schemas.deliveries import DeliveryState, Notification
from typer.testing import CliRunner, Result

from ..notifications.receiver import receiving

SECRET = "T0PSECRET"


def notify(root: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["notify", *words, "--root", str(root)])


def lay_out(root: Path, table: str) -> None:
    (root / "labhand.toml").write_text(f"[notify]\n{table}\n", "utf-8")


@pytest.mark.parametrize(("answer", "code", "says"), [(200, 0, "delivered"), (500, 1, "status 500"), (404, 1, "status 404")])
def test_a_test_message_is_sent_at_once_and_its_fate_told(tmp_path: Path, answer: int, code: int, says: str) -> None:
    with receiving(answer) as receiver:
        lay_out(tmp_path, f'webhook = "{receiver.url()}"\nformat = "slack"\ncommand = ["true"]')
        done = notify(tmp_path, "--test")
    assert done.exit_code == code, done.output
    webhook, command = done.stdout.splitlines()
    assert webhook.startswith("webhook at 127.0.0.1 (slack): ")
    assert says in webhook
    assert command == "command true: delivered"
    assert SECRET not in done.output
    [body] = receiver.bodies
    assert "A test message of labhand" in body["text"]


def test_a_test_message_as_json(tmp_path: Path) -> None:
    lay_out(tmp_path, 'command = ["false"]')
    done = notify(tmp_path, "--test", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"results": [{"target": "command", "problem": "false ended with status 1"}]}


def test_without_a_target_nothing_can_be_tested(tmp_path: Path) -> None:
    lay_out(tmp_path, 'events = ["done"]')
    refused = notify(tmp_path, "--test")
    assert refused.exit_code == 2
    assert "names no target of messages. Set webhook =" in " ".join(refused.stderr.split())
    assert "No messages are sent" in notify(tmp_path).stdout


def test_what_became_of_messages_is_shown_without_secrets(tmp_path: Path) -> None:
    lay_out(tmp_path, f'webhook = "https://hooks.slack.com/services/{SECRET}"\nformat = "slack"')
    about = Notification(id="done:3:a", event="done", title="3 experiments have ended", text="", lab="/lab", at=1.0)
    outbox = Outbox(
        waiting=[DeliveryState(notification=about, target="webhook", attempts=1, problem="status 500", due=4e9)],
        past=[DeliveryState(notification=about, target="webhook", attempts=1, outcome="delivered")],
    )
    (tmp_path / ".labhand").mkdir()
    (tmp_path / ".labhand" / FILE).write_text(outbox.model_dump_json(), "utf-8")
    shown = notify(tmp_path)
    where, events, past, waiting = shown.stdout.splitlines()
    assert where == "webhook at hooks.slack.com (slack)"
    assert events.startswith("events: done, champion")
    assert "delivered by webhook: 3 experiments have ended (done)" in past
    assert "waiting by webhook, next try in" in waiting
    assert waiting.endswith("(done): status 500")
    told = json.loads(notify(tmp_path, "--json").stdout)
    assert [state["outcome"] for state in told["past"]] == ["delivered"]
    assert SECRET not in shown.output + json.dumps(told)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (f'webhook = "ftp://x/{SECRET}"', "notify.webhook (line 2): it must be a URL that begins with https:// or http://"),
        (f'webhook = "https://{SECRET}:x y/"', "it must be a URL"),
        (f'webhook = ["{SECRET}"]', "notify.webhook (line 2)"),
        (f'webhok = "{SECRET}"', "notify.webhok (line 2) is not a setting. Did you mean webhook?"),
        (f'command = "curl {SECRET}"', "notify.command (line 2)"),
        ('events = ["don"]', "'done'"),
        ('format = "teams"', "'json', 'slack', 'discord' or 'ntfy'"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_without_their_secrets(tmp_path: Path, table: str, says: str) -> None:
    lay_out(tmp_path, table)
    refused = notify(tmp_path)
    assert refused.exit_code == 2
    assert says in " ".join(refused.stderr.split())
    assert SECRET not in refused.output
