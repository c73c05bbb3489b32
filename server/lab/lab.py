"""A lab that is open in this process: its settings, trainer, database and sources. The verbs are functions in the folders."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from anyio import to_thread

from ..approval_settings import Approval
from ..domain import Pool
from ..errors import SettingsError
from ..literature_settings import Literature
from ..machine import devices
from ..pool_settings import PoolSettings, fitted_pools, grouped_kind
from ..settings import DATABASE, SOURCES, Allowance, Settings, data_folder
from ..settings_in_force import settings_in_force
from ..source.repository import Sources
from ..source.trainer_folder import Source, Trainer
from ..source.trainer_in_force import TrainerInForce
from ..store import facts
from ..store.comparison import validation_pairs
from ..store.database import Database
from ..store.experiments import workload
from ..store.money import allowances, clusters, pools
from ..store.running.run_numbers import continue_behind_run_folders
from . import baseline_source
from .dispatcher_process import start_dispatcher
from .lab_folder import hide_from_git, refuse_second_lab


class Lab:
    """An open lab. Make it with `Lab.open`.

    Attributes:
        root: The folder of `labhand.toml`, which need not exist.
        folder: The data folder, by default `.labhand`.
        settings: The settings at the time of opening.
        in_force: The trainer and its files, read again when they change.
        db: The database.
        sources: The history of sources.
        identity: A random id of the lab, from which seeds are drawn.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        settings: Settings,
        in_force: TrainerInForce,
        db: Database,
        sources: Sources,
        identity: str,
        wake: Callable[[Path], None],
    ) -> None:
        self.root = root
        self.folder = folder
        self.settings = settings
        self.in_force = in_force
        self.db = db
        self.sources = sources
        self.identity = identity
        self._wake = wake

    @classmethod
    async def open(cls, root: Path, wake: Callable[[Path], None] = start_dispatcher, *, read_only: bool = False) -> Lab:
        """Open the lab at `root`, and create it if it doesn't exist. Several processes may do so at once.

        Args:
            root: See `lab_place.find_root`.
            wake: Starts the dispatcher of the lab at a root, unless one is alive.
            read_only: Create no lab, save no changed settings and start no dispatcher.

        Raises:
            SettingsError: `labhand.toml` is invalid and no last good content is known, `trainer.toml` is invalid, or the lab
                was made for another trainer, or there is no lab to read.
        """
        in_force = await to_thread.run_sync(partial(settings_in_force, root, read_only=read_only))
        settings = in_force.settings
        if read_only:
            _refuse_missing(data_folder(root, settings))
        trainer_in_force = await to_thread.run_sync(TrainerInForce.read, settings.trainer, root)
        trainer, source = trainer_in_force.trainer, trainer_in_force.source
        folder = data_folder(root, settings)
        await to_thread.run_sync(refuse_second_lab, root, settings)
        db = await Database.open(folder / DATABASE)
        try:
            await to_thread.run_sync(hide_from_git, root, folder)
            sources = await Sources.open(folder / SOURCES)
            identity = await baseline_source.create_unless_exists(
                db, sources, trainer, source, is_rehearsal=settings.is_rehearsal
            )
            await continue_behind_run_folders(db, folder)
            await _refuse_other_trainer(db, trainer, folder)
            await _refuse_other_pool_kind(db, settings, folder)
            fitted = fitted_pools(settings.pools, trainer.file.process_count)
            if not read_only:
                await baseline_source.renew(db, sources, trainer, source)
                await _save_changed_pools(db, fitted)
                await allowances.save_alone(db, settings.allowance, time.time())
            has_work = bool(await workload.count_pending(db)) or await validation_pairs.need_a_look(db)
            has_work = has_work or await _has_cluster_work(db, settings)
        except BaseException:
            await db.close()
            raise
        lab = cls(root, folder, settings, trainer_in_force, db, sources, identity, wake)
        if has_work and not read_only:  # the process that launched it may have died before it started a dispatcher
            lab.wake_dispatcher()
        return lab

    @property
    def trainer(self) -> Trainer:
        """The trainer, as its `trainer.toml` describes it."""
        return self.in_force.trainer

    @property
    def protected(self) -> Source:
        """The trainer's files that no experiment may change, as they are in its folder now.

        Every launch uses these, so that a corrected evaluator or `trainer.toml` takes effect at once. Changed files make a new
        setting.
        """
        return {path: data for path, data in self.in_force.source.items() if not self.trainer.is_editable(path)}

    async def renew(self, *, read_only: bool = False) -> None:
        """Read the trainer again if its files have changed. Until an experiment has succeeded they are the baseline, too.

        Args:
            read_only: Don't change the baseline.
        """
        if await to_thread.run_sync(self.in_force.look) and not read_only:
            await baseline_source.renew(self.db, self.sources, self.trainer, self.in_force.source)

    async def close(self) -> None:
        """Close the database. Running experiments continue."""
        await self.db.close()

    def wake_dispatcher(self) -> None:
        """Start a dispatcher unless one is alive, and return without waiting for it."""
        self._wake(self.root)

    def with_protected(self, source: Source) -> Source:
        """Return a source as it would be launched now: its editable files with the trainer's protected ones."""
        return {**self.editable_files(source), **self.protected}

    def editable_files(self, source: Source) -> Source:
        """Return the files of a source that experiments may change."""
        return {path: data for path, data in source.items() if self.trainer.is_editable(path)}

    def allowed_packages(self) -> list[str]:
        """Return the packages that a launch may ask for, by the current settings.

        Raises:
            SettingsError: `labhand.toml` can't be used, and no last good content is known.
        """
        return settings_in_force(self.root).settings.packages.allow

    def literature(self) -> Literature:
        """Return the services that know papers, by the current settings.

        Raises:
            SettingsError: `labhand.toml` can't be used, and no last good content is known.
        """
        return settings_in_force(self.root).settings.literature

    def allowance(self) -> Allowance:
        """Return the current allowance. The settings are read again, so that a change takes effect at once.

        Raises:
            SettingsError: `labhand.toml` can't be used, and no last good content is known.
        """
        return settings_in_force(self.root).settings.allowance

    def approval(self) -> Approval:
        """Return what the person wants to approve, by the current settings.

        Raises:
            SettingsError: `labhand.toml` can't be used, and no last good content is known.
        """
        return settings_in_force(self.root).settings.approval

    def settings_trouble(self) -> str:
        """Return why the last good settings hold instead of those of `labhand.toml`; empty if they don't."""
        try:
            return settings_in_force(self.root).trouble
        except SettingsError as error:
            return str(error)

    async def pools(self) -> list[Pool]:
        """Return the pools as last seen, in the order of the settings."""
        return await pools.pools(self.db, list(self.settings.pools))


