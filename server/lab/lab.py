"""The lab as one process holds it: settings, trainer, database and sources. The verbs are functions in the modules beside."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from ..domain import Pool
from ..errors import SettingsError
from ..machine import devices
from ..settings import (
    DATABASE,
    SOURCES,
    Allowance,
    PoolSettings,
    Settings,
    data_folder,
    load_settings,
)
from ..source.changes import knobs_of
from ..source.repository import NewCommit, Sources, delta
from ..source.trainer_folder import Source, Trainer, load_trainer, read_folder
from ..store import facts
from ..store.comparison import champions, validation_pairs
from ..store.database import Database
from ..store.experiments import workload
from ..store.money import allowances, clusters, pools
from ..store.sources import SourceRow, save_sources
from .dispatcher_process import start_dispatcher

TRAINER = "trainer"
REHEARSAL = "rehearsal"


class Lab:
    """One research effort. Make it with `Lab.open`.

    Attributes:
        root: Where `labhand.toml` is, or would be.
        folder: `.labhand`.
        trainer: As its `trainer.toml` says.
        protected: The trainer's files that no experiment may change, as they stand in its folder. What is launched carries
            these, so that a mended evaluator or `trainer.toml` counts at once; it makes a setting of its own.
        identity: Tells this lab from others; seeds are drawn from it.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        settings: Settings,
        trainer: Trainer,
        protected: Source,
        db: Database,
        sources: Sources,
        identity: str,
        wake: Callable[[Path], None],
    ) -> None:
        self.root = root
        self.folder = folder
        self.settings = settings
        self.trainer = trainer
        self.protected = protected
        self.db = db
        self.sources = sources
        self.identity = identity
        self._wake = wake

    @classmethod
    async def open(cls, root: Path, wake: Callable[[Path], None] = start_dispatcher) -> Lab:
        """Open the lab at `root`; make it where there is none. Several processes may do so at once.

        Args:
            root: See `settings.find_root`.
            wake: Starts the dispatcher of the lab at a root, unless one is alive.

        Raises:
            SettingsError: `labhand.toml` or `trainer.toml` can't be used, or the lab was made for another trainer.
        """
        settings = load_settings(root)
        trainer = await to_thread.run_sync(load_trainer, settings.trainer, root)
        source = await to_thread.run_sync(read_folder, trainer.folder)
        folder = data_folder(root, settings)
        db = await Database.open(folder / DATABASE)
        try:
            sources = await Sources.open(folder / SOURCES)
            identity = await _make(db, sources, trainer, source, is_rehearsal=settings.is_rehearsal)
            await _refuse_other_trainer(db, trainer, folder)
            await _refuse_other_world(db, settings, folder)
            await _bring_pools_up_to_date(db, settings)
            await allowances.save_alone(db, settings.allowance, time.time())
            unfinished = bool(await workload.count_pending(db)) or await validation_pairs.need_a_look(db)
            unfinished = unfinished or await _has_open_bills(db, settings)
        except BaseException:
            await db.close()
            raise
        protected = {path: data for path, data in source.items() if not trainer.is_editable(path)}
        lab = cls(root, folder, settings, trainer, protected, db, sources, identity, wake)
        if unfinished:  # whoever launched it may have died before it could start a dispatcher
            lab.wake_dispatcher()
        return lab

    async def close(self) -> None:
        """Let go of the database. What runs goes on."""
        await self.db.close()

    def wake_dispatcher(self) -> None:
        """Have a dispatcher look at the queue. Never waits for it."""
        self._wake(self.root)

    def with_protected(self, source: Source) -> Source:
        """A source as it would be launched now: its editable files beside the trainer's protected ones."""
        return {**self.editable_files(source), **self.protected}

    def editable_files(self, source: Source) -> Source:
        """Return the files of a source that experiments may change."""
        return {path: data for path, data in source.items() if self.trainer.is_editable(path)}

    def allowance(self) -> Allowance:
        """What the person allows now: read again, so that a raise counts at once.

        Raises:
            SettingsError: `labhand.toml` can't be used any more.
        """
        return load_settings(self.root).allowance

    async def pools(self) -> list[Pool]:
        """The pools as last seen, in the order of the settings."""
        return await pools.pools(self.db, list(self.settings.pools))


