"""Sending one message once, by a webhook or by a command. No error names the webhook's URL or the command's arguments."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import anyio
from anyio.abc import Process

from ..lab.sanitize import cut
from ..notify_settings import MessageFormat
from ..schemas.deliveries import Notification
from .bodies import request_body

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""How long a webhook may take to answer."""
COMMAND_SECONDS = 30.0
"""How long a command may run."""
MAX_ANSWER = 2048
"""Bytes of an answer that are read."""
MAX_PROBLEM = 200
MIN_SECRET = 4
"""Characters from which on a part of a URL or an argument is removed from texts."""
REDACTED = "[secret]"
_LATER = frozenset({408, 425, 429})
"""Answers of a server that refuses for now, beside those from 500 on."""


class DeliveryError(Exception):
    """A message was not delivered.

    Attributes:
        problem: Why, without secrets.
        may_retry: Sending it again can help, and can't deliver it twice.
        may_have_arrived: The receiver had the whole message, and didn't answer.
        wait_seconds: How long the receiver asked to be left alone; 0 if it didn't.
    """

    def __init__(
        self, problem: str, *, may_retry: bool = False, may_have_arrived: bool = False, wait_seconds: float = 0.0
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.may_retry = may_retry
        self.may_have_arrived = may_have_arrived
        self.wait_seconds = wait_seconds


async def post(notification: Notification, url: str, form: MessageFormat) -> None:
    """Post a message to a webhook.

    Raises:
        DeliveryError: It was refused, or there was no answer.
    """
    import httpx2  # noqa: PLC0415 - a quarter of a second, where messages are wanted

    for name in ("httpx2", "httpcore2"):  # they log every URL
        logging.getLogger(name).setLevel(logging.WARNING)
    target, body = request_body(notification, form, url)
    headers = {"User-Agent": "labhand", "Idempotency-Key": notification.id}
    limits = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        with anyio.fail_after(CONNECT_SECONDS + ANSWER_SECONDS):
            async with (
                httpx2.AsyncClient(timeout=limits, follow_redirects=False) as client,
                client.stream("POST", target, json=body, headers=headers) as response,
            ):
                answer = b"".join([part async for part in _beginning(response.aiter_raw(MAX_ANSWER))])
                _refuse_answer(response.status_code, answer, response.headers.get("retry-after", ""), url)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.WriteError, httpx2.WriteTimeout, httpx2.PoolTimeout) as error:
        raise DeliveryError(_no_connection(error, url), may_retry=True) from None
    except (TimeoutError, httpx2.HTTPError) as error:
        problem = f"no answer within {ANSWER_SECONDS:.0f} s" if _is_timeout(error) else redacted(_named(error), secrets_of(url))
        raise DeliveryError(f"{problem}; the message may have arrived", may_have_arrived=True) from None


async def _beginning(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the beginning of an answer: whoever answers without an end is not read to the end."""
    left = MAX_ANSWER
    async for part in parts:
        yield part[:left]
        left -= len(part)
        if left <= 0:
            return


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or "Timeout" in type(error).__name__


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _no_connection(error: Exception, url: str) -> str:
    return f"no connection to {urlsplit(url).hostname}: {redacted(_named(error), secrets_of(url))}"


def _refuse_answer(status: int, answer: bytes, retry_after: str, url: str) -> None:
    """Raise an error unless a status says that the message was taken.

    Raises:
        DeliveryError: It wasn't.
    """
    if 200 <= status < 300:
        return
    said = redacted(cut(answer.decode("utf-8", "replace"), MAX_PROBLEM), secrets_of(url))
    moved = "; redirects aren't followed: set the address that it names" if 300 <= status < 400 else ""
    problem = f"status {status}{f' ({said})' if said else ''}{moved}"
    is_later = status >= 500 or status in _LATER
    raise DeliveryError(problem, may_retry=is_later, wait_seconds=_seconds(retry_after))


def _seconds(retry_after: str) -> float:
    return float(retry_after) if re.fullmatch(r"\d{1,6}(\.\d+)?", retry_after.strip()) else 0.0


async def run_command(notification: Notification, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command with a message as JSON on its standard input, and its title and text in variables.

    Raises:
        DeliveryError: It couldn't be started, ended with another status than 0, or took too long.
    """
    variables = {
        "LABHAND_EVENT": notification.event,
        "LABHAND_TITLE": notification.title,
        "LABHAND_TEXT": notification.text,
    }
    text = notification.model_dump_json().encode()
    try:
        process = await anyio.open_process(
            command, cwd=folder, env={**environment, **variables}, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        raise DeliveryError(f"{command[0]} can't be started: {error.strerror}") from None
    try:
        with anyio.fail_after(COMMAND_SECONDS):
            said = await _converse(process, text)
            status = await process.wait()
    except TimeoutError:
        await _end(process)
        raise DeliveryError(
            f"{command[0]} took more than {COMMAND_SECONDS:.0f} s and was ended; the message may have arrived",
            may_have_arrived=True,
        ) from None
    except BaseException:  # this task is cancelled, and what it started must not outlive it
        await _end(process)
        raise
    if status != 0:
        last = redacted(cut(said.decode("utf-8", "replace").strip().rpartition("\n")[2], MAX_PROBLEM), command[1:])
        raise DeliveryError(f"{command[0]} ended with status {status}{f': {last}' if last else ''}", may_retry=True)


async def _end(process: Process) -> None:
    """End a command with everything that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with anyio.CancelScope(shield=True):
        await process.aclose()


async def _converse(process: Process, text: bytes) -> bytes:
    """Give a process its input, and return the end of what it says."""
    said = b""
    if process.stdin is not None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # it doesn't read it
            await process.stdin.send(text)
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await process.stdin.aclose()
    if process.stdout is not None:
        async for part in process.stdout:
            said = (said + part)[-MAX_ANSWER:]
    return said


def secrets_of(url: str) -> list[str]:
    """Return the parts of a URL that nobody else may know: all but the scheme and the host."""
    parts = urlsplit(url)
    pieces = [url, parts.username, parts.password, parts.path, parts.query, *parts.path.split("/")]
    pieces += [part for pair in parts.query.split("&") for part in (pair, pair.partition("=")[2])]
    return [piece for piece in pieces if piece]


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, the longest first. Short ones are words that stand in many texts."""
    forms = {form for secret in secrets for form in (secret, unquote(secret)) if len(form) >= MIN_SECRET}
    for secret in sorted(forms, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text
