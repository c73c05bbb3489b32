"""The sentence that names how to wait for what is pending."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ...calls import written_call
from ...ids import id_ranges, validation_id
from ...own_program import own_program
from ...store.glance import PendingGlance

MAX_IDS = 12
"""Ids in one command; with more, it waits for everything."""


def waiting_command(pending: PendingGlance, where: Sequence[str] = ()) -> str:
    """Return how to wait: a command for the background, or the call for an agent without a shell.

    Args:
        pending: What hasn't ended.
        where: Arguments that name the lab, if it isn't the one around the shell's folder.
    """
    ids = [*map(validation_id, pending.validations), *id_ranges(pending.alone)]
    named = ids if len(ids) <= MAX_IDS else []
    command = shlex.join([*own_program(), "wait", *named, *where])
    call = written_call("wait", ids=named) if named else written_call("wait")
    return (
        f"Run `{command}` in the background and end your turn: the command ends, and you go on, when they have finished or"
        f" something needs you. Without a shell: {call}."
    )