async def _make(db: Database, sources: Sources, trainer: Trainer, source: Source, *, is_rehearsal: bool) -> str:
    """Give the lab's identity, and make the lab with `source` for its baseline where it has none yet."""
    if identity := await facts.fact(db, facts.IDENTITY):
        return identity
    [baseline] = await sources.commit([NewCommit(delta({}, source), (), f"The baseline: {trainer.name}")])
    knobs = await to_thread.run_sync(knobs_of, source, trainer)
    async with db.transaction() as tx:
        if identity := await facts.fact(tx, facts.IDENTITY):
            return identity
        await save_sources(tx, [SourceRow(baseline.hash, baseline.tree, "", "", knobs)])
        await champions.add_champion(tx, baseline.hash, None, time.time())
        identity = secrets.token_hex(8)
        await facts.state(tx, {facts.IDENTITY: identity, TRAINER: trainer.name, REHEARSAL: str(is_rehearsal)})
        await sources.tag({"baseline": baseline.hash})
    return identity


async def _refuse_other_trainer(db: Database, trainer: Trainer, folder: Path) -> None:
    made_for = await facts.fact(db, TRAINER)
    if made_for != trainer.name:
        raise SettingsError(
            f"The lab in {folder} was made for the trainer {made_for!r}, and labhand.toml now names {trainer.name!r}",
            f'Set trainer back to {made_for!r}, or keep the other lab elsewhere: data_dir = "{trainer.name}-lab"',
        )


async def _refuse_other_world(db: Database, settings: Settings, folder: Path) -> None:
    was_rehearsal = await facts.fact(db, REHEARSAL) == str(True)
    if was_rehearsal != settings.is_rehearsal:
        kinds = ("real", "simulated")
        raise SettingsError(
            f"The lab in {folder} was made for {kinds[was_rehearsal]} pools, and labhand.toml now names "
            f"{kinds[settings.is_rehearsal]} ones: their results never share a lab",
            'Keep the rehearsal in a folder of its own, or elsewhere: data_dir = "rehearsal"',
        )


async def _has_open_bills(db: Database, settings: Settings) -> bool:
    """Whether a cluster may be up, or nobody has asked yet what one costs."""
    unasked = any(not pool.as_of for pool in await pools.pools(db, list(settings.pools)))
    return unasked or bool(await clusters.held_clusters(db, time.time(), ended=False))


async def _bring_pools_up_to_date(db: Database, settings: Settings) -> None:
    """Write down the pools of the settings, where they aren't as they were. What the dispatcher noted of one stays."""
    known = {pool.name: pool for pool in await pools.pools(db, list(settings.pools))}
    wanted = await to_thread.run_sync(_pools, settings, known)
    if [_shape(pool) for pool in wanted] != [_shape(pool) for pool in known.values()]:
        async with db.transaction() as tx:
            await pools.save(tx, wanted)


def _shape(pool: Pool) -> Pool:
    """What the settings say of a pool: without what the dispatcher noted, and without the slots that other labs hold now."""
    return replace(pool, note="", as_of=0.0, taken=0)


def _pools(settings: Settings, known: Mapping[str, Pool]) -> list[Pool]:
    return [_pool(name, pool, known.get(name)) for name, pool in settings.pools.items()]


def _pool(name: str, pool: PoolSettings, known: Pool | None) -> Pool:
    """A pool as the settings declare it, before its backend is asked."""
    if pool.declared_gpu is None:
        here = devices()
        gpu, clock, slots = here.kind, here.clock, min(pool.max_slots or len(here.indices), len(here.indices))
        note = here.problem
    else:
        gpu, clock, slots, note = pool.declared_gpu, "wall", pool.max_slots or 0, ""
    if pool.clusters is None:
        return Pool(name, pool.backend, gpu, clock, slots, pool.usd_per_hour or 0.0, note, as_of=time.time())
    # Only the backend may know the price: the one that the dispatcher last wrote down holds until it asks again.
    asked = known if known is not None and (known.backend, known.gpu) == (pool.backend, gpu) else None
    price = pool.usd_per_hour if pool.usd_per_hour is not None else asked.usd_per_hour if asked else 0.0
    as_of = asked.as_of if asked else 0.0
    return Pool(name, pool.backend, gpu, clock, slots, price, as_of=as_of, most_clusters=pool.clusters.max_clusters)
