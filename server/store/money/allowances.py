"""What the person allowed, each time it was something else: a raised allowance doesn't go unseen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ...settings import Allowance
from .. import facts
from ..database import Database, Reader, Transaction

_NAME = "allowance since "


@dataclass(frozen=True, slots=True)
class AllowanceChange:
    """An allowance, and from when on the lab knew of it: ISO date and time, UTC."""

    when: str
    allowance: Allowance


async def save(tx: Transaction, allowance: Allowance, now: float) -> None:
    """Write an allowance down, where the last one was another; `now` is a Unix time."""
    changes = await history(tx)
    if not changes or changes[-1].allowance != allowance:
        when = datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")
        await facts.state(tx, {f"{_NAME}{when}": allowance.model_dump_json()})


async def save_alone(db: Database, allowance: Allowance, now: float) -> None:
    """The same in a transaction of its own, if one is needed."""
    changes = await history(db)
    if not changes or changes[-1].allowance != allowance:
        async with db.transaction() as tx:
            await save(tx, allowance, now)


async def history(reader: Reader) -> list[AllowanceChange]:
    """Every allowance in turn."""
    rows = await reader.rows("SELECT name, value FROM facts WHERE name GLOB ? ORDER BY name", (f"{_NAME}*",))
    return [AllowanceChange(row["name"].removeprefix(_NAME), Allowance.model_validate_json(row["value"])) for row in rows]
