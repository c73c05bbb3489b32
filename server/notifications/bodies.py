"""The body of a message in the form that its receiver reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..notify_settings import MessageFormat
from ..schemas.deliveries import Notification

MAX_DISCORD = 2000
"""Characters of a message at Discord, which refuses longer ones."""
MAX_NTFY = 3500
"""Characters of a message at ntfy, which makes an attachment of one of more than 4,096 bytes."""
_URGENT = frozenset({"attention", "allowance_spent", "approval_wanted", "cluster_failed"})
_TAGS = {
    "done": "checkered_flag",
    "champion": "trophy",
    "attention": "warning",
    "allowance_80": "money_with_wings",
    "allowance_spent": "no_entry",
    "approval_wanted": "raised_hand",
    "cluster_failed": "rotating_light",
}


def request_body(notification: Notification, form: MessageFormat, url: str) -> tuple[str, dict[str, Any]]:
    """Return the URL to post to, and the JSON to post.

    Args:
        notification: The message.
        form: `json` for the message as it is, with all of its figures.
        url: The webhook. That of ntfy ends with the topic, which goes into the body.
    """
    if form == "slack":
        return url, {"text": f"*{_slack(notification.title)}*\n{_slack(notification.text)}\n_{_slack(notification.lab)}_"}
    if form == "discord":
        content = f"**{notification.title}**\n{notification.text}\n{notification.lab}"
        return url, {"content": content[:MAX_DISCORD], "allowed_mentions": {"parse": []}}
    if form == "ntfy":
        server, topic = _ntfy_topic(url)
        return server, {
            "topic": topic,
            "title": notification.title,
            "message": f"{notification.text}\n{notification.lab}"[:MAX_NTFY],
            "priority": 4 if notification.event in _URGENT else 3,
            "tags": [_TAGS.get(notification.event, "bell")],
        }
    return url, notification.model_dump(mode="json")


def _slack(text: str) -> str:
    """Return text in which nothing is markup: Slack reads links and mentions in angle brackets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _ntfy_topic(url: str) -> tuple[str, str]:
    """Return the address of the ntfy server, and the topic. JSON is posted to the server itself."""
    parts = urlsplit(url)
    before, _, topic = parts.path.rstrip("/").rpartition("/")
    return urlunsplit((parts.scheme, parts.netloc, f"{before}/", parts.query, "")), topic