def _refuse_missing(folder: Path) -> None:
    if not (folder / DATABASE).is_file():
        raise SettingsError(
            f"There is no lab in {folder} yet, and a read-only server makes none",
            "A person starts `labhand serve` there once without --read-only and without read_only = true, or corrects --root",
        )


async def _refuse_other_trainer(db: Database, trainer: Trainer, folder: Path) -> None:
    made_for = await facts.fact(db, baseline_source.TRAINER)
    if made_for != trainer.name:
        raise SettingsError(
            f"The lab in {folder} was made for the trainer {made_for!r}, and labhand.toml now names {trainer.name!r}",
            f'Set trainer back to {made_for!r}, or use another data folder: data_dir = "{trainer.name}-lab"',
        )


async def _refuse_other_pool_kind(db: Database, settings: Settings, folder: Path) -> None:
    was_rehearsal = await facts.fact(db, baseline_source.REHEARSAL) == str(True)
    if was_rehearsal != settings.is_rehearsal:
        kinds = ("real", "simulated")
        raise SettingsError(
            f"The lab in {folder} was made for {kinds[was_rehearsal]} pools, and labhand.toml now names "
            f"{kinds[settings.is_rehearsal]} ones, whose results must not be mixed in one lab",
            'Run the rehearsal in a folder of its own, or use another data folder: data_dir = "rehearsal"',
        )


async def _has_cluster_work(db: Database, settings: Settings) -> bool:
    """Return whether a cluster may be up, or the price of one is still to be asked."""
    has_unpriced = any(not pool.as_of for pool in await pools.pools(db, list(settings.pools)))
    return has_unpriced or bool(await clusters.held_clusters(db, time.time(), ended=False))


async def _save_changed_pools(db: Database, settings: Mapping[str, PoolSettings]) -> None:
    """Save the pools of the settings if they have changed. The dispatcher's notes on unchanged pools are kept."""
    saved = {pool.name: pool for pool in await pools.pools(db, list(settings))}
    wanted = await to_thread.run_sync(_pools, settings, saved)
    if [_shape(pool) for pool in wanted] != [_shape(pool) for pool in saved.values()]:
        async with db.transaction() as tx:
            await pools.save(tx, wanted)


def _shape(pool: Pool) -> Pool:
    """What the settings say of a pool: without what the dispatcher noted, and without the slots that other labs hold now."""
    return replace(pool, note="", as_of=0.0, taken=0)


def _pools(settings: Mapping[str, PoolSettings], saved: Mapping[str, Pool]) -> list[Pool]:
    return [_pool(name, pool, saved.get(name)) for name, pool in settings.items()]


def _pool(name: str, pool: PoolSettings, saved: Pool | None) -> Pool:
    """Return a pool as the settings declare it, before its backend is asked."""
    if pool.declared_gpu is None:
        here = devices(pool.local_gpu)
        groups = len(here.indices) // pool.gpus_per_slot
        gpu, clock, slots = here.kind, here.clock, min(pool.max_slots or groups, groups)
        note = here.problem
    else:
        gpu, clock, slots, note = pool.declared_gpu, "wall", pool.max_slots or 0, ""
    gpus, gpu = pool.gpus_per_slot, grouped_kind(gpu, pool.gpus_per_slot)
    if pool.clusters is None:
        return Pool(name, pool.backend, gpu, clock, slots, pool.usd_per_hour or 0.0, note, time.time(), gpus_per_slot=gpus)
    # Only the backend may know the price: the one that the dispatcher last wrote down holds until it asks again.
    last_asked = saved if saved is not None and (saved.backend, saved.gpu) == (pool.backend, gpu) else None
    price = pool.usd_per_hour if pool.usd_per_hour is not None else last_asked.usd_per_slot_hour if last_asked else 0.0
    as_of = last_asked.as_of if last_asked else 0.0
    most = pool.clusters.max_clusters
    return Pool(name, pool.backend, gpu, clock, slots, price, as_of=as_of, most_clusters=most, gpus_per_slot=gpus)
