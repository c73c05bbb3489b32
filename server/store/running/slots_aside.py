"""Slots of this machine on which nothing is started any more, because the machine is at fault there."""

from __future__ import annotations

from dataclasses import dataclass

from ...ids import experiment_id
from ..database import Reader, Transaction

_PREFIX = "slot aside: "
"""Of the facts that name such slots."""
MAX_NUMBERS = 500
"""Experiments that are looked back at."""


@dataclass(frozen=True, slots=True)
class SlotAside:
    """A slot on which nothing is started.

    Attributes:
        slot: Its index, as the pool's backend numbers it.
        reason: Why, for the person.
    """

    pool: str
    slot: int
    reason: str


@dataclass(frozen=True, slots=True)
class SlotOutcome:
    """What became of an experiment on a slot.

    Attributes:
        id: The experiment's.
        is_unchanged: It has the unchanged source.
        failure: The class; None for a success.
    """

    id: str
    slot: int
    is_unchanged: bool
    failure: str | None


async def slots_aside(reader: Reader) -> list[SlotAside]:
    """All slots that are set aside."""
    rows = await reader.rows(
        "SELECT name, value FROM facts WHERE name >= ? AND name < ? ORDER BY name", (_PREFIX, f"{_PREFIX}\U0010ffff")
    )
    named = [(row["name"].removeprefix(_PREFIX).rpartition(" "), row["value"]) for row in rows]
    return [SlotAside(pool, int(slot), reason) for (pool, _, slot), reason in named]


async def set_aside(tx: Transaction, aside: SlotAside) -> None:
    """Start nothing on a slot from now on."""
    name = f"{_PREFIX}{aside.pool} {aside.slot}"
    await tx.execute("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, aside.reason))


async def use_all(tx: Transaction) -> int:
    """Use all slots again, and return how many were set aside."""
    return await tx.execute("DELETE FROM facts WHERE name >= ? AND name < ?", (_PREFIX, f"{_PREFIX}\U0010ffff"))


async def outcomes(reader: Reader, pool: str, setting: str) -> list[SlotOutcome]:
    """What became of a setting's latest experiments on the slots of a pool, the oldest first."""
    rows = await reader.rows(
        "SELECT number, json_extract(runs.handle, '$.slot') AS slot, purpose = 'baseline' AS is_unchanged, failure"
        " FROM experiments CROSS JOIN runs ON runs.experiment = number AND runs.attempt = attempts"
        " WHERE number > (SELECT max(number) FROM experiments) - ? AND +setting = ? AND pool = ?"
        " AND experiments.status IN ('succeeded', 'failed') AND slot IS NOT NULL ORDER BY finished_seq",
        (MAX_NUMBERS, setting, pool),
    )
    return [SlotOutcome(experiment_id(row["number"]), row["slot"], bool(row["is_unchanged"]), row["failure"]) for row in rows]
