"""`labhand notify`: what a person is told of, what became of it, and a test message."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import typer

from ..errors import BadInputError
from ..lab.durations import duration
from ..lab.sanitize import cut
from ..notifications.message_delivery import DeliveryError
from ..notifications.notifier import deliver, targets_of
from ..notifications.outbox import read_outbox
from ..notify_settings import Notify
from ..schemas.deliveries import DeliveryState, Notification, Target
from ..settings import FILE, data_folder
from ..settings_in_force import settings_in_force
from .console import exit_on_error, out, print_json, working
from .show import refuse_no_lab

MAX_SHOWN = 10
"""Past messages that are shown."""
MAX_TITLE = 100


def show_notifications(root: Path, *, as_json: bool) -> None:
    """Print where messages go, those that wait, and what became of the last ones."""
    with exit_on_error():
        refuse_no_lab(root)
        settings = settings_in_force(root)
    notify = settings.settings.notify
    outbox = read_outbox(data_folder(root, settings.settings))
    if as_json:
        states = {"waiting": outbox.waiting, "past": outbox.past}
        print_json(
            {"targets": [describe(target, notify) for target in targets_of(notify)], "events": notify.events}
            | {name: [state.model_dump(mode="json") for state in listed] for name, listed in states.items()}
        )
        return
    for target in targets_of(notify):
        out.print(describe(target, notify), markup=False)
    if not notify.is_wanted:
        out.print(f"No messages are sent: set webhook or command under [notify] in {root / FILE}", markup=False)
    else:
        out.print(f"events: {', '.join(notify.events)}", markup=False)
    for state in [*outbox.past[-MAX_SHOWN:], *outbox.waiting]:
        out.print(_line(state), markup=False)


def send_test(root: Path, *, as_json: bool) -> None:
    """Send a message to every target now. Exit code 1 if one of them didn't take it.

    Raises:
        BadInputError: There is no target.
    """
    with exit_on_error():
        refuse_no_lab(root)
        notify = settings_in_force(root).settings.notify
        if not notify.is_wanted:
            raise BadInputError(
                f"{root / FILE} names no target of messages",
                'Set webhook = "https://…" or command = ["notify-send", "labhand"] under [notify]',
            )
    with working("Sending a test message"):
        results = anyio.run(_send_to_all, root, notify)
    if as_json:
        print_json({"results": [{"target": target, "problem": problem or None} for target, problem in results]})
    else:
        for target, problem in results:
            out.print(f"{describe(target, notify)}: {problem or 'delivered'}", markup=False)
    if any(problem for _, problem in results):
        raise typer.Exit(1)


async def _send_to_all(root: Path, notify: Notify) -> list[tuple[Target, str]]:
    """Return each target with why it didn't take the message; empty if it did."""
    message = Notification(
        id=f"test:{secrets.token_hex(4)}",
        event="test",
        title="A test message of labhand",
        text=f"Messages about these events come here: {', '.join(notify.events)}.",
        lab=str(root),
        at=round(time.time(), 3),
    )
    results: list[tuple[Target, str]] = []
    for target in targets_of(notify):
        try:
            await deliver(message, target, notify, root)
        except DeliveryError as error:
            results.append((target, error.problem))
        else:
            results.append((target, ""))
    return results


def describe(target: Target, notify: Notify) -> str:
    """Return a target as text, without the secret parts of its address or its arguments."""
    if target == "command" or notify.webhook is None:
        return f"command {notify.command[0]}"
    return f"webhook at {urlsplit(notify.webhook.get_secret_value()).hostname} ({notify.format})"


def _line(state: DeliveryState) -> str:
    about = state.notification
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(about.at))
    due = f", next try in {duration(state.due - time.time())}" if state.outcome == "waiting" and state.due else ""
    problem = f": {state.problem}" if state.problem else ""
    return f"{at}  {state.outcome} by {state.target}{due}: {cut(about.title, MAX_TITLE)} ({about.event}){problem}"
