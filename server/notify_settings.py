"""The table `[notify]` of `labhand.toml`: of what a person is told, and how."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

EventName = Literal["done", "champion", "attention", "allowance_80", "allowance_spent", "approval_wanted", "cluster_failed"]
EVENTS: tuple[EventName, ...] = get_args(EventName)
MessageFormat = Literal["json", "slack", "discord", "ntfy"]
NOTIFY_VARIABLES = "LABHAND_NOTIFY"
"""The variables whose names begin so may hold the webhook's URL: no run inherits them."""
HIDDEN_VALUE = "its value isn't shown, because it may be a secret"


class Notify(BaseModel):
    """What the lab tells a person of by itself: by a webhook, by a command, or by both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook: SecretStr | None = Field(
        default=None,
        description="A URL to which messages are posted. Anyone who knows this URL can post to it. To keep it out of the file,"
        " set the variable `LABHAND_NOTIFY__WEBHOOK`",
    )
    format: MessageFormat = Field(default="json", description="The form of a message's body at the webhook")
    command: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[],
        description='A program with its arguments, such as `["notify-send", "labhand"]`; it gets the message as JSON on'
        " standard input",
    )
    events: list[EventName] = Field(default=[*EVENTS], description="The events that send a message; by default all of them")

    @property
    def is_wanted(self) -> bool:
        """Whether there is anywhere to send a message to."""
        return self.webhook is not None or bool(self.command)

    @field_validator("webhook")
    @classmethod
    def _refuse_other_urls(cls, webhook: SecretStr | None) -> SecretStr | None:
        if webhook is not None:
            _refuse_bad_url(webhook.get_secret_value())
        return webhook


def _refuse_bad_url(url: str) -> None:
    """Refuse what is no address of a web server. The error never has the URL.

    Raises:
        ValueError: It is none.
    """
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_usable = False
    if not is_usable or any(character.isspace() for character in url):
        raise ValueError(f"it must be a URL that begins with https:// or http:// and has a host; {HIDDEN_VALUE}")


def take_notify_variables(environment: MutableMapping[str, str]) -> bool:
    """Remove the variables of `[notify]` from an environment. Returns whether there were any."""
    names = [name for name in environment if name.upper().startswith(NOTIFY_VARIABLES)]
    for name in names:
        del environment[name]
    return bool(names)


def notify_variables() -> dict[str, str]:
    """Return the variables of `[notify]` in this process's environment."""
    return {name: value for name, value in os.environ.items() if name.upper().startswith(NOTIFY_VARIABLES)}
