"""The baseline of a lab: the trainer's source when the lab was created, or, until something has succeeded, as it is now."""

from __future__ import annotations

import secrets
import time

from anyio import to_thread

from ..source.changes import knobs_of
from ..source.repository import Commit, NewCommit, Sources, delta
from ..source.trainer_folder import Source, Trainer
from ..store import facts
from ..store.comparison import champions
from ..store.database import Database, Reader
from ..store.experiments import cancellation, workload
from ..store.running import holds, settlement
from ..store.sources import SourceRow, save_sources

TRAINER = "trainer"
REHEARSAL = "rehearsal"
CORRECTED = "the trainer's files were corrected before it started: launch it again, on the new baseline"
"""Why an experiment that was held is cancelled."""


async def create_unless_exists(db: Database, sources: Sources, trainer: Trainer, source: Source, *, is_rehearsal: bool) -> str:
    """Return the lab's identity. A new lab is created first, with `source` as its baseline."""
    if identity := await facts.fact(db, facts.IDENTITY):
        return identity
    baseline, row = await _commit(sources, trainer, source)
    async with db.transaction() as tx:
        if identity := await facts.fact(tx, facts.IDENTITY):
            return identity
        await save_sources(tx, [row])
        await champions.add_champion(tx, baseline.hash, None, time.time())
        identity = secrets.token_hex(8)
        await facts.state(tx, {facts.IDENTITY: identity, TRAINER: trainer.name, REHEARSAL: str(is_rehearsal)})
        await sources.tag({champions.BASELINE: baseline.hash})
    return identity


async def renew(db: Database, sources: Sources, trainer: Trainer, source: Source) -> bool:
    """Make `source` the baseline if no experiment has succeeded yet, none runs, and all that is queued is held.

    A person corrects the script after the first experiment has failed. There is nothing that a comparison with the source
    of before could rest on, and a lab whose baseline can't run would be of no use. What is held, because the source of before
    has failed, is cancelled: it would fail alike.

    Returns:
        Whether the lab has another baseline now.
    """
    if not await _is_unproven(db):
        return False
    before = await champions.baseline(db)
    baseline, row = await _commit(sources, trainer, source)
    if before is None or before.tree == baseline.tree:
        return False
    async with db.transaction() as tx:
        if not await _is_unproven(tx):
            return False
        await save_sources(tx, [row])
        await champions.replace_baseline(tx, before.number, baseline.hash)
        await cancellation.ask_to_end(tx, await workload.queued(tx), CORRECTED)
        await settlement.cancel_queued(tx, time.time())
        await holds.drop_empty_holds(tx)
        await sources.tag({champions.BASELINE: baseline.hash})
    return True


async def _is_unproven(reader: Reader) -> bool:
    if not await workload.only_failures(reader):
        return False
    held = {number for hold in await holds.active_holds(reader) for number in hold.experiments}
    return held.issuperset(await workload.queued(reader))


async def _commit(sources: Sources, trainer: Trainer, source: Source) -> tuple[Commit, SourceRow]:
    [baseline] = await sources.commit([NewCommit(delta({}, source), (), f"The baseline: {trainer.name}")])
    knobs = await to_thread.run_sync(knobs_of, source, trainer)
    return baseline, SourceRow(baseline.hash, baseline.tree, "", "", knobs)
